// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/record/batch.h"
#include "runtime/store/checkpoint_store.h"

namespace sluice {

// The lanes of one source: durable names to ids of this run, and for each lane what is out and how
// far everything is settled. A mark rises only over a gap-free prefix, whatever the order in which
// records complete. The source's thread opens lanes and enrolls batches, the ledger's thread
// settles; thread-safe.
//
// A lane may go to another process and come back. It goes in two steps: with leave() what nobody
// has begun with is dropped wherever it is, with end() nothing of it counts any more here, though
// some of it may still be out. When its name is opened again it is another lane, with a number of
// its own, so that the two never mix.
class LaneTable {
 public:
  // What the ledger has to make durable, and after that the source has to be told.
  struct Advance {
    CheckpointUpdate update;         // without pipeline, tenant and source
    std::vector<sluice_mark> marks;  // for ack
    bool empty() const { return update.set.empty() && update.forget.empty() && !update.cursor; }
  };

  // Marks and cursor of earlier runs, or as they were moved; no lane is open.
  void restore(const SourceCheckpoint& checkpoint) SLUICE_EXCLUDES(mutex_);

  // As sluice_host_lanes::open: OK with the mark, IDLE for a lane never settled, E_CONFIG for a
  // name that cannot be one.
  sluice_rc open(std::string_view name, uint32_t* id, uint64_t* resume) SLUICE_EXCLUDES(mutex_);
  sluice_rc done(uint32_t id) SLUICE_EXCLUDES(mutex_);
  // The source is made anew while records are out: lanes go on above what it gave.
  void begin_anew() SLUICE_EXCLUDES(mutex_);
  // Was a record of this lane enrolled in this run, by its present owner?
  [[nodiscard]] bool begun(uint32_t id) const SLUICE_EXCLUDES(mutex_);
  // The lanes begin anew for this owner: positions may start below what was enrolled before.
  // `stored` is what is known of the source now; lanes of which nothing was taken in yet go on
  // from there, whatever was known of them before.
  void assigned(std::span<const uint32_t> ids, const SourceCheckpoint& stored)
      SLUICE_EXCLUDES(mutex_);
  // The lane's first position that is not settled, as another system keeps it; nothing of it was
  // taken in yet. Where more is known to be settled here, that stays known.
  void go_on_at(uint32_t id, uint64_t next) SLUICE_EXCLUDES(mutex_);
  // From now on records of these lanes that are out are dropped (Batch::Segment::left).
  void leave(std::span<const uint32_t> ids) SLUICE_EXCLUDES(mutex_);
  // Their marks rise no more, and are not made durable any more.
  void end(std::span<const uint32_t> ids) SLUICE_EXCLUDES(mutex_);
  // Is the lane leaving, or not there?
  [[nodiscard]] bool gone(uint32_t id) const SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<std::string> cursor() const SLUICE_EXCLUDES(mutex_);
  // Becomes durable once everything enrolled before is settled.
  void set_cursor(std::string_view blob) SLUICE_EXCLUDES(mutex_);

  // Gives each segment its place in its lane. False with the name of what is wrong: an unknown lane
  // or a position that does not rise (a bug of the plugin; the batch must not go on).
  std::optional<std::string> enroll(Batch& batch) SLUICE_EXCLUDES(mutex_);
  void settle(const Batch::Segment& segment) SLUICE_EXCLUDES(mutex_);
  // Some of the segment was dropped: what is settled of its lane ends here, at the record before
  // the first of those; nullopt: before the segment.
  void settle_up_to(const Batch::Segment& segment, std::optional<uint64_t> position)
      SLUICE_EXCLUDES(mutex_);
  // What rose since the last call. Empty when nothing did.
  Advance take_advance() SLUICE_EXCLUDES(mutex_);

  // What an Advance held is durable.
  void committed(std::span<const sluice_mark> marks) SLUICE_EXCLUDES(mutex_);

  // All that are open.
  [[nodiscard]] std::vector<uint32_t> ids() const SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] bool idle() const SLUICE_EXCLUDES(mutex_);
  // Waits until nothing of these lanes is out, or the deadline.
  bool wait_settled(std::span<const uint32_t> ids, std::chrono::steady_clock::time_point deadline)
      SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] std::vector<sluice_mark> marks_of(std::span<const uint32_t> ids) const
      SLUICE_EXCLUDES(mutex_);
  // Waits until what is settled of these lanes is durable, or the deadline; then what is durable.
  std::vector<sluice_mark> durable_marks(std::span<const uint32_t> ids,
                                         std::chrono::steady_clock::time_point deadline)
      SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] std::string name_of(uint32_t id) const SLUICE_EXCLUDES(mutex_);
  // Since when, and up to where, records of this lane come again because somebody moved the source.
  [[nodiscard]] std::optional<LaneAgain> again(const std::string& name) const
      SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] uint32_t epoch() const SLUICE_EXCLUDES(mutex_);
  // The mark that restore() was given, as long as the lane was not opened.
  [[nodiscard]] std::optional<uint64_t> restored(std::string_view name) const
      SLUICE_EXCLUDES(mutex_);

 private:
  struct Pending {
    uint64_t ticket = 0;
    std::optional<uint64_t> last_position;
    bool settled = false;
    bool cut = false;  // records after last_position were dropped
  };
  struct Lane {
    std::string name;
    std::optional<uint64_t> mark;
    std::optional<uint64_t> durable;  // of the mark, what is stored
    std::optional<uint64_t> last_enrolled;
    std::optional<uint64_t> given;  // the last record of the instances before
    std::deque<Pending> pending;
    bool done = false;
    bool rose = false;
    bool cut = false;    // the mark cannot rise over what was dropped
    bool ended = false;  // see end()
    std::shared_ptr<std::atomic<bool>> left = std::make_shared<std::atomic<bool>>(false);
  };
  struct PendingCursor {
    uint64_t before_ticket = 0;
    std::string blob;
  };

  [[nodiscard]] bool out(uint32_t id) const SLUICE_REQUIRES(mutex_);
  void take_epoch(const SourceCheckpoint& checkpoint) SLUICE_REQUIRES(mutex_);
  [[nodiscard]] const LaneAgain* find_again(const std::string& name) const SLUICE_REQUIRES(mutex_);
  [[nodiscard]] bool undurable(uint32_t id) const SLUICE_REQUIRES(mutex_);
  void settle(const Batch::Segment& segment, std::optional<uint64_t> position, bool cut)
      SLUICE_EXCLUDES(mutex_);

  mutable Mutex mutex_;
  CondVar settled_;  // or durable
  std::unordered_map<uint32_t, Lane> lanes_ SLUICE_GUARDED_BY(mutex_);
  std::unordered_map<std::string, uint32_t> ids_ SLUICE_GUARDED_BY(mutex_);
  std::unordered_map<std::string, uint64_t> stored_ SLUICE_GUARDED_BY(mutex_);  // not opened yet
  std::vector<uint32_t> rose_ SLUICE_GUARDED_BY(mutex_);
  std::map<uint64_t, bool> out_tickets_ SLUICE_GUARDED_BY(mutex_);
  uint32_t next_id_ SLUICE_GUARDED_BY(mutex_) = 1;
  uint64_t next_ticket_ SLUICE_GUARDED_BY(mutex_) = 1;
  int64_t highest_time_us_ SLUICE_GUARDED_BY(mutex_) = 0;
  uint32_t epoch_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, LaneAgain> again_ SLUICE_GUARDED_BY(mutex_);  // by lane
  std::optional<std::string> cursor_ SLUICE_GUARDED_BY(mutex_);
  std::deque<PendingCursor> cursors_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
