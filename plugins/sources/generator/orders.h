// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::generator {

// No order record is longer.
inline constexpr std::size_t kLongestOrder = 1024;

// What is wrong with a record.
enum class Flaw : unsigned {
  kNone,
  kIdPattern,      // "EVT-..." instead of "evt_..."
  kPriorityEnum,   // "urgent"
  kRevisionType,   // a string instead of an integer
  kQuantityRange,  // 0 where at least 1 is wanted
  kExtraProperty,  // "x_debug"
  kTotalMissing,
  kCutOff,  // two thirds of the text: not JSON
};

// Writes order records. Record `index` depends on the seed, the share of bad records and the index
// alone, so reading may go on anywhere. Thread-safe.
class OrderWriter {
 public:
  // bad_percent: 0 to 100, share of records with a flaw.
  OrderWriter(std::uint64_t seed, double bad_percent);

  // Writes record `index` without a newline; `out` has room for kLongestOrder bytes. Returns its
  // length.
  std::size_t write(std::uint64_t index, char* out) const;
  [[nodiscard]] Flaw flaw(std::uint64_t index) const;

 private:
  std::uint64_t seed_;
  std::uint64_t bad_below_;  // of 2^32
};

}  // namespace sluice::generator
