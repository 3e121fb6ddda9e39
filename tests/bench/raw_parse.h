// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/bench/workload.h"

namespace sluice::bench {

// The yardstick: seconds RapidJSON needs to parse every record in place into its DOM, its memory
// given once.
double raw_parse(const Workload& load);

}  // namespace sluice::bench
