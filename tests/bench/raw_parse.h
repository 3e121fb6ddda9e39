// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

struct Workload {
  std::string text;
  std::vector<std::string_view> records;  // into text
};

// Processor time, not time on the wall: other processes are not to count.
inline double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The yardstick: seconds RapidJSON needs to parse every record in place into its DOM, its memory
// given once.
double raw_parse(const Workload& load);

}  // namespace sluice::bench
