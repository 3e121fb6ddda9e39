// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/config/config.h"
#include "runtime/pipeline/source_places.h"
#include "runtime/store/checkpoint_store.h"

namespace sluice::cli {

struct OffsetsOptions {
  std::string config;
  std::string source;
  std::string group;
  std::vector<std::string> to;
  std::vector<std::string> lanes;
  std::vector<std::string> topics;
  std::string execute;
  bool keep_idempotency = false;
  bool stop_source = false;
  bool json = false;
};

struct OfSource {
  const PipelineConfig* pipeline = nullptr;
  const SourceConfig* source = nullptr;
};

Result<Config> read_offsets_config(const OffsetsOptions& options);
// All, or the one that is named.
Result<std::vector<OfSource>> sources_of(const Config& config, const std::string& name);

// Where lanes are to go, as asked for.
struct OffsetsTarget {
  enum class Kind : uint8_t { kEarliest, kLatest, kTime, kOffset, kForgotten };
  Kind kind = Kind::kEarliest;
  uint64_t offset = 0;  // kOffset: the first position that is read again
  int64_t time_us = 0;  // kTime
};
Result<OffsetsTarget> target_of(const OffsetsOptions& options, bool forget);

// The source that is to be moved, and, where another system keeps its positions as well, what that
// says of each lane.
struct OffsetsSubject {
  OfSource of;
  std::unique_ptr<SourcePlaces> elsewhere;  // nullptr: only we keep them
  std::vector<LanePlace> places;
};
Result<OffsetsSubject> subject_of(const OffsetsOptions& options, const Config& config,
                                  const OffsetsTarget& target);

// A lane that goes to another place in the other system.
struct LaneMove {
  LanePlace place;             // before
  std::optional<uint64_t> to;  // the next position that is read; nothing: forgotten

  // How many positions are read again; below 0: passed over. Nothing: it stood nowhere.
  [[nodiscard]] std::optional<int64_t> again() const;
};

// A move, and what it starts from; the hash is of both.
struct OffsetsPlan {
  CheckpointMove move;
  SourceCheckpoint before;
  std::vector<LaneMove> elsewhere;  // where another system keeps positions as well
  std::string hash;
};
Result<OffsetsPlan> plan_of(const OffsetsOptions& options, const OffsetsSubject& subject,
                            const OffsetsTarget& target, SourceCheckpoint before);

// Whoever reads would not see the move. `allowed`: members of the group that may be there.
Status nobody_reads(const OffsetsPlan& plan, uint32_t allowed);

template <typename Number>
std::string number_or(const std::optional<Number>& number, const char* otherwise) {
  return number ? std::to_string(*number) : otherwise;
}

// For people and for scripts.
std::string offsets_plan_text(const OffsetsPlan& plan);
std::string offsets_plan_json(const OffsetsPlan& plan, bool done, uint32_t epoch);

// `sluice offsets show`.
int show_offsets(const OffsetsOptions& options);

}  // namespace sluice::cli
