// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice {

// Names seen in the large objects of one parse, for finding duplicates in constant time. The hash
// is keyed by a random number of this process, so that no sender can choose names that collide.
// forget() is O(1); memory is kept.
class NameSet {
 public:
  struct Slot {
    uint32_t epoch = 0;
    uint32_t object = 0;
    uint32_t name = 0;
    uint32_t hash = 0;
  };

  static uint32_t hash(uint32_t object, std::string_view name);

  void forget();
  // Calls same(name_node) for candidates; inserts `name` and answers false unless one is the same.
  template <typename Same>
  bool insert(uint32_t object, uint32_t name, uint32_t hash, const Same& same) {
    if ((used_ + 1) * 2 > slots_.size()) grow();
    const size_t mask = slots_.size() - 1;
    size_t at = hash & mask;
    for (; slots_[at].epoch == epoch_; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.hash == hash && slot.object == object && same(slot.name)) return true;
    }
    slots_[at] = Slot{epoch_, object, name, hash};
    ++used_;
    return false;
  }

 private:
  void grow();

  std::vector<Slot> slots_;
  size_t used_ = 0;
  uint32_t epoch_ = 1;
};

}  // namespace sluice
