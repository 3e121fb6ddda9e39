// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/config/config.h"
#include "runtime/pipeline/check_services.h"
#include "runtime/plugin_host/instance.h"

namespace sluice {

// Where one lane stands in the other system that keeps a source's positions, such as a Kafka
// consumer group. Positions are those of the next record, as that system counts.
struct LanePlace {
  std::string lane;    // durable name
  std::string group;   // whose positions these are
  std::string topic;   // empty: the lane is a part of nothing
  std::string member;  // who reads it now; empty: nobody
  uint64_t low = 0;
  uint64_t end = 0;
  uint64_t at = 0;               // of the time asked for
  std::optional<uint64_t> next;  // what is committed
  uint32_t epoch = 0;            // it was committed in; 0 also where not by us
  uint32_t members = 0;          // of the group
};

// A source opened to look at its places and to move them; it reads nothing, and whoever reads is
// not disturbed. Not thread-safe.
class SourcePlaces {
 public:
  // nullptr: no other system keeps this source's positions. kInvalid: configuration; kUnavailable:
  // that system is away.
  static Result<std::unique_ptr<SourcePlaces>> open(const Config& config,
                                                    const SourceConfig& source);
  ~SourcePlaces();
  SourcePlaces(const SourcePlaces&) = delete;
  SourcePlaces& operator=(const SourcePlaces&) = delete;

  // Every lane there is. Without a time `at` is the end.
  Result<std::vector<LanePlace>> list(std::optional<int64_t> at_us);
  // Stores `lane`, `next` (nothing: to be forgotten) and the epoch. kUnavailable: somebody reads.
  Status store(const std::vector<LanePlace>& places, uint32_t epoch);

 private:
  SourcePlaces() = default;
  std::string name_;
  CheckServices services_;
  std::unique_ptr<SourceInstance> instance_;
};

}  // namespace sluice
