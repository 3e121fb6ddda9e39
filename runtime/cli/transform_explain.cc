// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/transform_explain.h"

#include "runtime/base/text.h"
#include "runtime/script/workshop/json_diff.h"

namespace sluice::cli {
namespace {

using workshop::Difference;

constexpr size_t kMostChanges = 200;
constexpr size_t kShownText = 200;
constexpr ParseLimits kResultLimits{16U << 20U, 1000};

// A record that was typed has no line.
std::string head(uint64_t line) {
  return line == 0 ? std::string() : "line " + std::to_string(line) + ": ";
}

std::string shown(std::string_view text) {
  std::string out;
  append_escaped(out, shorten(text, kShownText));
  return out;
}

void add_member(std::string& out, const char* name, std::string_view text) {
  out += ",\"" + std::string(name) + "\":";
  append_json_string(out, text);
}

const char* kind_name(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::kAdded:
      return "added";
    case Difference::Kind::kRemoved:
      return "removed";
    case Difference::Kind::kChanged:
      return "changed";
  }
  return "";
}

}  // namespace

struct Explainer::Part {
  uint64_t line;
  const ScriptPart& part;
  size_t number;
  size_t parts;
  workshop::Differences changes;

  [[nodiscard]] std::string json() const {
    std::string out = "{\"outcome\":\"record\",\"line\":" + std::to_string(line) +
                      ",\"part\":" + std::to_string(number);
    if (part.has_key) add_member(out, "key", part.key);
    if (!part.sink.empty()) add_member(out, "sink", part.sink);
    out += ",\"changes\":[";
    const char* separator = "";
    for (const Difference& one : changes.list) {
      out += std::string(separator) + "{\"kind\":\"" + kind_name(one.kind) + "\"";
      add_member(out, "pointer", one.pointer);
      if (!one.before.empty()) out += ",\"before\":" + std::string(one.before);
      if (!one.after.empty()) out += ",\"after\":" + std::string(one.after);
      out += '}';
      separator = ",";
    }
    return out + "]" + (changes.more ? ",\"more\":true}\n" : "}\n");
  }
};

std::string rejection_json(uint64_t line, const workshop::Rejection& rejection) {
  std::string out = "{\"line\":" + std::to_string(line);
  add_member(out, "code", rejection.code);
  add_member(out, "text", rejection.text);
  return out + "}\n";
}

std::string Explainer::paint(const char* colour, const std::string& text) const {
  return colour_ ? "\x1b[" + std::string(colour) + "m" + text + "\x1b[0m" : text;
}

std::string Explainer::rejected(uint64_t line, const workshop::Rejection& rejection) const {
  if (json_) {
    std::string out = rejection_json(line, rejection);
    out.insert(1, "\"outcome\":\"rejected\",");
    return out;
  }
  return head(line) + paint("31", "rejected " + shown(rejection.code)) +
         (rejection.text.empty() ? "" : ": " + shown(rejection.text)) + "\n";
}

std::string Explainer::filtered(uint64_t line, const std::string& why) const {
  if (json_) {
    std::string out = "{\"outcome\":\"filtered\",\"line\":" + std::to_string(line);
    if (!why.empty()) add_member(out, "why", why);
    return out + "}\n";
  }
  return head(line) + paint("33", "filtered") + (why.empty() ? "" : ": " + shown(why)) + "\n";
}

std::string Explainer::part(uint64_t line, const Document& before, const ScriptPart& part,
                            size_t number, size_t parts) {
  if (!after_.parse(part.value, kResultLimits)) return {};
  const Part whole{line, part, number, parts, workshop::diff_json(before, after_, kMostChanges)};
  return json_ ? whole.json() : part_text(whole);
}

std::string Explainer::part_text(const Part& whole) const {
  std::string out = head(whole.line);
  if (whole.parts > 1) {
    out += "record " + std::to_string(whole.number) + " of " + std::to_string(whole.parts) + ", ";
  }
  if (whole.part.has_key) out += "key " + shown(whole.part.key) + ", ";
  if (!whole.part.sink.empty()) out += "to sink " + shown(whole.part.sink) + ", ";
  const size_t count = whole.changes.list.size();
  out += count == 0 ? "unchanged"
                    : std::to_string(count) + (whole.changes.more ? " or more" : "") +
                          (count == 1 && !whole.changes.more ? " change" : " changes");
  out += "\n";
  for (const Difference& one : whole.changes.list) {
    const std::string where = one.pointer.empty() ? "(the whole record)" : shown(one.pointer);
    switch (one.kind) {
      case Difference::Kind::kAdded:
        out += paint("32", "  + " + where + "  " + shown(one.after)) + "\n";
        break;
      case Difference::Kind::kRemoved:
        out += paint("31", "  - " + where + "  " + shown(one.before)) + "\n";
        break;
      case Difference::Kind::kChanged:
        out += paint("33", "  ~ " + where + "  ") + shown(one.before) + " -> " + shown(one.after) +
               "\n";
        break;
    }
  }
  return out;
}

}  // namespace sluice::cli
