// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/process_view.h"

#include <dirent.h>
#include <poll.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string_view>

extern "C" {
// Defined by the leak sanitizer's runtime only.
[[gnu::weak]] int __lsan_do_recoverable_leak_check();  // NOLINT: the runtime's own name
}

namespace sluice::conform {

namespace {

constexpr const char* kDescriptors = "/proc/self/fd";

std::vector<int> numbers_in(const char* folder) {
  std::vector<int> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder), ::closedir);
  if (!dir) return found;
  // The descriptor of this very listing is not of interest.
  const int own = std::string_view(folder) == kDescriptors ? ::dirfd(dir.get()) : -1;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    const int number = std::atoi(entry->d_name);
    if (number != own) found.push_back(number);
  }
  return found;
}

}  // namespace

size_t thread_count() { return numbers_in("/proc/self/task").size(); }

size_t settled_thread_count(size_t expected) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  size_t count = thread_count();
  while (count > expected && std::chrono::steady_clock::now() < deadline) {
    ::poll(nullptr, 0, 2);  // the kernel offers nothing to wait on here
    count = thread_count();
  }
  return count;
}

std::vector<int> open_descriptors() { return numbers_in(kDescriptors); }

std::chrono::nanoseconds time_in_run_queue() {
  std::ifstream file("/proc/thread-self/schedstat");
  long long running = 0;
  long long waiting = 0;
  file >> running >> waiting;
  return std::chrono::nanoseconds(file ? waiting : 0);
}

bool recoverable_leaks() {
  if (__lsan_do_recoverable_leak_check == nullptr) return false;
  return __lsan_do_recoverable_leak_check() != 0;
}

}  // namespace sluice::conform
