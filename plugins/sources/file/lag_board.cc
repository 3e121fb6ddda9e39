// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/file/lag_board.h"

#include <algorithm>

namespace sluice::file {

void LagBoard::open(std::uint32_t lane, const std::string& name, std::uint64_t committed) {
  const std::lock_guard lock(mutex_);
  rows_[lane] = {name, committed, committed};
}

void LagBoard::reaches(std::uint32_t lane, std::uint64_t end) {
  const std::lock_guard lock(mutex_);
  if (const auto row = rows_.find(lane); row != rows_.end()) {
    row->second.end = std::max(row->second.end, end);
  }
}

void LagBoard::settled(std::span<const sluice_mark> marks) {
  const std::lock_guard lock(mutex_);
  for (const sluice_mark& mark : marks) {
    const auto row = rows_.find(mark.lane);
    if (row == rows_.end()) continue;
    row->second.committed = std::max(row->second.committed, mark.position);
    row->second.end = std::max(row->second.end, mark.position);
  }
}

void LagBoard::close(std::uint32_t lane) {
  const std::lock_guard lock(mutex_);
  rows_.erase(lane);
}

void LagBoard::each(void (*tell)(void*, const sluice_lane_lag*), void* ctx) {
  const std::lock_guard lock(mutex_);
  for (const auto& [lane, row] : rows_) {
    const sluice_lane_lag lag{sizeof(sluice_lane_lag),
                              lane,
                              {row.name.data(), row.name.size()},
                              row.committed,
                              row.end,
                              row.end == row.committed ? 0 : -1,
                              row.end == row.committed ? 0.0 : -1.0,
                              {},
                              {},
                              0};
    tell(ctx, &lag);
  }
}

}  // namespace sluice::file
