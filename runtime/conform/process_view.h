// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

// What the kernel says of this process.
namespace sluice::conform {

size_t thread_count();
// A joined thread stays listed for a moment: looks until there are no more than `expected`, at most
// a second.
size_t settled_thread_count(size_t expected);
std::vector<int> open_descriptors();
// Time this thread spent waiting for a processor while it could have run.
std::chrono::nanoseconds time_in_run_queue();
// Asks the leak sanitizer, where it is linked in.
bool recoverable_leaks();

}  // namespace sluice::conform
