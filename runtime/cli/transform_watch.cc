// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/transform_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "runtime/base/file.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE;
// An editor saves in several steps: a copy, a rename, a change of mode.
constexpr int kSettleMs = 50;

Status watch_error(const std::string& what, int error) {
  return unavailable("--watch: " + what + ": " + errno_text(error) +
                     (error == EMFILE   ? "; raise fs.inotify.max_user_instances"
                      : error == ENOSPC ? "; raise fs.inotify.max_user_watches"
                                        : ""));
}

bool matters(std::string_view name) {
  return !name.starts_with('.') && (name.ends_with(".lua") || name.ends_with(".json") ||
                                    name.ends_with(".jsonl") || name.ends_with(".csv"));
}

}  // namespace

Result<SaveWatch> SaveWatch::create() {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) return watch_error("inotify", errno);
  return SaveWatch(std::move(fd));
}

Status SaveWatch::add(const fs::path& folder) {
  if (::inotify_add_watch(fd_.get(), folder.c_str(), kEvents | IN_ONLYDIR) >= 0 ||
      errno == ENOENT || errno == ENOTDIR) {
    return Status::ok();
  }
  return watch_error(folder.string(), errno);
}

Status SaveWatch::watch(const std::set<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    SLUICE_RETURN_IF_ERROR(add(folder));
    std::error_code error;
    fs::recursive_directory_iterator at(folder, error);
    for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
      std::error_code unknown;
      if (!at->is_directory(unknown)) continue;
      if (at->path().filename().string().starts_with('.')) {
        at.disable_recursion_pending();
      } else {
        SLUICE_RETURN_IF_ERROR(add(at->path()));
      }
    }
  }
  return Status::ok();
}

Result<bool> SaveWatch::read_events() {
  alignas(inotify_event) char buffer[16 * 1024];
  bool news = false;
  for (;;) {
    const ssize_t n = ::read(fd_.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return news;
    for (const char* at = buffer; at < buffer + n;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      const char* const name = event.len != 0 ? at + sizeof event : "";
      // A new folder has to be watched too, which the next run does.
      news = news || matters(name) || (event.mask & (IN_Q_OVERFLOW | IN_ISDIR)) != 0;
      at += sizeof event + event.len;
    }
  }
}

Status SaveWatch::wait() {
  bool news = false;
  for (;;) {
    pollfd ready{fd_.get(), POLLIN, 0};
    const int n = ::poll(&ready, 1, news ? kSettleMs : -1);
    if (n < 0 && errno != EINTR) return watch_error("poll", errno);
    if (n == 0) return Status::ok();
    if (n < 0) continue;
    SLUICE_ASSIGN_OR_RETURN(const bool more, read_events());
    news = news || more;
  }
}

}  // namespace sluice::cli
