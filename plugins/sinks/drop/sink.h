// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.hpp>

#include <cstdint>

namespace sluice::drop_sink {

enum class Metric : std::uint16_t { kRecords, kBytes, kCount };

// Takes everything, keeps nothing, counts both.
class DropSink {
 public:
  DropSink(Context context, const Config& config);

  void write(const Batch& batch, Outcomes out);
  void probe() {}

 private:
  Context context_;
};

extern const sluice_component kDropSink;

}  // namespace sluice::drop_sink
