// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/child_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/base/unique_fd.h"
#include "runtime/conform/outcome.h"

namespace sluice::conform {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
constexpr size_t kMaxMessage = 16 * 1024;

// What the child writes before it ends, followed by the texts.
struct ReportHead {
  int32_t code = 0;
  uint32_t message = 0;  // bytes
  uint32_t payload = 0;  // bytes, after the message
};

std::string read_captured(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || info.st_size <= 0) return {};
  std::string text(std::min<size_t>(static_cast<size_t>(info.st_size), kMaxMessage), '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

class SharedPhase {
 public:
  SharedPhase() {
    void* map = ::mmap(nullptr, ChildEnv::kPhaseBytes, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    SLUICE_CHECK(map != MAP_FAILED, "no shared memory");
    text_ = static_cast<char*>(map);
  }
  SharedPhase(const SharedPhase&) = delete;
  SharedPhase& operator=(const SharedPhase&) = delete;
  ~SharedPhase() { ::munmap(text_, ChildEnv::kPhaseBytes); }
  [[nodiscard]] char* get() const { return text_; }
  [[nodiscard]] std::string text() const {
    const std::string_view all(text_, ChildEnv::kPhaseBytes);
    const auto shown = std::string(all.substr(0, all.find('\0')));
    return shown.empty() ? "before the first call" : "in " + shown;
  }

 private:
  char* text_;
};

void write_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // the parent is gone; there is nobody to tell
    data += n;
    size -= static_cast<size_t>(n);
  }
}

[[noreturn]] void child_main(const std::function<Status(ChildEnv&)>& body, char* phase,
                             int captured, int report) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGSYS, SIGTERM, SIGINT}) {
    ::signal(signal, SIG_DFL);
  }
  ::signal(SIGPIPE, SIG_IGN);
  // Out of the way of the adapter, which may get the lowest numbers, 0 among them.
  const int report_fd = ::fcntl(report, F_DUPFD_CLOEXEC, 300);
  const int captured_fd = ::fcntl(captured, F_DUPFD_CLOEXEC, 300);
  ::dup2(captured, STDOUT_FILENO);
  ::dup2(captured, STDERR_FILENO);
  ::close(report);
  ::close(captured);
  ::close(STDIN_FILENO);
  Status status = Status::ok();
  ChildEnv env(phase, captured_fd);
  try {
    status = body(env);
  } catch (const std::exception& error) {
    status = fail(std::string("an exception escaped from the adapter: ") + error.what());
  } catch (...) {
    status = fail("an exception of unknown type escaped from the adapter");
  }
  const std::string message = status.message().substr(0, kMaxMessage);
  const std::string payload = env.payload.substr(0, kMaxMessage);
  const ReportHead head{static_cast<int32_t>(status.code()), static_cast<uint32_t>(message.size()),
                        static_cast<uint32_t>(payload.size())};
  write_all(report_fd, reinterpret_cast<const char*>(&head), sizeof head);
  write_all(report_fd, message.data(), message.size());
  write_all(report_fd, payload.data(), payload.size());
  ::_exit(0);
}

// Reads until `text` holds a whole report, the pipe ends or the time is over.
enum class Wait { kReport, kEnded, kTimeout };
Wait wait_for_report(int fd, SteadyTime deadline, std::string& text) {
  for (;;) {
    if (text.size() >= sizeof(ReportHead)) {
      ReportHead head;
      std::memcpy(&head, text.data(), sizeof head);
      if (text.size() >= sizeof head + head.message + head.payload) return Wait::kReport;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Wait::kTimeout;
    pollfd wait{fd, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::min<int64_t>(left.count(), 60'000)));
    if (ready <= 0) continue;
    char buffer[4096];
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n == 0) return Wait::kEnded;
    if (n > 0) text.append(buffer, static_cast<size_t>(n));
  }
}

std::string last_words(int captured) {
  std::string text = read_captured(captured);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.empty()) return {};
  std::string escaped;
  append_escaped(escaped, shorten(text, 600));
  return "; it printed: " + escaped;
}

}  // namespace

void ChildEnv::phase(std::string_view what) {
  const size_t n = std::min(what.size(), kPhaseBytes - 1);
  std::memcpy(shared_, what.data(), n);
  shared_[n] = '\0';
}

std::string ChildEnv::printed() const {
  if (captured_fd_ < 0) return {};
  std::fflush(nullptr);
  return read_captured(captured_fd_);
}

Status run_in_child(const std::function<Status(ChildEnv&)>& body, std::chrono::milliseconds limit,
                    std::string* payload) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return unavailable("pipe: " + errno_text(errno));
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  UniqueFd captured(::memfd_create("conform-output", MFD_CLOEXEC));
  if (!captured) return unavailable("memfd_create: " + errno_text(errno));
  // Two writers share the file through separate descriptors.
  ::fcntl(captured.get(), F_SETFL, O_APPEND);
  const SharedPhase phase;

  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return unavailable("cannot start a child process: " + errno_text(errno));
  if (child == 0) {
    reader.reset();
    child_main(body, phase.get(), captured.release(), writer.release());
  }
  writer.reset();
  ::setpgid(child, child);  // also here: whoever comes first

  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const Wait how = wait_for_report(reader.get(), deadline, text);
  if (how == Wait::kTimeout) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::kill(-child, SIGKILL);  // what the adapter may have started and left
  if (how == Wait::kReport) {
    ReportHead head;
    std::memcpy(&head, text.data(), sizeof head);
    if (payload != nullptr) *payload = text.substr(sizeof head + head.message, head.payload);
    // The thread sanitizer goes on after a report; the process ends without its exit code.
    if (kSanitized && read_captured(captured.get()).find("ThreadSanitizer:") != std::string::npos) {
      return fail("the thread sanitizer found a race" + last_words(captured.get()));
    }
    if (head.code == 0) return Status::ok();
    return {static_cast<Code>(head.code), text.substr(sizeof head, head.message)};
  }
  const std::string place = phase.text();
  if (how == Wait::kTimeout) {
    return fail(fmt::format("not finished after {}: stuck {}{}", format_duration(limit), place,
                            last_words(captured.get())));
  }
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return fail(fmt::format("crashed with signal {} ({}) {}{}", signal, ::strsignal(signal), place,
                            last_words(captured.get())));
  }
  return fail(fmt::format("the process ended with exit code {} {}{}", WEXITSTATUS(status), place,
                          last_words(captured.get())));
}

Status run_in_process(const std::function<Status(ChildEnv&)>& body, std::string* payload) {
  const SharedPhase phase;
  ChildEnv env(phase.get(), -1);
  Status status = body(env);
  if (payload != nullptr) *payload = std::move(env.payload);
  return status;
}

}  // namespace sluice::conform
