// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/crash.h"

#include <execinfo.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>

#include "runtime/plugin_host/call_frame.h"

namespace sluice {

constinit thread_local CallFrame current_call_frame;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

constexpr size_t kStackBytes = size_t{64} * 1024;
std::atomic<bool> reporting{false};

// Only write(2) and memory on the stack: everything here runs inside a signal handler.
void put(const char* text) {
  size_t left = std::strlen(text);
  while (left > 0) {
    const ssize_t n = ::write(STDERR_FILENO, text, left);
    if (n <= 0) return;
    text += n;
    left -= static_cast<size_t>(n);
  }
}

const char* signal_text(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    case SIGABRT:
      return "SIGABRT";
    default:
      return "signal";
  }
}

void report(int signal) {
  const CallFrame& frame = current_call_frame;
  put("sluice: ");
  put(signal_text(signal));
  if (frame.call != nullptr) {
    put(": crash inside plugin ");
    put(frame.plugin);
    put(" instance ");
    put(frame.instance);
    put(" call ");
    put(frame.call);
    put("\nThe fault lies in that plugin or in what it was given; report it to its author with "
        "the lines below.\n");
  } else {
    put(": crash of the runtime, outside any plugin call\n");
  }
  std::array<void*, 64> frames{};
  ::backtrace_symbols_fd(frames.data(), ::backtrace(frames.data(), static_cast<int>(frames.size())),
                         STDERR_FILENO);
}

void handle(int signal) {
  // The default action first, so that a crash in here ends the process at once.
  ::signal(signal, SIG_DFL);
  if (!reporting.exchange(true)) report(signal);
  ::raise(signal);
}

}  // namespace

void use_crash_stack() {
  // Lives as long as the thread may run: it is not given back, threads of the runtime are few.
  void* memory = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kStackBytes;
  if (::sigaltstack(&stack, nullptr) != 0) ::munmap(memory, kStackBytes);
}

void install_crash_handler() {
  // The first call loads libgcc, which allocates: not inside a handler.
  std::array<void*, 1> warm_up{};
  ::backtrace(warm_up.data(), 1);
  if (!kSanitized) use_crash_stack();
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  ::sigemptyset(&action.sa_mask);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    if (kSanitized && signal != SIGABRT) continue;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace sluice
