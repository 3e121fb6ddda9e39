// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/failing_sync.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace {

std::atomic<bool> g_failing{false};
std::atomic<int> g_calls{0};

int sync_or_fail(long number, int fd) {
  if (!g_failing) return static_cast<int>(::syscall(number, fd));
  ++g_calls;
  errno = EIO;
  return -1;
}

}  // namespace

extern "C" int fsync(int fd) { return sync_or_fail(SYS_fsync, fd); }
extern "C" int fdatasync(int fd) { return sync_or_fail(SYS_fdatasync, fd); }

namespace sluice {

FailingSync::FailingSync() {
  g_calls = 0;
  g_failing = true;
}
FailingSync::~FailingSync() { g_failing = false; }
int FailingSync::calls() { return g_calls; }

}  // namespace sluice
