// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/config/config.h"
#include "runtime/store/checkpoint_store.h"

namespace sluice::cli {

struct OffsetsOptions {
  std::string config;
  std::string source;
  std::vector<std::string> to;
  std::vector<std::string> lanes;
  std::string execute;
  bool keep_idempotency = false;
  bool stop_source = false;
  bool json = false;
};

struct OfSource {
  const PipelineConfig* pipeline = nullptr;
  const SourceConfig* source = nullptr;
};

// A move, and what it starts from; the hash is of both.
struct OffsetsPlan {
  CheckpointMove move;
  SourceCheckpoint before;
  std::string hash;
};

// Where lanes go, as asked for; nothing: to their beginning.
Result<std::optional<uint64_t>> target_of(const OffsetsOptions& options, const OfSource& of);
Result<OffsetsPlan> plan_of(const OffsetsOptions& options, const OfSource& of, bool all,
                            std::optional<uint64_t> settled, CheckpointStore& store);
// For people and for scripts.
std::string offsets_plan_text(const OffsetsPlan& plan);
std::string offsets_plan_json(const OffsetsPlan& plan, bool done, uint32_t epoch);

}  // namespace sluice::cli
