// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sluice::kafka_source {

// How far behind each partition was when somebody last looked, for whoever asks. Thread-safe.
class LagBoard {
 public:
  struct Row {
    std::string name;
    std::string topic;
    std::int32_t partition = 0;
    std::uint32_t lane = 0;
    std::int64_t committed = -1;  // the next offset to be read after a restart; -1: none yet
    std::int64_t end = -1;        // high watermark; -1: unknown
    double seconds = -1;          // negative: unknown

    [[nodiscard]] std::int64_t behind() const {
      if (end < 0 || committed < 0) return -1;
      return end > committed ? end - committed : 0;
    }
  };

  explicit LagBoard(std::string group) : group_(std::move(group)) {}

  // As of a moment, in microseconds since 1970.
  void set(std::vector<Row> rows, std::int64_t captured_us) {
    const std::lock_guard lock(mutex_);
    rows_ = std::move(rows);
    captured_us_ = captured_us;
  }
  void each(void (*tell)(void*, const sluice_lane_lag*), void* ctx) {
    const std::lock_guard lock(mutex_);
    for (const Row& row : rows_) {
      const sluice_lane_lag lag{sizeof(sluice_lane_lag),
                                row.lane,
                                {row.name.data(), row.name.size()},
                                static_cast<std::uint64_t>(row.committed < 0 ? 0 : row.committed),
                                static_cast<std::uint64_t>(row.end < 0 ? 0 : row.end),
                                row.behind(),
                                row.seconds,
                                {group_.data(), group_.size()},
                                {row.topic.data(), row.topic.size()},
                                captured_us_};
      tell(ctx, &lag);
    }
  }

 private:
  const std::string group_;
  std::mutex mutex_;
  std::vector<Row> rows_;         // under mutex_
  std::int64_t captured_us_ = 0;  // under mutex_
};

}  // namespace sluice::kafka_source
