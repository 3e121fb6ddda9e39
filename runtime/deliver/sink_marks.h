// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/plugin_host/instance.h"

namespace sluice {

// Exactly once (semantics.md 8): how far each lane has come at one sink that keeps marks, and the
// moves of them that go into the sink's transactions.
//
// A mark is a gap-free prefix of its lane at this sink. The driver tells what it was handed (seen,
// held) and what is done; since it keeps the order of a lane, a write may move the lane's mark to
// its last record, and where nothing of the lane is left, past records that never came here because
// they were filtered, refused or went to other sinks. Of several writers each has the marks of its
// own lanes, so no two of them ever move the same one, and their number may change between runs.
//
// Marks are kept by epoch. One of an earlier epoch still counts, unless the lane was moved back
// since: then it does for what lies above the position that the lane had come to before.
//
// Of the driver's thread, except what is tagged [any].
class SinkMarks {
 public:
  struct Options {
    std::vector<std::string> scopes;  // by source: names pipeline, source and sink
    // The durable name of a lane; empty: it is gone, all of it is settled.
    std::function<std::string(uint32_t source, uint32_t lane)> lane_name;
    // Has the lane left this process, or is it gone?
    std::function<bool(uint32_t source, uint32_t lane)> lane_gone = {};
    // In which epoch the source is; and of a lane that comes again because somebody moved the
    // source, since which epoch and up to where.
    struct Again {
      uint32_t epoch = 0;
      uint64_t until = 0;
    };
    std::function<uint32_t(uint32_t source)> epoch_of = {};
    std::function<std::optional<Again>(uint32_t source, const std::string& lane)> again = {};
  };

  explicit SinkMarks(Options options)
      : options_(std::move(options)), forgotten_(options_.scopes.size()) {}

  // Is this sink written to with marks? Known once it was read.
  [[nodiscard]] bool in_use() const { return in_use_; }
  // After the instance was opened, and after a write was fenced off: what is stored is true.
  CallResult read(SinkInstance& instance) SLUICE_EXCLUDES(mutex_);
  // A read was not the first: what is held may be covered by now.
  [[nodiscard]] bool moved_by_others() const { return reads_ > 1; }
  // After a fenced write.
  [[nodiscard]] bool stale() const { return stale_; }

  // True: the sink has this record already.
  [[nodiscard]] bool covers(uint32_t source, uint32_t lane, uint64_t position)
      SLUICE_EXCLUDES(mutex_);
  // All of the lane up to here was handed to the driver, whatever of it is for this sink.
  void seen(uint32_t source, uint32_t lane, uint64_t position) SLUICE_EXCLUDES(mutex_);
  // A record that is to be written, or to be refused with a letter; and one that is done with.
  void held(uint32_t source, uint32_t lane);
  void done(uint32_t source, uint32_t lane);
  // Lanes have left: nothing of them is held any more, and their marks are another process's.
  void let_go() SLUICE_EXCLUDES(mutex_);

  // Writes with the moves this batch makes possible. All of a record's parts must be in it.
  // On OK with any verdict but OK nothing was applied: OK verdicts are turned into UNTRIED.
  CallResult write(SinkInstance& instance, uint32_t source, const sluice_batch& batch,
                   std::span<sluice_outcome> outcomes);
  // Of the last write: records that were OK in themselves and not applied for another's sake.
  [[nodiscard]] size_t rolled_back() const { return rolled_back_; }
  // Sources that have marks to move without a record.
  [[nodiscard]] std::vector<uint32_t> behind() SLUICE_EXCLUDES(mutex_);

  // [any] What was stored of a lane when it was read last; nothing: no mark, or not read yet.
  [[nodiscard]] std::optional<uint64_t> stored(uint32_t source, const std::string& lane) const
      SLUICE_EXCLUDES(mutex_);
  // [any] A lane that is done and wholly settled: its mark goes with one of the next writes.
  void forget(uint32_t source, std::string lane) SLUICE_EXCLUDES(mutex_);

 private:
  struct Mark {
    std::optional<uint64_t> mark;  // everything up to here is in the sink
    std::optional<uint64_t> here;  // what of that is stored for the present epoch
    // And from above here to there, of before the lane was moved back.
    uint64_t old_above = 0;
    uint64_t old_to = 0;
  };
  struct Lane : Mark {
    std::string name;
    std::optional<uint64_t> seen;
    uint32_t held = 0;
    uint32_t writing = 0;  // of those, in the batch under way
    uint64_t last = 0;     // position of the last of them
  };
  struct Move {
    std::string lane;
    std::optional<uint64_t> expect;
    std::optional<uint64_t> set;
    uint64_t key = 0;  // of lanes_
  };
  using Stored = std::map<std::string, Mark, std::less<>>;

  static uint64_t key_of(uint32_t source, uint32_t lane) {
    return (static_cast<uint64_t>(source) << 32U) | lane;
  }
  Lane* find(uint32_t source, uint32_t lane) SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] Mark weigh(uint32_t source, const std::string& lane,
                           const std::map<uint32_t, uint64_t>& by_epoch) const;
  [[nodiscard]] std::optional<Mark> found(uint32_t source, const std::string& lane) const
      SLUICE_EXCLUDES(mutex_);
  static bool rises(const Lane& lane, uint64_t to) { return !lane.mark || *lane.mark < to; }
  void collect_moves(uint32_t source) SLUICE_EXCLUDES(mutex_);
  void collect_forgotten(uint32_t source) SLUICE_EXCLUDES(mutex_);
  void moved(uint32_t source) SLUICE_EXCLUDES(mutex_);

  const Options options_;
  bool in_use_ = false;
  bool stale_ = false;
  uint32_t reads_ = 0;
  size_t rolled_back_ = 0;
  std::unordered_map<uint64_t, Lane> lanes_;
  uint64_t found_key_ = UINT64_MAX;  // what find() answered last
  Lane* found_ = nullptr;
  std::vector<Move> moves_;       // of the write under way
  std::vector<uint32_t> epochs_;  // by source, as of the last read

  mutable Mutex mutex_;
  std::vector<Stored> stored_ SLUICE_GUARDED_BY(mutex_);  // by source
  std::vector<std::vector<std::string>> forgotten_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
