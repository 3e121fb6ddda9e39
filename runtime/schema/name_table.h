// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::schema {

// Names of members with what a schema says of each. Records of one source tend to have their
// members in one order, so a lookup first tries the name after the last one found, then a hash.
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

  // The entry, or nullptr. `cursor` begins at 0 and is kept over the members of one object.
  [[nodiscard]] const Entry* find(std::string_view name, size_t* cursor) const {
    if (*cursor < entries_.size() && entries_[*cursor].name == name) return &entries_[(*cursor)++];
    return find_slow(name, cursor);
  }

 private:
  [[nodiscard]] const Entry* find_slow(std::string_view name, size_t* cursor) const;
  [[nodiscard]] size_t slot_of(std::string_view name) const;
  void grow();

  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // open addressing, a power of two at least twice the entries
};

}  // namespace sluice::schema
