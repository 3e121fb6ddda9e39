// SPDX-License-Identifier: Apache-2.0
//
// Following files as they grow, are renamed, truncated and deleted.
#include <cerrno>
#include <unordered_map>
#include <utility>

#include "plugins/sources/file/file_source.h"

namespace sluice::file {

FileSource::Sweep FileSource::sweep_followed(BatchBuilder& out, Clock::time_point deadline) {
  if (Clock::now() >= next_rescan_) rescan();
  while (open_next()) {
  }
  bool progress = false;
  std::size_t left = readers_.size();
  for (auto it = readers_.begin(); left > 0 && !out.full(); --left) {
    const auto reader = it++;
    progress = follow_one(*reader, out, deadline) || progress;
    if (!finish_rotated(*reader, out)) readers_.erase(reader);
    if (stop_.stopped()) break;
  }
  // Whoever was served first is served last next time, so that one busy file starves no other.
  if (readers_.size() > 1 && progress) {
    readers_.splice(readers_.end(), readers_, readers_.begin());
  }
  return progress ? Sweep::kProgress : Sweep::kWaiting;
}

// Reads what a file has now. True: there may be more at once.
bool FileSource::follow_one(Reader& reader, BatchBuilder& out, Clock::time_point deadline) {
  FileLane& lane = reader.lane;
  if (reader.dead || !start(lane, reader.away)) return false;
  const std::uint64_t before = lane.position();
  const auto step = lane.advance(out, deadline, stop_);
  lag_.reaches(lane.id(), lane.position());
  const bool moved = lane.position() > before;
  if (moved) reader.changed = Clock::now();
  switch (step) {
    case FileLane::Step::kFull:
    case FileLane::Step::kPaused:
      return true;
    case FileLane::Step::kEnd:
      return false;
    case FileLane::Step::kShrunk:
      leave_shrunk(lane, out);
      return true;
    case FileLane::Step::kDamaged:
      // The other files go on; this one waits for an operator.
      context_.error(lane.problem());
      reader.dead = true;
      return false;
    case FileLane::Step::kFailed:
      throw Transient(lane.problem());
  }
  return false;
}

// A file that was renamed or deleted and has been quiet for a while is at its end. False: it needs
// no more reading.
bool FileSource::finish_rotated(Reader& reader, BatchBuilder& out) {
  if (!reader.away || Clock::now() - reader.changed < options_.rotate_wait) return true;
  FileLane& lane = reader.lane;
  if (lane.started()) {
    if (!reader.dead && lane.position() < lane.size() && lane.plain()) return true;
    if (!lane.whole() && !reader.dead) {
      context_.error(lane.file().path + ": the compressed stream is cut off" + lane.where());
    } else if (!reader.dead && !lane.take_rest(out)) {
      return true;
    }
    if (lane.print_changed()) prints_changed_ = true;
  }
  if (reader.matched) {  // still there under another of the paths: it may yet grow
    reader.away = false;
    return true;
  }
  if (lane.started()) retire(lane.known());
  return false;
}

void FileSource::rescan() {
  ScanResult found = scan(options_.paths);
  next_rescan_ = Clock::now() + options_.rescan;
  for (const std::string& text : found.warnings) tell_once(SLUICE_LOG_WARN, text);
  for (const std::string& problem : found.problems) tell_once(SLUICE_LOG_ERROR, problem);
  note_names(found);
}

void FileSource::note_names(const ScanResult& found) {
  const auto now = Clock::now();
  std::set<std::pair<std::uint64_t, std::uint64_t>> followed;
  std::unordered_map<std::uint64_t, const FoundFile*> by_inode;
  present_.clear();
  for (const FoundFile& file : found.files) {
    present_.insert({file.id.device, file.id.inode});
    by_inode.emplace(file.id.inode, &file);
  }
  for (Reader& reader : readers_) {
    const FoundFile& file = reader.lane.file();
    followed.insert({file.id.device, file.id.inode});
    const auto same = by_inode.find(file.id.inode);
    if (same == by_inode.end() || !(same->second->id == file.id)) {
      note_absent(reader, now);
      continue;
    }
    reader.matched = true;
    if (same->second->path == file.path) continue;
    context_.info(file.path + ": is now " + same->second->path);
    reader.lane.renamed(same->second->path);
    reader.away = true;
    reader.changed = now;
    if (!reader.lane.started()) continue;
    catalog_.move(reader.lane.known(), same->second->path, file.id);
    catalog_changed_ = true;
  }
  for (const FoundFile& file : found.files) {
    if (followed.contains({file.id.device, file.id.inode})) continue;
    queue_.push_back(file);
  }
}

void FileSource::note_absent(Reader& reader, Clock::time_point now) {
  reader.matched = false;
  if (reader.away) return;
  context_.info(reader.lane.file().path + ": was renamed or deleted; reading what is left of it");
  reader.away = true;
  reader.changed = now;
}

}  // namespace sluice::file
