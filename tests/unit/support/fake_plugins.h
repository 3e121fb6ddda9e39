// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

// A source and a sink linked into a test, behind the real C ABI, with levers: what the source hands
// over, what the sink answers, and what both were told.
namespace sluice::test {

struct FakeRecord {
  std::string lane;
  uint64_t position = 0;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// A lane that comes or goes while the source runs, as with a rebalance.
struct LaneMove {
  enum class Kind { kAssign, kRevoke, kLose };
  Kind kind = Kind::kRevoke;
  std::vector<std::string> lanes;
  uint32_t limit_ms = 10'000;  // of a revocation
  // Of an assignment: what another system has of the lanes, as of sluice.host.epoch/1 (`lane` is
  // filled in); empty: the source knows of none.
  std::vector<sluice_lane_place> places = {};
};

// Levers of the source instance of the same name.
struct SourceLevers {
  std::vector<FakeRecord> records;
  uint32_t batch = 10;                 // records a poll
  bool finite = true;                  // END when exhausted, else IDLE
  std::atomic<size_t> gate{SIZE_MAX};  // only so many of the records for now; any thread
  sluice_rc open_result = SLUICE_OK;
  size_t fatal_at = SIZE_MAX;  // an instance that has come so far is unusable, once

  // Makes the source do this inside its next poll, and waits until it has. A lane that is not
  // there is not read; one that is assigned is read from its resume mark on.
  void move(LaneMove move);
  // Lanes that instances do not have to begin with.
  std::set<std::string> elsewhere;

  std::mutex mutex;
  std::condition_variable moved;
  std::deque<LaneMove> moves;                   // not made yet
  bool moving = false;                          // one is being made
  std::map<std::string, uint64_t> final_marks;  // of the last revocation
  sluice_rc last_move = SLUICE_OK;
  std::vector<sluice_lane_place> places;       // the answer to those of the last assignment
  std::map<std::string, uint64_t> resumed_at;  // by lane, when it was opened last; absent: never
  uint32_t created = 0;                        // instances
  uint32_t destroyed = 0;                      // of them
  std::map<std::string, uint64_t> acked;       // highest by lane
  uint64_t released = 0;                       // batches
  uint64_t handed_over = 0;                    // batches
};

// One write as the sink saw it.
struct SeenRecord {
  std::string value;
  uint32_t lane = 0;
  uint64_t position = 0;
  uint32_t part = 0;
};

struct SinkLevers {
  // Decides a write; may fill outcomes. Empty: everything is OK.
  std::function<sluice_rc(const std::vector<SeenRecord>&, sluice_outcome*)> answer;
  sluice_rc open_result = SLUICE_OK;
  // Offers sluice.sink.probe/1 when set.
  std::function<sluice_rc()> probe;

  std::mutex mutex;
  std::condition_variable changed;
  bool corked = false;                // write blocks until uncorked or stopped
  std::vector<SeenRecord> committed;  // records answered OK, in order
  std::vector<std::vector<SeenRecord>> writes;
  uint32_t created = 0;  // instances

  void uncork();
  // How many writes there were so far; any thread.
  size_t write_count();
};

SourceLevers& source_levers(const std::string& instance);
SinkLevers& sink_levers(const std::string& instance);
// Forgets all levers; at the beginning of a test.
void reset_levers();

// The calls of the source "fake".
extern const sluice_source_ops kFakeSourceOps;

// Component ids: source "fake", sinks "fake" and "fake_idempotent" (reasons: 0 busy RETRY
// RATE_LIMITED, 1 refused REJECT CONSTRAINT_VIOLATION, 2 older REJECT OLDER_REVISION).
const sluice_plugin_entry* fake_plugin();

}  // namespace sluice::test
