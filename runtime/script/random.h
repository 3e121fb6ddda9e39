// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace sluice::script {

// Pseudo-random numbers (xoshiro256**) that follow from their seed alone: the same on every
// machine.
class Random {
 public:
  void seed(std::span<const unsigned char, 32> seed);
  uint64_t next();
  // In [0, 1), of 53 bits.
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  // In [low, high], each as likely as the others.
  int64_t between(int64_t low, int64_t high);

 private:
  std::array<uint64_t, 4> state_{};
};

}  // namespace sluice::script
