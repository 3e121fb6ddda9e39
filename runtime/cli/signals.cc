// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "runtime/base/check.h"
#include "runtime/base/log.h"

namespace sluice::cli {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void block_signals() {
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

SignalWatcher::SignalWatcher(StopSource& drain) : drain_(drain) {
  const sigset_t set = watched_signals();
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
  SLUICE_CHECK(signals_.get() >= 0, "signalfd: no descriptors left; raise `ulimit -n`");
  reload_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  SLUICE_CHECK(reload_.get() >= 0, "eventfd: no descriptors left; raise `ulimit -n`");
  thread_ = std::thread(&SignalWatcher::run, this);
}

SignalWatcher::~SignalWatcher() {
  end_.request();
  thread_.join();
}

void SignalWatcher::run() {
  std::array<pollfd, 2> fds{{{signals_.get(), POLLIN, 0}, {end_.fd(), POLLIN, 0}}};
  for (;;) {
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
    if ((fds[1].revents & POLLIN) != 0) return;
    if ((fds[0].revents & POLLIN) == 0) continue;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != sizeof info) continue;
    if (info.ssi_signo == SIGHUP) {
      const uint64_t one = 1;
      // It fails only when requests wait by the billion.
      [[maybe_unused]] const ssize_t n = ::write(reload_.get(), &one, sizeof one);
      continue;
    }
    if (drain_.requested()) ::_exit(128 + static_cast<int>(info.ssi_signo));
    log::info("runtime.drain",
              "draining: sources stop, what is in flight is settled; a second "
              "signal ends at once");
    drain_.request();
  }
}

}  // namespace sluice::cli
