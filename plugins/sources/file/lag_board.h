// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>

namespace sluice::file {

// How far each lane has come, for whoever asks. Thread-safe.
class LagBoard {
 public:
  void open(std::uint32_t lane, const std::string& name, std::uint64_t committed);
  // The lane is known to reach at least so far.
  void reaches(std::uint32_t lane, std::uint64_t end);
  void settled(std::span<const sluice_mark> marks);
  void close(std::uint32_t lane);
  void each(void (*tell)(void*, const sluice_lane_lag*), void* ctx);

 private:
  struct Row {
    std::string name;
    std::uint64_t committed = 0;
    std::uint64_t end = 0;
  };
  std::mutex mutex_;
  std::unordered_map<std::uint32_t, Row> rows_;  // under mutex_
};

}  // namespace sluice::file
