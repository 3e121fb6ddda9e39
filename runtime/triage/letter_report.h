// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "runtime/store/dead_letter_store.h"
#include "runtime/triage/analysis.h"

namespace sluice::triage {

// One JSON object on one line: {total, reasons, sources, paths, versions, hours}; each a map to a
// number of letters, hours by the time they begin.
std::string summary_json(const LetterSummary& summary);
// One JSON object on one line: {at, letters, groups: [...], other_groups, other_letters}.
std::string analysis_json(const Analysis& analysis);

// A line for the audit log: who did what to dead letters. `members` is JSON without braces, or
// empty.
std::string audit_line(int64_t at_us, std::string_view action, std::string_view who,
                       std::string_view members);

}  // namespace sluice::triage
