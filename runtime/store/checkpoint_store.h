// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
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

// What a source instance had settled when the process last ended.
struct SourceCheckpoint {
  std::vector<LaneMark> lanes;
  std::optional<std::string> cursor;  // the source's opaque blob
  int64_t highest_event_time_us = 0;
  int64_t updated_at_us = 0;
  std::vector<DeliveredRange> delivered = {};  // by lane, sink and first position
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
};

// SQLite file `checkpoints.db` in the state folder (0600), created when absent. A damaged file is
// kCorrupt with advice, a newer format kInvalid, a full disk kExhausted, a read-only folder
// kUnavailable.
Result<std::unique_ptr<CheckpointStore>> open_checkpoint_store(const std::filesystem::path& dir);

}  // namespace sluice
