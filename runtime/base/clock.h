// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sluice {

// Time as the runtime sees it, handed down so that tests decide what time it is. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic; for intervals and deadlines.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
  // Microseconds since 1970-01-01 UTC; for what people and other machines read.
  [[nodiscard]] virtual int64_t wall_us() const = 0;

  static const Clock& real();  // lives as long as the process
};

// A clock that stands until it is moved. Thread-safe.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::time_point(std::chrono::microseconds(us_.load()));
  }
  [[nodiscard]] int64_t wall_us() const override { return us_.load(); }
  void advance(std::chrono::microseconds by) { us_ += by.count(); }

 private:
  std::atomic<int64_t> us_{1'700'000'000'000'000};
};

}  // namespace sluice
