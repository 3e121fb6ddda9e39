// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace sluice {

struct LaneMark {
  std::string lane;  // durable name
  uint64_t position = 0;
};

// What one sink had durably of a lane above the lane's mark: every part this sink was given, from
// one (position, part) to another, both included. After a crash the source hands it over again.
struct DeliveredRange {
  std::string lane;
  std::string sink;
  uint64_t first_position = 0;
  uint32_t first_part = 0;
  uint64_t last_position = 0;
  uint32_t last_part = 0;
};

// Somebody moved the source: records of the lane up to `until` that come, come again on purpose,
// and what was known of them in epochs before `epoch` does not count.
struct LaneAgain {
  std::string lane;  // empty: every lane that has no entry of its own
  uint32_t epoch = 0;
  uint64_t until = 0;
};

// What a source instance had settled when the process last ended.
struct SourceCheckpoint {
  std::vector<LaneMark> lanes;
  std::optional<std::string> cursor;  // the source's opaque blob
  int64_t highest_event_time_us = 0;
  int64_t updated_at_us = 0;
  std::vector<DeliveredRange> delivered = {};  // by lane, sink and first position
  uint32_t epoch = 0;                          // rises with every move by an operator
  std::vector<LaneAgain> again = {};
};

// An operator moves a source: where it goes on, by lane.
struct CheckpointMove {
  struct Lane {
    std::string lane;
    std::optional<uint64_t> settled;  // the position to go on above; nullopt: the lane's beginning
    // How far it had come, where that is known better elsewhere than here.
    std::optional<uint64_t> reached = {};
  };
  std::string pipeline;
  std::string tenant;
  std::string source;
  std::vector<Lane> lanes;
  // Every lane begins anew, those that nothing is known of included; `lanes` is empty then.
  bool all = false;
  // What was delivered stays known: no new epoch, and sinks without marks (these) are not given
  // again what they have.
  bool keep_idempotency = false;
  std::vector<std::string> sinks;
};

// One source's part of a group commit.
struct CheckpointUpdate {
  std::string pipeline;
  std::string tenant;
  std::string source;
  std::vector<LaneMark> set;        // lanes whose mark rose; what it passed is no longer delivered
  std::vector<std::string> forget;  // lanes that are done and wholly settled
  std::optional<std::string> cursor;           // set when the source gave a new one
  int64_t highest_event_time_us = 0;           // 0: unchanged
  std::vector<DeliveredRange> delivered = {};  // to be added
};

// Positions that are settled. All of one commit() becomes durable together or not at all; when it
// returns OK it survives kill -9 and power loss. Any thread.
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;
  virtual Result<SourceCheckpoint> load(const std::string& pipeline, const std::string& source) = 0;
  virtual Status commit(const std::vector<CheckpointUpdate>& updates, int64_t now_us) = 0;
  // As durable as a commit, and all or nothing, too. The source's epoch afterwards: a new one,
  // never used before, even where the checkpoint was deleted meanwhile.
  virtual Result<uint32_t> move(const CheckpointMove& move, int64_t now_us) = 0;
};

// SQLite file `checkpoints.db` in the state folder (0600), created when absent. A damaged file is
// kCorrupt with advice, a newer format kInvalid, a full disk kExhausted, a read-only folder
// kUnavailable.
Result<std::unique_ptr<CheckpointStore>> open_checkpoint_store(const std::filesystem::path& dir);
// To be looked at only, beside a process that writes it. kNotFound: there is none.
Result<std::unique_ptr<CheckpointStore>> open_checkpoint_reader(const std::filesystem::path& dir);

struct RedisCheckpointOptions {
  std::string url;                             // as store::parse_redis_url() takes it
  std::map<std::string, std::string> tenants;  // by source, whose names are the process's
  std::chrono::milliseconds timeout{2000};     // of connecting, and of each answer
  bool read_only = false;                      // load() writes nothing
};

// Marks and epochs of several nodes in Redis, under `checkpoint:<tenant>:<source>`; what is a
// node's own (cursor, delivered ranges) stays in `local`, with a copy of its marks. A key that is
// missing means that the source has never run: load() begins it anew, in a new epoch, whose counter
// (`checkpoint_epoch:<tenant>:<source>`) is a key of its own. A mark never falls but by a move.
// Opening does not connect: a server that is away is what calls report (kUnavailable), and the next
// call tries again. kInvalid: the URL.
Result<std::unique_ptr<CheckpointStore>> open_redis_checkpoint_store(
    RedisCheckpointOptions options, std::unique_ptr<CheckpointStore> local);

}  // namespace sluice
