// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/scan.h"

namespace sluice::schema {

// Names of members with what a schema says of each. Records of one source tend to have their
// members in one order, so a lookup first tries the name that followed the last one found in the
// record before (in the beginning, in the schema), then a hash.
class NameTable {
 public:
  struct Entry {
    std::string name;
    uint32_t rule = UINT32_MAX;  // UINT32_MAX: only required
    bool required = false;
  };

  // Adds the name or returns what is there.
  Entry& add(std::string_view name);

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

  // Calls visit(uint32_t&) for each entry's rule.
  template <typename Visit>
  void for_each_rule(Visit&& visit) {
    for (Entry& entry : entries_) visit(entry.rule);
  }

  // Takes slots for the hints of its lookups from `first` on; answers the first one after them.
  size_t take_hints(size_t first) {
    first_hint_ = first;
    return first + entries_.size() + 1;
  }

  // The entry, or nullptr.
  [[nodiscard]] const Entry* find(std::string_view name) const;
  // The same with a guess. `cursor` begins at 0 and is kept over the members of one object. `hints`
  // belong to the thread: one number for each slot that was taken, 0 in the beginning.
  [[nodiscard]] const Entry* find(std::string_view name, size_t* cursor, uint32_t* hints) const {
    uint32_t& hint = hints[first_hint_ + *cursor];
    // Modulo 2^32, so that a hint can point backwards too.
    const uint32_t guess = static_cast<uint32_t>(*cursor) + hint;
    if (guess < entries_.size() && same(entries_[guess].name, name)) {
      *cursor = guess + 1;
      return &entries_[guess];
    }
    const Entry* const found = find(name);
    if (found != nullptr) {
      const auto at = static_cast<uint32_t>(found - entries_.data());
      hint = at - static_cast<uint32_t>(*cursor);
      *cursor = at + 1;
    }
    return found;
  }

 private:
  static bool same(const std::string& known, std::string_view name) {
    return known.size() == name.size() && scan::same_bytes(known.data(), name.data(), name.size());
  }
  [[nodiscard]] size_t slot_of(std::string_view name) const;
  void grow();

  std::vector<Entry> entries_;
  size_t first_hint_ = 0;
  std::vector<uint32_t> slots_;  // open addressing, a power of two at least twice the entries
};

}  // namespace sluice::schema
