// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/random.h"

#include <bit>

namespace sluice::script {

void Random::seed(std::span<const unsigned char, 32> seed) {
  for (size_t i = 0; i < state_.size(); ++i) {
    state_[i] = 0;
    for (size_t k = 0; k < 8; ++k) state_[i] = state_[i] << 8 | seed[i * 8 + k];
  }
  state_[0] |= 1;  // all zeros would stay so
}

uint64_t Random::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

int64_t Random::between(int64_t low, int64_t high) {
  const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  const uint64_t mask = range == 0 ? 0 : UINT64_MAX >> std::countl_zero(range);
  // What falls out of the range is drawn again: at most every other number does.
  uint64_t drawn = next() & mask;
  while (drawn > range) drawn = next() & mask;
  return static_cast<int64_t>(static_cast<uint64_t>(low) + drawn);
}

}  // namespace sluice::script
