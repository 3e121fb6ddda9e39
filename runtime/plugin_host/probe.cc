// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sluice/plugin.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/plugin_host/file_check.h"
#include "runtime/plugin_host/library.h"
#include "runtime/plugin_host/probe_message.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using Deadline = std::chrono::steady_clock::time_point;

constexpr size_t kMaxAnswer = size_t{4} << 20;

Result<ProbeReport> load_and_report(CheckedFile file) {
  auto library = PluginLibrary::load(std::move(file));
  if (!library) return std::move(library).status();
  const sluice_plugin_entry& entry = (*library)->entry();
  ProbeReport report{entry.name, entry.version, entry.license, entry.build, {}, {}, {}};
  report.abi = std::to_string(entry.abi_major) + "." + std::to_string(entry.abi_minor);
  report.sha256 = (*library)->sha256();
  for (uint32_t i = 0; i < entry.component_count; ++i) {
    const sluice_component& component = *entry.components[i];
    report.components.push_back({component.kind, component.id, component.summary});
  }
  return report;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // the parent is gone
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

// A process that may do anything: no terminal, no core file, dies with its parent, own group so
// that its children die with it.
[[noreturn]] void run_child(int answer, CheckedFile file) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM, SIGINT}) {
    ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, fd);
  const std::string text = encode_probe(load_and_report(std::move(file)));
  const auto size = static_cast<uint32_t>(std::min(text.size(), kMaxAnswer));
  std::array<char, sizeof(size)> head{};
  std::memcpy(head.data(), &size, sizeof(size));
  send_all(answer, {head.data(), head.size()});
  send_all(answer, std::string_view(text).substr(0, size));
  ::_exit(0);
}

enum class Reading { kComplete, kEnded, kLate };

// Until the whole answer is there, or the child's end of the pipe is closed, or time is up.
Reading read_answer(int fd, Deadline deadline, std::string& answer) {
  std::string bytes;
  std::array<char, 4096> part{};
  for (;;) {
    uint32_t size = 0;
    if (bytes.size() >= sizeof(size)) {
      std::memcpy(&size, bytes.data(), sizeof(size));
      if (size > kMaxAnswer) return Reading::kEnded;
      if (bytes.size() >= sizeof(size) + size) {
        answer = bytes.substr(sizeof(size), size);
        return Reading::kComplete;
      }
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Reading::kLate;
    pollfd waiting{fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return Reading::kEnded;
    if (ready <= 0) continue;
    const ssize_t n = ::read(fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Reading::kEnded;
    bytes.append(part.data(), static_cast<size_t>(n));
  }
}

int reap(pid_t child) {
  ::kill(-child, SIGKILL);
  ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

Status no_answer(const std::string& path, int status) {
  if (WIFSIGNALED(status)) {
    return invalid(path + ": crashed with signal " + std::to_string(WTERMSIG(status)) + " (" +
                   ::strsignal(WTERMSIG(status)) +
                   ") while it was loaded; its constructors must do nothing that can fail");
  }
  return invalid(path + ": ended its process with exit code " +
                 std::to_string(WEXITSTATUS(status)) +
                 " while it was loaded; its constructors must not exit");
}

}  // namespace

Result<ProbeReport> probe_plugin(const fs::path& path, const fs::path& dir,
                                 const ProbeOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(CheckedFile file, check_plugin_file(path, dir));
  const std::string name = file.path.string();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return unavailable(name + ": cannot be probed: pipe: " + errno_text(errno));
  }
  UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const Deadline deadline = std::chrono::steady_clock::now() + options.limit;
  const pid_t child = PluginLibrary::fork_for_probe();
  if (child < 0) return unavailable(name + ": cannot be probed: fork: " + errno_text(errno));
  if (child == 0) run_child(writing.get(), std::move(file));
  writing.reset();

  std::string answer;
  const Reading outcome = read_answer(reading.get(), deadline, answer);
  if (outcome == Reading::kEnded) {
    // It closed its end, so it is ending by itself: its own status is the reason.
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return no_answer(name, status);
  }
  reap(child);
  if (outcome == Reading::kLate) {
    return invalid(name + ": was not loaded within " + format_duration(options.limit) +
                   ", its process was ended; its constructors must do no work and wait for "
                   "nothing");
  }
  return decode_probe(answer);
}

Result<std::vector<fs::path>> plugin_files(const fs::path& dir) {
  std::error_code error;
  fs::directory_iterator entries(dir, error);
  if (error) {
    const std::string text =
        dir.string() + ": the plugin folder cannot be read: " + error.message();
    return error == std::errc::no_such_file_or_directory
               ? not_found(text + "; create it or correct runtime.plugin_dirs")
               : unavailable(text + "; make it a folder this process can read");
  }
  std::vector<fs::path> files;
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->path().extension() == ".so") files.push_back(entries->path());
    if (error) break;
  }
  if (error) return unavailable(dir.string() + ": cannot be read to its end: " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::vector<ListedPlugin>> list_plugins(const std::vector<fs::path>& dirs,
                                               const ProbeOptions& options) {
  std::vector<ListedPlugin> out;
  for (const fs::path& dir : dirs) {
    auto files = plugin_files(dir);
    if (!files && files.status().code() == Code::kNotFound) continue;
    if (!files) return std::move(files).status();
    for (const fs::path& file : *files) {
      out.push_back({file, probe_plugin(file, dir, options)});
    }
  }
  return out;
}

}  // namespace sluice
