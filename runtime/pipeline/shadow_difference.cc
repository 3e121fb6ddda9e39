// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/shadow_difference.h"

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/script/workshop/json_diff.h"

namespace sluice {
namespace {

constexpr size_t kMostFields = 5;
constexpr size_t kMostShown = 80;
constexpr size_t kShortestSecret = 3;  // shorter ones are everywhere
constexpr std::string_view kHidden = "(hidden: sensitive)";
constexpr ParseLimits kAnyRecord{1ULL << 30, 1024};

void add_member(std::string& out, std::string_view name, std::string_view value) {
  out += out.back() == '{' ? "" : ",";
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

}  // namespace

DifferenceDescriber::DifferenceDescriber(const std::vector<std::string>& sensitive)
    : hidden_(sensitive) {
  for (const std::string& text : sensitive) {
    if (auto pointer = JsonPointer::parse(text)) pointers_.push_back(std::move(pointer).value());
  }
}

bool DifferenceDescriber::same(const ShadowResult& a, const ShadowResult& b) {
  return std::equal(
      a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(),
      [this](const Part& x, const Part& y) {
        if (x.key != y.key || x.sink != y.sink || x.flags != y.flags) return false;
        if (x.value == y.value) return true;
        return before_.parse(x.value, kAnyRecord) && after_.parse(y.value, kAnyRecord) &&
               workshop::same_value(before_, Document::root(), after_, Document::root());
      });
}

std::string DifferenceDescriber::json(const ShadowDifference& difference) {
  learn_secrets(difference.record);
  std::string out = "{";
  add_member(out, "kind", difference.kind);
  add_member(out, "source", difference.source);
  add_member(out, "lane", difference.lane);
  out += ",\"position\":" + std::to_string(difference.record.position);
  add_result(out, "before", difference.before);
  add_result(out, "after", difference.after);
  const auto& before = difference.before.parts;
  const auto& after = difference.after.parts;
  if (before.size() == 1 && after.size() == 1) add_fields(out, before[0].value, after[0].value);
  return out + "}";
}

// A record that cannot be parsed has no places; what a text of it gives away cannot be told.
void DifferenceDescriber::learn_secrets(const sluice_record& record) {
  secrets_.clear();
  if (pointers_.empty() || record.value.data == nullptr) return;
  const std::string_view text(record.value.data, static_cast<size_t>(record.value.size));
  if (!original_.parse(text, kAnyRecord)) return;
  Arena arena(4096);
  for (const JsonPointer& pointer : pointers_) {
    const NodeIndex at = pointer.find(original_);
    if (at == kNoNode) continue;
    const bool string = original_.kind(at) == JsonKind::kString;
    const std::string_view value = string ? original_.string(at, arena) : original_.json(at);
    if (value.size() >= kShortestSecret) secrets_.emplace_back(value);
  }
}

std::string DifferenceDescriber::shown(std::string_view pointer, std::string_view text) const {
  const bool secret =
      hidden_.hides(pointer) || std::any_of(secrets_.begin(), secrets_.end(), [&](const auto& one) {
        return text.find(one) != std::string_view::npos;
      });
  return secret ? std::string(kHidden) : shorten(text, kMostShown);
}

void DifferenceDescriber::add_fields(std::string& out, std::string_view before,
                                     std::string_view after) {
  if (!before_.parse(before, kAnyRecord) || !after_.parse(after, kAnyRecord)) return;
  const workshop::Differences all = workshop::diff_json(before_, after_, kMostFields);
  out += ",\"fields\":[";
  for (size_t i = 0; i < all.list.size(); ++i) {
    const workshop::Difference& one = all.list[i];
    out += i == 0 ? "{" : ",{";
    add_member(out, "pointer", one.pointer);
    if (!one.before.empty()) add_member(out, "before", shown(one.pointer, one.before));
    if (!one.after.empty()) add_member(out, "after", shown(one.pointer, one.after));
    out += "}";
  }
  out += "]";
}

void DifferenceDescriber::add_result(std::string& out, std::string_view name,
                                     const ShadowResult& result) const {
  if (result.letter != nullptr) {
    // Of a record with secrets in other spellings (escaped, cut) a text may hold anything.
    const std::string detail = secrets_.empty() ? shorten(result.letter->detail, 2 * kMostShown)
                                                : shown("/", result.letter->detail);
    add_member(out, name, result.letter->reason + ": " + detail);
  } else if (result.parts.empty()) {
    add_member(out, name, "filtered");
  } else {
    add_member(
        out, name,
        result.parts.size() == 1 ? "passed" : "passed as " + std::to_string(result.parts.size()));
  }
}

}  // namespace sluice
