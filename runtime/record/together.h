// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace sluice {

// So many records go through a stage of the record path before the next stage begins: enough that
// the code and the guesses of a stage pay off, few enough that their tapes stay in the cache.
// Benchmarks of the path do the same.
inline constexpr size_t kRecordsTogether = 32;

}  // namespace sluice
