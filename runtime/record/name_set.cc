// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/name_set.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace sluice {
namespace {

uint64_t process_seed() {
  static const uint64_t seed = [] {
    uint64_t value = 0;
    if (getentropy(&value, sizeof value) != 0) {
      value = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    }
    return value | 1;
  }();
  return seed;
}

uint64_t fold(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

uint32_t NameSet::hash(uint32_t object, std::string_view name) {
  const uint64_t seed = process_seed();
  uint64_t h = fold(seed ^ object, 0x9E3779B97F4A7C15ULL ^ name.size());
  const char* p = name.data();
  size_t left = name.size();
  for (; left >= 8; left -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    h = fold(h ^ word, seed ^ 0xD6E8FEB86659FD93ULL);
  }
  uint64_t word = 0;
  if (left > 0) std::memcpy(&word, p, left);
  h = fold(h ^ word, seed ^ 0xA0761D6478BD642FULL);
  return static_cast<uint32_t>(h ^ (h >> 32));
}

void NameSet::forget() {
  if (used_ == 0) return;
  used_ = 0;
  if (++epoch_ == 0) {
    std::fill(slots_.begin(), slots_.end(), Slot{});
    epoch_ = 1;
  }
}

void NameSet::grow() {
  std::vector<Slot> old(std::max<size_t>(256, slots_.size() * 2));
  old.swap(slots_);
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.epoch != epoch_) continue;
    size_t at = slot.hash & mask;
    while (slots_[at].epoch == epoch_) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

}  // namespace sluice
