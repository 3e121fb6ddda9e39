// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/record/document.h"
#include "runtime/record/pointer.h"
#include "runtime/store/dead_letter_store.h"

namespace sluice::triage {

// A condition on a letter's original record: what lies at the pointer is one of the values. Values
// are compared with strings decoded, and with numbers, true, false and null as they are written.
struct Where {
  JsonPointer pointer;
  std::vector<std::string> values;
};

// "/event_id=a,b"; a comma in a value is written "\,". kInvalid: not of this form.
Result<Where> parse_where(std::string_view text);

// Which letters: those the filter chooses and all conditions hold for.
struct Selection {
  LetterFilter filter;
  std::vector<Where> where;

  // Chooses everything there is.
  [[nodiscard]] bool all() const;
};

// A moment: a duration before now ("30m"), or a time ("2026-11-26", "2026-11-26T14:02",
// "2026-11-26T14:02:10.5Z"; UTC without an offset). In microseconds since 1970.
Result<int64_t> parse_moment(std::string_view text, int64_t now_us);

// One JSON object and back; what is missing in it chooses all. kInvalid: it has a member that is
// not known, or of another type.
std::string selection_json(const Selection& selection);
Result<Selection> read_selection(const Document& document, NodeIndex object);

// Ids of the filter given by their beginnings become whole ones. kNotFound: a letter is not there.
Status complete_ids(DeadLetterStore& store, LetterFilter& filter);

// Holds conditions against records. Keeps its document between them. Not thread-safe.
class Matcher {
 public:
  explicit Matcher(const std::vector<Where>& where) : where_(where) {}
  // A record that cannot be parsed matches no condition.
  bool matches(const DeadLetter& letter);

 private:
  [[nodiscard]] bool holds(const Where& where);
  const std::vector<Where>& where_;
  Document document_;
  Arena arena_{4096};
};

// The chosen letters, in the order of their last failures, page by page; `visit` answers whether to
// go on. Letters that fail again meanwhile are not met twice.
Status each_selected(DeadLetterStore& store, const Selection& selection, int64_t now_us,
                     const std::function<bool(DeadLetter&)>& visit);

}  // namespace sluice::triage
