// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <memory>
#include <set>

#include "tests/unit/support/fake_plugins.h"

namespace sluice::test {
namespace {

void say_why(sluice_error* error, const char* text) {
  std::strncpy(error->message, text, sizeof error->message - 1);
}

struct Source {
  const sluice_host* host;
  SourceLevers& levers;
  const sluice_host_lanes* lanes = nullptr;
  std::map<std::string, uint32_t> ids = {};
  std::map<uint32_t, std::string> names = {};
  std::map<std::string, uint64_t> resume = {};
  std::map<std::string, size_t> given = {};  // by lane: how far it was read
  std::set<std::string> elsewhere = {};      // lanes it does not have
  size_t at = 0;
  std::atomic<bool> stopped{false};
};

struct Handed {
  SourceLevers& levers;
  std::vector<sluice_record> records;
  std::deque<std::vector<sluice_header>> headers = {};  // of the records; they stay where they are
};

Source* self(sluice_source* source) { return reinterpret_cast<Source*>(source); }

sluice_rc source_create(const sluice_host* host, sluice_str, sluice_source** out, sluice_error*) {
  SourceLevers& levers = source_levers(host->name);
  const std::lock_guard lock(levers.mutex);
  ++levers.created;
  auto* const source = new Source{host, levers};
  source->elsewhere = levers.elsewhere;
  *out = reinterpret_cast<sluice_source*>(source);
  return SLUICE_OK;
}

void source_destroy(sluice_source* source) {
  {
    const std::lock_guard lock(self(source)->levers.mutex);
    ++self(source)->levers.destroyed;
  }
  delete self(source);
}

sluice_rc source_open(sluice_source* source, sluice_error* error) {
  self(source)->lanes = static_cast<const sluice_host_lanes*>(
      self(source)->host->extension(self(source)->host, SLUICE_EXT_HOST_LANES));
  if (self(source)->levers.open_result != SLUICE_OK) say_why(error, "not reachable");
  return self(source)->levers.open_result;
}

// Where the lane goes on becomes what is left of it to be given.
uint32_t open_lane(Source& source, const std::string& name) {
  uint32_t id = 0;
  uint64_t mark = 0;
  source.resume.erase(name);
  source.given.erase(name);
  const sluice_rc rc = source.lanes->open(source.host, {name.data(), name.size()}, &id, &mark);
  if (rc == SLUICE_OK) source.resume[name] = mark;
  source.ids[name] = id;
  source.names[id] = name;
  const std::lock_guard lock(source.levers.mutex);
  source.levers.resumed_at.erase(name);
  if (rc == SLUICE_OK) source.levers.resumed_at[name] = mark;
  return id;
}

uint32_t lane_id(Source& source, const std::string& name) {
  const auto at = source.ids.find(name);
  return at != source.ids.end() ? at->second : open_lane(source, name);
}

// As a source does whose positions another system keeps as well.
sluice_rc resume_at_places(Source& source, const LaneMove& move, const std::vector<uint32_t>& ids) {
  const auto* epoch = static_cast<const sluice_host_epoch*>(
      source.host->extension(source.host, SLUICE_EXT_HOST_EPOCH));
  std::vector<sluice_lane_place> places = move.places;
  for (size_t i = 0; i < ids.size(); ++i) places[i].lane = ids[i];
  const sluice_rc rc =
      epoch->resume(source.host, places.data(), static_cast<uint32_t>(places.size()));
  if (rc != SLUICE_OK) return rc;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string& name = move.lanes[i];
    source.given.erase(name);
    source.resume.erase(name);
    if ((places[i].flags & SLUICE_PLACE_KNOWN) != 0 && places[i].next != 0) {
      source.resume[name] = places[i].next - 1;
    }
    source.elsewhere.erase(name);
  }
  source.at = 0;
  const std::lock_guard lock(source.levers.mutex);
  source.levers.places = places;
  return rc;
}

sluice_rc make_move(Source& source, const LaneMove& move) {
  std::vector<uint32_t> ids;
  for (const std::string& name : move.lanes) ids.push_back(lane_id(source, name));
  const auto n = static_cast<uint32_t>(ids.size());
  if (move.kind == LaneMove::Kind::kAssign) {
    const sluice_rc rc = source.lanes->assigned(source.host, ids.data(), n);
    if (rc != SLUICE_OK) return rc;
    if (!move.places.empty()) return resume_at_places(source, move, ids);
    for (const std::string& name : move.lanes) {
      open_lane(source, name);
      source.elsewhere.erase(name);
      // What is stored counts as committed, though nobody was there to be told.
      const std::lock_guard lock(source.levers.mutex);
      const auto mark = source.levers.resumed_at.find(name);
      if (mark != source.levers.resumed_at.end()) source.levers.acked[name] = mark->second;
    }
    source.at = 0;  // what was given is passed over
    return rc;
  }
  std::vector<sluice_mark> marks(ids.size());
  uint32_t n_marks = n;
  const sluice_rc rc = move.kind == LaneMove::Kind::kLose
                           ? source.lanes->lost(source.host, ids.data(), n)
                           : source.lanes->revoked(source.host, ids.data(), n, move.limit_ms,
                                                   marks.data(), &n_marks);
  if (move.kind == LaneMove::Kind::kLose) n_marks = 0;
  const std::lock_guard lock(source.levers.mutex);
  source.levers.final_marks.clear();
  for (uint32_t i = 0; i < n_marks; ++i) {
    source.levers.final_marks[source.names[marks[i].lane]] = marks[i].position;
    source.levers.acked[source.names[marks[i].lane]] = marks[i].position;
  }
  for (const std::string& name : move.lanes) {
    source.names.erase(source.ids[name]);
    source.ids.erase(name);
    source.elsewhere.insert(name);
  }
  return rc;
}

void make_moves(Source& source) {
  SourceLevers& levers = source.levers;
  for (;;) {
    LaneMove move;
    {
      const std::lock_guard lock(levers.mutex);
      if (levers.moves.empty()) return;
      move = levers.moves.front();
      levers.moves.pop_front();
      levers.moving = true;
    }
    const sluice_rc rc = make_move(source, move);
    const std::lock_guard lock(levers.mutex);
    levers.moving = false;
    levers.last_move = rc;
    levers.moved.notify_all();
  }
}

void source_release(sluice_batch* batch) {
  const std::unique_ptr<Handed> handed(static_cast<Handed*>(batch->owner));
  const std::lock_guard lock(handed->levers.mutex);
  ++handed->levers.released;
}

sluice_rc source_poll(sluice_source* opaque, uint32_t max_records, uint64_t, uint32_t timeout_ms,
                      sluice_batch* out, sluice_error* error) {
  Source& source = *self(opaque);
  if (source.stopped) return SLUICE_CANCELLED;
  if (source.at >= source.levers.fatal_at) {
    source.levers.fatal_at = SIZE_MAX;
    say_why(error, "the test breaks it");
    return SLUICE_E_FATAL;
  }
  make_moves(source);
  auto handed = std::make_unique<Handed>(Handed{source.levers, {}});
  const size_t end = std::min<size_t>(source.levers.records.size(), source.levers.gate);
  while (source.at < end && handed->records.size() < max_records &&
         handed->records.size() < source.levers.batch) {
    const FakeRecord& from = source.levers.records[source.at++];
    if (source.elsewhere.contains(from.lane)) continue;
    sluice_record record{};
    record.lane = lane_id(source, from.lane);
    size_t& given = source.given[from.lane];
    if (source.at <= given) continue;
    given = source.at;
    const auto mark = source.resume.find(from.lane);
    if (mark != source.resume.end() && from.position <= mark->second) continue;
    record.position = from.position;
    record.value = {from.value.data(), from.value.size()};
    auto& headers = handed->headers.emplace_back();
    for (const auto& [name, value] : from.headers) {
      headers.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
    }
    record.headers = headers.data();
    record.header_count = static_cast<uint32_t>(headers.size());
    handed->records.push_back(record);
  }
  if (handed->records.empty()) {
    if (max_records == 0) return SLUICE_IDLE;
    if (source.levers.finite && source.at >= source.levers.records.size()) return SLUICE_END;
    const bool gated = source.at < source.levers.records.size();  // the test is quick
    source.host->wait(source.host, gated ? 1 : timeout_ms);
    return SLUICE_IDLE;
  }
  out->stride = sizeof(sluice_record);
  out->count = static_cast<uint32_t>(handed->records.size());
  out->records = handed->records.data();
  out->release = source_release;
  out->owner = handed.release();
  const std::lock_guard lock(source.levers.mutex);
  ++source.levers.handed_over;
  return SLUICE_OK;
}

sluice_rc source_ack(sluice_source* opaque, const sluice_mark* marks, uint32_t n, sluice_error*) {
  Source& source = *self(opaque);
  const std::lock_guard lock(source.levers.mutex);
  for (uint32_t i = 0; i < n; ++i) {
    const auto name = source.names.find(marks[i].lane);
    if (name != source.names.end()) source.levers.acked[name->second] = marks[i].position;
  }
  return SLUICE_OK;
}

void source_stop(sluice_source* source) { self(source)->stopped = true; }
sluice_rc source_close(sluice_source*, sluice_error*) { return SLUICE_OK; }

}  // namespace

const sluice_source_ops kFakeSourceOps{sizeof(sluice_source_ops),
                                       0,
                                       source_create,
                                       source_destroy,
                                       source_open,
                                       source_poll,
                                       source_ack,
                                       source_stop,
                                       source_close,
                                       nullptr};

void SourceLevers::move(LaneMove move) {
  std::unique_lock lock(mutex);
  moves.push_back(std::move(move));
  moved.wait(lock, [this] { return moves.empty() && !moving; });
}

}  // namespace sluice::test
