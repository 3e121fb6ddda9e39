// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/base/status.h"
#include "runtime/triage/selection.h"

namespace sluice::triage {

// Removes the chosen letters for good; answers how many. In steps: on an error those before it are
// gone. Letters that fail again while it goes on stay.
Result<uint64_t> purge(DeadLetterStore& store, const Selection& selection, int64_t now_us);
// How many it would be.
Result<uint64_t> count_selected(DeadLetterStore& store, const Selection& selection, int64_t now_us);

}  // namespace sluice::triage
