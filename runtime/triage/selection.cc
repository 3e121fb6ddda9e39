// SPDX-License-Identifier: Apache-2.0
#include "runtime/triage/selection.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace sluice::triage {
namespace {

constexpr ParseLimits kAnyRecord{1ULL << 30, 1024};
// In front of a record in the Confluent wire format: a zero byte and the id of its schema.
constexpr size_t kConfluentBytes = 5;

std::vector<std::string> split_values(std::string_view text) {
  std::vector<std::string> out(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '\\')) {
      out.back() += text[++i];
    } else if (text[i] == ',') {
      out.emplace_back();
    } else {
      out.back() += text[i];
    }
  }
  return out;
}

}  // namespace

Result<Where> parse_where(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return invalid("'" + shorten(text, 100) +
                   "': expected a JSON Pointer, '=' and values, such as /event_id=a,b");
  }
  auto pointer = JsonPointer::parse(text.substr(0, equals));
  if (!pointer) {
    return std::move(pointer).status().with_context("'" + shorten(text, 100) + "'");
  }
  return Where{std::move(pointer).value(), split_values(text.substr(equals + 1))};
}

bool Selection::all() const {
  const LetterFilter& f = filter;
  return where.empty() && f.ids.empty() && f.keys.empty() && f.tenant.empty() &&
         f.pipeline.empty() && f.reason.empty() && f.source.empty() && f.stage.empty() &&
         f.sink.empty() && f.group.empty() && f.since_us == 0 && f.until_us == 0;
}

Status complete_ids(DeadLetterStore& store, LetterFilter& filter) {
  for (std::string& id : filter.ids) {
    SLUICE_ASSIGN_OR_RETURN(const auto letter, store.find(id));
    if (!letter) {
      return not_found("there is no dead letter " + shorten(id, 80) +
                       "; `sluice dlq sample` shows the newest ones");
    }
    id = letter->id;
  }
  return Status::ok();
}

bool Matcher::matches(const DeadLetter& letter) {
  if (where_.empty()) return true;
  std::string_view text = letter.raw;
  if (text.size() > kConfluentBytes && text.front() == '\0') text.remove_prefix(kConfluentBytes);
  if (!document_.parse(text, kAnyRecord)) return false;
  return std::all_of(where_.begin(), where_.end(),
                     [this](const Where& where) { return holds(where); });
}

bool Matcher::holds(const Where& where) {
  const NodeIndex at = where.pointer.find(document_);
  if (at == kNoNode) return false;
  arena_.reset();
  const bool string = document_.kind(at) == JsonKind::kString;
  const std::string_view found = string ? document_.string(at, arena_) : document_.json(at);
  return std::find(where.values.begin(), where.values.end(), found) != where.values.end();
}

Status each_selected(DeadLetterStore& store, const Selection& selection, int64_t now_us,
                     const std::function<bool(DeadLetter&)>& visit) {
  LetterFilter filter = selection.filter;
  // What fails again from now on moves behind the end of this walk.
  if (filter.until_us == 0 || filter.until_us > now_us) filter.until_us = now_us + 1;
  Matcher matcher(selection.where);
  LetterCursor at;
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(LetterPage page, store.page(filter, at));
    for (DeadLetter& letter : page.letters) {
      if (matcher.matches(letter) && !visit(letter)) return Status::ok();
    }
    if (!page.next) return Status::ok();
    at = *page.next;
  }
}

}  // namespace sluice::triage
