// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "runtime/base/sha256.h"

namespace sluice {

class Batch;

// The keys of records on their way to sinks, by key. Open addressing in one array: nothing is
// allocated for a key. The seed keeps senders who choose keys from choosing places. Not
// thread-safe.
class InFlightKeys {
 public:
  struct Entry {
    Sha256Digest key{};
    const Batch* batch = nullptr;  // whose record; nullptr: a free place
    uint32_t record = 0;
    uint32_t answers = 0;  // parts times sinks that have not answered yet
  };

  InFlightKeys() : places_(kSmallest), seed_(std::random_device()()) {}

  // nullptr: not there. Valid until the next insert() or erase().
  Entry* find(const Sha256Digest& key) {
    Entry& at = places_[place_of(key)];
    return at.batch == nullptr ? nullptr : &at;
  }
  // The key must not be there.
  Entry& insert(const Sha256Digest& key, const Batch& batch, uint32_t record) {
    if ((size_ + 1) * 4 > places_.size() * 3) grow();
    Entry& at = places_[place_of(key)];
    at = {key, &batch, record, 0};
    ++size_;
    return at;
  }
  void erase(Entry& entry) {
    size_t hole = static_cast<size_t>(&entry - places_.data());
    places_[hole].batch = nullptr;
    --size_;
    // Whoever was pushed on by the one that went moves up, so that searches still end at a hole.
    for (size_t at = next(hole); places_[at].batch != nullptr; at = next(at)) {
      const size_t home = home_of(places_[at].key);
      const bool reachable = hole <= at ? hole < home && home <= at : hole < home || home <= at;
      if (reachable) continue;
      places_[hole] = places_[at];
      places_[at].batch = nullptr;
      hole = at;
    }
  }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  static constexpr size_t kSmallest = 1024;  // a power of two

  [[nodiscard]] size_t home_of(const Sha256Digest& key) const {
    uint64_t head = 0;
    std::memcpy(&head, key.data(), sizeof head);
    // The high half of the product hangs on all bits of the key's head.
    const uint64_t mixed = (head ^ seed_) * 0x9E3779B97F4A7C15U;
    return static_cast<size_t>(mixed >> 32) & (places_.size() - 1);
  }
  [[nodiscard]] size_t next(size_t place) const { return (place + 1) & (places_.size() - 1); }
  [[nodiscard]] size_t place_of(const Sha256Digest& key) const {
    size_t at = home_of(key);
    while (places_[at].batch != nullptr && places_[at].key != key) at = next(at);
    return at;
  }
  void grow() {
    std::vector<Entry> old(places_.size() * 2);
    old.swap(places_);
    for (const Entry& entry : old) {
      if (entry.batch != nullptr) places_[place_of(entry.key)] = entry;
    }
  }

  std::vector<Entry> places_;
  size_t size_ = 0;
  uint64_t seed_;
};

}  // namespace sluice
