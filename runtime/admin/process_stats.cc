// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/base/file.h"

namespace sluice {
namespace {

// Fields of /proc/self/stat after the name, counted from 0 ("state"): proc(5) less 3.
constexpr size_t kThreads = 17;
constexpr size_t kStartTime = 19;
constexpr size_t kVirtualSize = 20;
constexpr size_t kResidentPages = 21;
constexpr size_t kFields = 22;

std::array<uint64_t, kFields> read_stat() {
  std::array<uint64_t, kFields> values{};
  const auto content = read_file("/proc/self/stat", 64 * 1024);
  if (!content.is_ok()) return values;
  // The name in parentheses may hold blanks and parentheses itself.
  const size_t name_end = content->rfind(')');
  if (name_end == std::string::npos) return values;
  std::string_view rest = std::string_view(*content).substr(name_end + 1);
  for (uint64_t& value : values) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string_view field = rest.substr(0, rest.find(' '));
    std::from_chars(field.data(), field.data() + field.size(), value);
    rest.remove_prefix(field.size());
  }
  return values;
}

// Seconds since 1970 when the machine started.
double boot_time() {
  const auto content = read_file("/proc/stat", 4 << 20);
  if (!content.is_ok()) return 0;
  constexpr std::string_view kLine = "\nbtime ";
  const size_t at = content->find(kLine);
  if (at == std::string::npos) return 0;
  uint64_t seconds = 0;
  std::from_chars(content->data() + at + kLine.size(), content->data() + content->size(), seconds);
  return static_cast<double>(seconds);
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

uint64_t count_open_fds() {
  std::error_code error;
  uint64_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end;
       it.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // less the one that reads
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  const auto fields = read_stat();
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const double boot = boot_time();
  if (boot > 0 && ticks > 0) {
    stats.start_time_seconds = boot + static_cast<double>(fields[kStartTime]) / ticks;
  }
  stats.threads = fields[kThreads];
  stats.virtual_bytes = fields[kVirtualSize];
  stats.resident_bytes = fields[kResidentPages] * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    stats.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
  stats.open_fds = count_open_fds();
  return stats;
}

}  // namespace sluice
