// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/ticker.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "runtime/script/guard.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace sluice::script {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool kSignalsArrive = false;  // the sanitizer holds signals back while Lua computes
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr bool kSignalsArrive = false;
#else
constexpr bool kSignalsArrive = true;
#endif
#else
constexpr bool kSignalsArrive = true;
#endif

// Trivial, so that the handler never meets its construction.
struct Watched {
  std::atomic<Guard*> guard;
  std::atomic<bool> probed;  // a tick came; for works()
};
constinit thread_local Watched watched{};

int tick_signal() { return SIGRTMIN + 3; }

void on_tick(int /*signal*/) {
  watched.probed.store(true, std::memory_order_relaxed);
  if (Guard* const guard = watched.guard.load(std::memory_order_relaxed)) guard->tick();
}

bool install_handler() {
  struct sigaction old {};
  if (sigaction(tick_signal(), nullptr, &old) != 0) return false;
  if ((old.sa_flags & SA_SIGINFO) != 0 || old.sa_handler != SIG_DFL) return false;  // in use
  struct sigaction action {};
  action.sa_handler = on_tick;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  return sigaction(tick_signal(), &action, nullptr) == 0;
}

class ThreadTimer {
 public:
  ThreadTimer() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, tick_signal());
    if (pthread_sigmask(SIG_UNBLOCK, &set, nullptr) != 0) return;
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = tick_signal();
    event.sigev_notify_thread_id = static_cast<pid_t>(syscall(SYS_gettid));
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_) != 0) return;
    constexpr timespec kPeriod{0, Ticker::kPeriodMs * 1'000'000};
    const itimerspec every{kPeriod, kPeriod};
    runs_ = timer_settime(timer_, 0, &every, nullptr) == 0;
    if (!runs_) timer_delete(timer_);
  }
  ~ThreadTimer() {
    if (runs_) timer_delete(timer_);
  }
  ThreadTimer(const ThreadTimer&) = delete;
  ThreadTimer& operator=(const ThreadTimer&) = delete;

  [[nodiscard]] bool runs() const { return runs_; }

 private:
  timer_t timer_{};
  bool runs_ = false;
};

bool timer_runs() {
  static thread_local const ThreadTimer timer;
  return timer.runs();
}

// Computes until a tick comes, at most 100 ms of processor time.
bool probe() {
  if (!kSignalsArrive || !install_handler() || !timer_runs()) return false;
  const int64_t end_us = Ticker::thread_cpu_us() + 100'000;
  watched.probed.store(false, std::memory_order_relaxed);
  while (!watched.probed.load(std::memory_order_relaxed)) {
    if (Ticker::thread_cpu_us() > end_us) return false;
  }
  return true;
}

}  // namespace

int64_t Ticker::thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

bool Ticker::works() {
  static const bool answer = probe();
  return answer;
}

bool Ticker::watch(Guard* guard) {
  if (!timer_runs()) return false;
  watched.guard.store(guard, std::memory_order_relaxed);
  return true;
}

void Ticker::unwatch() { watched.guard.store(nullptr, std::memory_order_relaxed); }

}  // namespace sluice::script
