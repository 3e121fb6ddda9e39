// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/generator/generator_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "plugins/common/options.h"

namespace sluice::generator {
namespace {

constexpr double kMostHeld = 0.1;         // seconds of credit
constexpr double kWorthwhile = 0.01;      // seconds of records worth a batch
constexpr double kSlowest = 1.0 / 86400;  // one record a day; also keeps waits within range

std::uint64_t whole(const Config& config, std::string_view pointer, std::int64_t fallback) {
  const std::int64_t value = config.integer(pointer, fallback);
  if (value >= 0) return static_cast<std::uint64_t>(value);
  throw BadConfig(std::string(pointer) + ": expected 0 or more, found " + std::to_string(value));
}

double read_bad_percent(const Config& config) {
  const double value = config.number("/bad_percent", 0);
  if (value >= 0 && value <= 100) return value;
  throw BadConfig("/bad_percent: expected a number from 0 to 100, found " +
                  std::string(config.json("/bad_percent")));
}

double read_rate(const Config& config) {
  const double value = config.rate("/rate", 0);
  if (value == 0 || (value >= kSlowest && std::isfinite(value))) return value;
  throw BadConfig("/rate: expected a rate such as 50000/s, or 0 for no limit, found " +
                  std::string(config.json("/rate")));
}

// The same name must always mean the same records, so all that shapes them is in it.
std::string lane_name(std::uint64_t seed, double bad_percent) {
  std::string name = "generator/orders/" + std::to_string(seed);
  if (bad_percent == 0) return name;
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bad_percent).ptr;
  return name.append("/bad-").append(digits.data(), end);
}

sluice_rc lag_of(sluice_source* source, void (*each)(void*, const sluice_lane_lag*), void* ctx) {
  return guard(nullptr, SLUICE_E_FATAL, [&] {
    self<GeneratorSource>(source).lag(each, ctx);
    return SLUICE_OK;
  });
}

constexpr sluice_source_lag kLagTable{sizeof(sluice_source_lag), 0, &lag_of};

}  // namespace

Pace::Pace(double rate) : rate_(rate), most_(std::max(1.0, rate * kMostHeld)) {}

std::uint64_t Pace::allowed(Clock::time_point now) {
  if (rate_ == 0) return UINT64_MAX;
  if (last_) {
    const double seconds = std::chrono::duration<double>(now - *last_).count();
    credit_ = std::min(most_, credit_ + seconds * rate_);
  } else {
    credit_ = 1;  // the first record comes at once
  }
  last_ = now;
  return static_cast<std::uint64_t>(credit_);
}

void Pace::spend(std::uint64_t records) {
  if (rate_ != 0) credit_ -= static_cast<double>(records);
}

std::chrono::nanoseconds Pace::until_worthwhile(std::uint64_t wanted) const {
  if (rate_ == 0) return {};
  const double target =
      std::clamp(rate_ * kWorthwhile, 1.0, std::max(1.0, static_cast<double>(wanted)));
  const double seconds = std::max(0.0, (target - credit_) / rate_);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::ceil(seconds * 1e9)));
}

GeneratorSource::GeneratorSource(Context context, const Config& config)
    : context_(context),
      count_(whole(config, "/count", 0)),
      seed_(whole(config, "/seed", 1)),
      bad_percent_(read_bad_percent(config)),
      writer_(seed_, bad_percent_),
      pace_(read_rate(config)),
      lane_name_(lane_name(seed_, bad_percent_)),
      stop_(context) {
  common::refuse_unknown(config, {"profile", "count", "rate", "seed", "bad_percent"});
  if (const std::string profile = config.string("/profile", "orders"); profile != "orders") {
    throw BadConfig("/profile: expected orders, found " + profile);
  }
}

void GeneratorSource::open() {
  stop_.open();
  const Lane lane = context_.lanes().open(lane_name_);
  lane_ = lane.id;
  next_ = lane.resume.value_or(0);  // position p is record p - 1
  const std::lock_guard lock(mutex_);
  opened_ = true;
  committed_ = made_ = next_;
}

Poll GeneratorSource::poll(const PollLimits& limits, BatchBuilder& out) {
  if (stop_.stopped()) return Poll::kCancelled;
  if (exhausted()) return Poll::kEnd;
  const auto deadline = Pace::Clock::now() + limits.timeout;
  const std::uint64_t left = count_ == 0 ? UINT64_MAX : count_ - next_;
  const std::uint64_t wanted = std::min<std::uint64_t>(limits.max_records, left);
  if (wanted == 0) return Poll::kIdle;
  for (;;) {
    const auto now = Pace::Clock::now();
    const std::uint64_t allowed = std::min(pace_.allowed(now), wanted);
    const auto pause = pace_.until_worthwhile(wanted);
    if (allowed > 0 && (pause.count() == 0 || now + pause > deadline)) {
      fill(allowed, out);
      return Poll::kRecords;
    }
    if (now >= deadline) return Poll::kIdle;
    if (stop_.wait(std::min<std::chrono::nanoseconds>(pause, deadline - now))) {
      return Poll::kCancelled;
    }
  }
}

void GeneratorSource::fill(std::uint64_t most, BatchBuilder& out) {
  common::BlockRef block;
  std::size_t used = 0;
  std::uint64_t made = 0;
  while (made < most) {
    if (!block || block->capacity() - used < kLongestOrder) {
      const std::uint64_t room = std::min<std::uint64_t>(most - made, 1024) * kLongestOrder;
      block = pool_->take(std::min<std::size_t>(room, common::BlockPool::kStandard));
      out.hold(block);
      used = 0;
    }
    char* const text = block->data() + used;
    const std::size_t length = writer_.write(next_, text);
    if (out.full(length)) break;
    used += length;
    ++next_;
    ++made;
    out.add_view({.value = {text, length}, .lane = lane_, .position = next_});
  }
  pace_.spend(made);
  const std::lock_guard lock(mutex_);
  made_ = next_;
}

void GeneratorSource::ack(std::span<const sluice_mark> marks) {
  const std::lock_guard lock(mutex_);
  for (const sluice_mark& mark : marks) {
    if (mark.lane == lane_ && opened_) committed_ = std::max(committed_, mark.position);
  }
}

const void* GeneratorSource::extension(std::string_view id) {
  return id == SLUICE_EXT_SOURCE_LAG ? &kLagTable : nullptr;
}

void GeneratorSource::lag(void (*each)(void*, const sluice_lane_lag*), void* ctx) {
  sluice_lane_lag row{};
  {
    const std::lock_guard lock(mutex_);
    if (!opened_) return;
    row.struct_size = sizeof(row);
    row.lane = lane_;
    row.name = str(lane_name_);
    row.committed = committed_;
    row.end = count_ == 0 ? made_ : count_;
    row.seconds_behind = -1.0;
  }
  row.end = std::max(row.end, row.committed);
  row.records_behind = static_cast<std::int64_t>(row.end - row.committed);
  each(ctx, &row);
}

}  // namespace sluice::generator
