// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "runtime/base/file.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

// Entries that come, go, or were written. Not IN_MODIFY: a busy file beside ours would wake us for
// every write.
constexpr uint32_t kFolderEvents = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                   IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr uint32_t kFileEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;
constexpr int kMostLinks = 40;
// A writer that holds a file open for longer between two changes is not waited for.
constexpr std::chrono::seconds kWriterPatience{5};

Status limit_error(const std::string& what, int error) {
  const char* cure = error == EMFILE ? "raise fs.inotify.max_user_instances or `ulimit -n`"
                                     : "raise fs.inotify.max_user_watches";
  return unavailable("files cannot be watched: " + what + ": " + errno_text(error) + "; " + cure +
                     ", or set reload: manual and use POST /admin/reload or SIGHUP");
}

}  // namespace

Result<FileWatch> FileWatch::create() {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) return limit_error("inotify", errno);
  return FileWatch(std::move(fd));
}

// Adds the folder that holds `path`, and the folder of every link on the way, since changing the
// link changes the file.
void FileWatch::follow(const fs::path& path, Places& places) {
  fs::path rest = path.lexically_normal();
  fs::path at = "/";
  rest = rest.relative_path();
  for (int links = 0; !rest.empty() && links <= kMostLinks;) {
    const fs::path part = *rest.begin();
    const fs::path next = at / part;
    fs::path remaining;
    for (auto i = std::next(rest.begin()); i != rest.end(); ++i) remaining /= *i;
    std::error_code error;
    const fs::file_status status = fs::symlink_status(next, error);
    const bool link = !error && fs::is_symlink(status);
    const bool missing = error || !fs::exists(status);
    if (link || missing || remaining.empty()) {
      Place& place = places[at.string()];
      place.path = at;
      place.folder = true;
      place.names.insert(part.string());
    }
    if (missing) return;  // watched for coming
    if (link) {
      const fs::path target = fs::read_symlink(next, error);
      if (error) return;
      ++links;
      // ".." is resolved by the walk, not by text: what is before it may be a link too.
      const fs::path whole = target.is_absolute() ? target / remaining : at / target / remaining;
      rest = whole.relative_path();
      at = "/";
      continue;
    }
    at = part == ".." ? at.parent_path() : part == "." ? at : next;
    rest = std::move(remaining);
  }
}

void FileWatch::add_folder(const BundleFiles::Folder& folder, Places& places) {
  follow(folder.path, places);
  std::error_code error;
  const fs::path real = fs::canonical(folder.path, error);
  if (error) return;
  Place& place = places[real.string()];
  place.path = real;
  place.folder = true;
  place.suffixes.insert(folder.suffix);
  for (fs::directory_iterator at(real, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with(folder.suffix) && !name.starts_with('.')) add_file(at->path(), places);
  }
}

// The file's own watch tells of a writer in the middle of it.
void FileWatch::add_file(const fs::path& path, Places& places) {
  follow(path, places);
  std::error_code missing;
  const fs::path real = fs::canonical(path, missing);
  if (!missing) places[real.string()].path = real;
}

Status FileWatch::watch(const std::vector<BundleFiles>& wanted) {
  Places places;
  for (const BundleFiles& bundle : wanted) {
    for (const fs::path& file : bundle.files) add_file(file, places);
    for (const BundleFiles::Folder& folder : bundle.folders) add_folder(folder, places);
  }
  return apply(places);
}

Status FileWatch::apply(Places& places) {
  std::map<int, Place> now;
  Status worst;
  for (auto& [path, place] : places) {
    const uint32_t mask = place.folder ? kFolderEvents | IN_ONLYDIR : kFileEvents;
    const int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), mask);
    if (watch >= 0) {
      // Two paths may name one folder (a bind mount): the kernel has one watch for it.
      Place& kept = now[watch];
      kept.path = place.path;
      kept.folder = place.folder;
      kept.names.merge(place.names);
      kept.suffixes.merge(place.suffixes);
    } else if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
      worst = limit_error(path, errno);
    }
  }
  for (const auto& [watch, place] : places_) {
    if (now.find(watch) == now.end()) ::inotify_rm_watch(inotify_.get(), watch);
  }
  places_ = std::move(now);
  const auto at = std::chrono::steady_clock::now();
  std::erase_if(writers_, [&](const auto& w) { return at - w.second >= kWriterPatience; });
  return worst;
}

bool FileWatch::read_news() {
  alignas(inotify_event) char buffer[16 * 1024];
  bool news = false;
  for (;;) {
    const ssize_t n = ::read(inotify_.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return news;
    for (const char* at = buffer; at < buffer + n;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      const char* name = event.len != 0 ? at + sizeof event : "";
      news = take(event.wd, event.mask, name) || news;
      at += sizeof event + event.len;
    }
  }
}

bool FileWatch::take(int watch, uint32_t mask, const char* name) {
  if ((mask & IN_Q_OVERFLOW) != 0) return true;  // who knows what was lost
  const auto found = places_.find(watch);
  if (found == places_.end()) return false;
  const Place& place = found->second;
  if ((mask & IN_IGNORED) != 0) {
    places_.erase(found);
    return true;
  }
  if (!place.folder) {
    note_writer(place.path, mask);
    return true;
  }
  if (*name == '\0') return true;  // the folder itself went
  const std::string_view entry(name);
  const bool matters =
      place.names.contains(std::string(entry)) ||
      std::any_of(place.suffixes.begin(), place.suffixes.end(),
                  [&](const std::string& suffix) { return entry.ends_with(suffix); });
  if (matters) note_writer(place.path / name, mask);
  return matters;
}

void FileWatch::note_writer(const fs::path& file, uint32_t mask) {
  const auto now = std::chrono::steady_clock::now();
  if ((mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) != 0) {
    writers_.erase(file.string());
  } else if ((mask & IN_MODIFY) != 0) {
    writers_[file.string()] = now;
  } else if ((mask & IN_CREATE) != 0 && (mask & IN_ISDIR) == 0) {
    // A new file is closed by its writer; a new link (hard or symbolic) has none.
    struct stat info {};
    if (::lstat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1) {
      writers_[file.string()] = now;
    }
  }
}

bool FileWatch::being_written(Time now) const {
  return std::any_of(writers_.begin(), writers_.end(),
                     [&](const auto& writer) { return now - writer.second < kWriterPatience; });
}

}  // namespace sluice
