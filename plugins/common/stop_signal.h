// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <sluice/context.hpp>

#include "plugins/common/fd.h"

namespace sluice::common {

// Lets an instance wait for time to pass and be woken at once by its own stop() or by the host's.
class StopSignal {
 public:
  explicit StopSignal(Context context) : context_(context) {}

  // Makes what waiting needs; before the first wait. Throws sluice::Transient.
  void open();
  // [any] Returns at once; may repeat; legal before open.
  void stop() noexcept;
  // [any]
  [[nodiscard]] bool stopped() const noexcept;
  // Waits; true as soon as stop is asked.
  [[nodiscard]] bool wait(std::chrono::nanoseconds time) noexcept;

 private:
  Context context_;
  Fd event_;
  std::atomic<int> event_fd_{-1};  // event_ as seen by stop()
  std::atomic<bool> stopped_{false};
};

}  // namespace sluice::common
