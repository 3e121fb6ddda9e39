// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <sluice/plugin.hpp>
#include <span>
#include <string>
#include <string_view>

#include "plugins/common/block.h"
#include "plugins/common/stop_signal.h"
#include "plugins/sources/generator/orders.h"

namespace sluice::generator {

// How many records may be made by now: `rate` a second, held back or caught up by at most a tenth
// of a second. Time is handed in.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  // rate 0: no limit.
  explicit Pace(double rate);

  // Records allowed at `now`.
  [[nodiscard]] std::uint64_t allowed(Clock::time_point now);
  void spend(std::uint64_t records);
  // How long until a worthwhile number of records is allowed; `wanted` is the most that is of use.
  [[nodiscard]] std::chrono::nanoseconds until_worthwhile(std::uint64_t wanted) const;

 private:
  double rate_;
  double most_;  // credit kept
  double credit_ = 0;
  std::optional<Clock::time_point> last_;
};

// The `generator` source: made-up records for trials and benchmarks.
class GeneratorSource {
 public:
  GeneratorSource(Context context, const Config& config);

  void open();
  Poll poll(const PollLimits& limits, BatchBuilder& out);
  void ack(std::span<const sluice_mark> marks);
  void stop() noexcept { stop_.stop(); }
  const void* extension(std::string_view id);

  // [any] For the lag extension.
  void lag(void (*each)(void*, const sluice_lane_lag*), void* ctx);

 private:
  void fill(std::uint64_t most, BatchBuilder& out);
  [[nodiscard]] bool exhausted() const { return count_ != 0 && next_ >= count_; }

  Context context_;
  std::uint64_t count_;  // 0: endless
  std::uint64_t seed_;
  double bad_percent_;
  OrderWriter writer_;
  Pace pace_;
  std::string lane_name_;
  common::StopSignal stop_;
  std::shared_ptr<common::BlockPool> pool_ = common::BlockPool::create();
  std::uint32_t lane_ = 0;
  std::uint64_t next_ = 0;  // index of the next record; its position is one more

  std::mutex mutex_;  // what lag() reads
  bool opened_ = false;
  std::uint64_t committed_ = 0;
  std::uint64_t made_ = 0;
};

}  // namespace sluice::generator
