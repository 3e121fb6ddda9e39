// SPDX-License-Identifier: Apache-2.0
//
// Which lane a file is, and reading files one after the other.
#include <cerrno>
#include <utility>

#include "plugins/sources/file/file_source.h"

namespace sluice::file {

// Gives an opened file its lane. False: it has too few bytes yet.
bool FileSource::start(FileLane& lane, bool complete) {
  if (lane.started()) return true;
  if (!lane.look(complete)) {
    if (!lane.problem().empty()) throw Transient(lane.problem());
    return false;
  }
  for (;;) {
    KnownFile& known = recognise(lane);
    const Lane host_lane = context_.lanes().open(known.lane);
    const std::uint64_t position = host_lane.resume.value_or(0);
    if (lane.plain() && position > lane.size()) {
      // Shorter than what was read once, so it is another file, though it begins like it.
      retire(known);
      continue;
    }
    lane.start(known, host_lane.id, position);
    lag_.open(host_lane.id, known.lane, position);
    lag_.reaches(host_lane.id, lane.plain() ? lane.size() : position);
    return true;
  }
}

// The known file this is, or a new one.
KnownFile& FileSource::recognise(FileLane& lane) {
  const FoundFile& file = lane.file();
  const std::uint64_t size = lane.size();
  const auto candidates = catalog_.candidates(file.path, file.id);
  const auto elsewhere = [&](const KnownFile& known) {
    return !(known.id == file.id) && present_.contains(std::pair(known.id.device, known.id.inode));
  };
  for (KnownFile* known : candidates) {
    // One of this path whose own file is still there was renamed, not rewritten.
    if (known->gone || known->taken || elsewhere(*known)) continue;
    if (!matches(known->print, lane.fd(), size)) continue;
    if (!(known->id == file.id) || known->path != file.path) {
      catalog_.move(*known, file.path, file.id);
      catalog_changed_ = true;
    }
    return *known;
  }
  for (KnownFile* known : candidates) {
    if (!known->gone && !known->taken && !elsewhere(*known)) retire(*known);
  }
  catalog_changed_ = true;
  return catalog_.add(file.path, file.id, lane.first_print());
}

// The bytes of the lane are no more. What was read of its last line is all there will ever be of
// it. False: the batch is full.
bool FileSource::leave_shrunk(FileLane& lane, BatchBuilder& out) {
  if (!lane.take_rest(out)) return false;
  context_.info(lane.file().path + ": was truncated or written anew" + lane.where() +
                "; reading it from its start as a new lane");
  retire(lane.known());
  lane.begin_anew();
  return true;
}

// Opens the next file of the queue. False: there is none.
bool FileSource::open_next() {
  while (!queue_.empty()) {
    FoundFile file = queue_.front();
    std::uint64_t size = 0;
    int error_number = 0;
    std::string problem;
    common::Fd fd = open_regular(file.path, &file.id, &size, &error_number, &problem);
    if (!fd && passing(error_number)) {
      if (readers_.empty()) throw Transient(problem);
      tell_once(SLUICE_LOG_ERROR, problem);  // those already open go on
      return false;
    }
    queue_.pop_front();
    if (fd) {
      readers_.push_back({FileLane(options_, pool_, std::move(file), std::move(fd)), Clock::now()});
      return true;
    }
    if (error_number == ENOENT) {
      context_.warn(file.path + ": was deleted before it was read");
    } else {
      give_up(problem);
    }
  }
  return false;
}

FileSource::Sweep FileSource::sweep_queue(BatchBuilder& out, Clock::time_point deadline) {
  while (!readers_.empty() || open_next()) {
    FileLane& lane = readers_.front().lane;
    auto step = FileLane::Step::kEnd;
    if (start(lane, true)) {
      step = lane.advance(out, deadline, stop_);
      lag_.reaches(lane.id(), lane.position());
    }
    switch (step) {
      case FileLane::Step::kFull:
      case FileLane::Step::kPaused:
        return Sweep::kProgress;
      case FileLane::Step::kFailed:
        throw Transient(lane.problem());
      case FileLane::Step::kShrunk:
        if (!leave_shrunk(lane, out)) return Sweep::kProgress;
        continue;
      case FileLane::Step::kDamaged:
        give_up(lane.problem());
        break;
      case FileLane::Step::kEnd:
        if (lane.started() && !lane.whole()) {
          give_up(lane.file().path + ": the compressed stream is cut off" + lane.where() +
                  "; restore the file, the run then goes on from the last whole record");
        } else if (lane.started() && !lane.take_rest(out)) {
          return Sweep::kProgress;
        }
        break;
    }
    if (lane.print_changed()) prints_changed_ = true;
    readers_.pop_front();
    if (out.full()) return Sweep::kProgress;
  }
  return Sweep::kFinished;
}

}  // namespace sluice::file
