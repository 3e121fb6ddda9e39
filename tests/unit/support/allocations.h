// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sluice::testing {

// Calls of operator new since the program began, of all threads. A program that links this library
// has its operators new and delete replaced by ones that count; its CMake target says REPLACES_NEW.
uint64_t allocations();

}  // namespace sluice::testing
