// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/file/file_source.h"

#include <algorithm>
#include <utility>

namespace sluice::file {
namespace {

constexpr std::size_t kMostCursor = std::size_t{1} << 20;  // the host's limit

sluice_rc lag_of(sluice_source* source, void (*each)(void*, const sluice_lane_lag*), void* ctx) {
  return guard(nullptr, SLUICE_E_FATAL, [&] {
    self<FileSource>(source).lag().each(each, ctx);
    return SLUICE_OK;
  });
}

constexpr sluice_source_lag kLagTable{sizeof(sluice_source_lag), 0, &lag_of};

std::pair<std::uint64_t, std::uint64_t> key(FileId id) { return {id.device, id.inode}; }

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) (text += text.empty() ? "" : "; ") += line;
  return text;
}

}  // namespace

FileSource::FileSource(Context context, const Config& config)
    : context_(context), options_(config), stop_(context) {}

const void* FileSource::extension(std::string_view id) {
  return id == SLUICE_EXT_SOURCE_LAG ? &kLagTable : nullptr;
}

void FileSource::open() {
  stop_.open();
  load_cursor();
  ScanResult found = scan(options_.paths);
  if (!found.problems.empty()) throw BadConfig(join(found.problems));
  if (!options_.follow && !found.missing.empty()) {
    throw BadConfig(found.missing.front() +
                    ": no such file; correct /paths, or set follow: true to wait for it");
  }
  for (const std::string& text : found.warnings) tell_once(SLUICE_LOG_WARN, text);
  for (const std::string& pattern : found.unmatched) {
    context_.warn(pattern + ": matches no file" + (options_.follow ? " yet" : ""));
  }
  for (const FoundFile& file : found.files) present_.insert(key(file.id));
  queue_.assign(found.files.begin(), found.files.end());
  check_readable();
  if (!queue_.empty()) forget_vanished();
  if (options_.follow) find_rotated();
  close_gone_lanes();
  next_rescan_ = Clock::now() + options_.rescan;
}

void FileSource::load_cursor() {
  const auto blob = context_.lanes().cursor();
  if (!blob || catalog_.load(*blob)) return;
  context_.warn(
      "the stored file identities cannot be read; files are recognised by path and first bytes");
}

void FileSource::check_readable() {
  for (const FoundFile& file : queue_) {
    FileId id;
    std::uint64_t size = 0;
    int error_number = 0;
    std::string problem;
    if (open_regular(file.path, &id, &size, &error_number, &problem)) continue;
    if (passing(error_number)) throw Transient(problem);
    if (error_number != ENOENT) throw BadConfig(problem);  // vanished since: then it is not there
  }
}

// Files deleted since the last run: their lanes are closed, so the checkpoint does not grow.
void FileSource::forget_vanished() {
  for (KnownFile& known : catalog_.files()) {
    FileId id;
    if (present_.contains(key(known.id)) || identify(known.path, &id)) continue;
    if (options_.follow && !find_renamed(known.path, known.id).empty()) continue;
    retire(known);
  }
}

// With follow, a file renamed while nobody looked is read to its end under its new name.
void FileSource::find_rotated() {
  for (const KnownFile& known : catalog_.files()) {
    if (known.gone || present_.contains(key(known.id))) continue;
    FileId id;
    if (identify(known.path, &id) && id == known.id) continue;  // not among the paths any more
    std::string name = find_renamed(known.path, known.id);
    if (name.empty()) continue;
    present_.insert(key(known.id));
    // Before the new file of the old name, so that its lane is recognised first.
    queue_.push_front({std::move(name), known.id});
  }
}

Poll FileSource::poll(const PollLimits& limits, BatchBuilder& out) {
  if (stop_.stopped()) return Poll::kCancelled;
  if (deferred_) std::rethrow_exception(std::exchange(deferred_, nullptr));
  if (limits.max_records == 0) return Poll::kIdle;
  try {
    close_gone_lanes();
    const Poll result = poll_until(Clock::now() + limits.timeout, out);
    save_cursor();
    if (result == Poll::kEnd && !problems_.empty()) throw BadConfig(join(problems_));
    return result;
  } catch (...) {
    // The records already taken must reach the host; the failure is told by the next poll.
    if (out.empty()) throw;
    deferred_ = std::current_exception();
    return Poll::kRecords;
  }
}

Poll FileSource::poll_until(Clock::time_point deadline, BatchBuilder& out) {
  for (;;) {
    const Sweep sweep =
        options_.follow ? sweep_followed(out, deadline) : sweep_queue(out, deadline);
    if (!out.empty()) return Poll::kRecords;
    if (stop_.stopped()) return Poll::kCancelled;
    if (sweep == Sweep::kFinished) return Poll::kEnd;
    const auto now = Clock::now();
    if (now >= deadline) return Poll::kIdle;
    if (sweep == Sweep::kProgress) continue;
    save_cursor();  // what was learned at the end of the files; the wait may be long
    if (stop_.wait(std::min<std::chrono::nanoseconds>(options_.interval, deadline - now))) {
      return Poll::kCancelled;
    }
  }
}

void FileSource::close() {
  readers_.clear();
  queue_.clear();
}

void FileSource::retire(KnownFile& known) {
  catalog_.retire(known);
  catalog_changed_ = true;
}

// One poll after a lane's last records were handed over, so that the host has them before it hears
// that no more will come.
void FileSource::close_gone_lanes() {
  std::vector<KnownFile*> gone;
  for (KnownFile& known : catalog_.files()) {
    if (known.gone) gone.push_back(&known);
  }
  for (KnownFile* known : gone) {
    const Lanes lanes = context_.lanes();
    const Lane lane = lanes.open(known->lane);
    lanes.done(lane.id);
    lag_.close(lane.id);
    catalog_.forget(*known);
    catalog_changed_ = true;
  }
}

void FileSource::save_cursor() {
  for (Reader& reader : readers_) {
    if (reader.lane.print_changed()) prints_changed_ = true;
  }
  // How far a followed file has grown is only a second opinion on what it is: not worth storing
  // with every line.
  const auto now = Clock::now();
  const bool due = !options_.follow || now - saved_ >= std::chrono::seconds(1);
  if (!catalog_changed_ && !(prints_changed_ && due)) return;
  saved_ = now;
  prints_changed_ = false;
  bool all = true;
  context_.lanes().set_cursor(catalog_.store(kMostCursor, &all));
  catalog_changed_ = false;
  if (all || std::exchange(overflow_told_, true)) return;
  context_.warn(
      "more files than their identities can be stored for (about 10,000): some that are renamed "
      "or rewritten between runs may be read again; move finished files out of the paths");
}

void FileSource::give_up(const std::string& problem) {
  tell_once(SLUICE_LOG_ERROR, problem);
  if (!options_.follow) problems_.push_back(problem);
}

void FileSource::tell_once(std::int32_t level, const std::string& text) {
  constexpr std::size_t kMostTold = 1000;
  if (told_.size() >= kMostTold) told_.clear();
  if (told_.insert(text).second) context_.log(level, text);
}

}  // namespace sluice::file
