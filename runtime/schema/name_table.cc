// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/name_table.h"

#include <functional>

namespace sluice::schema {
namespace {
constexpr uint32_t kFree = UINT32_MAX;
}

// The slot that holds the name, or the free one where it would go.
size_t NameTable::slot_of(std::string_view name) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = std::hash<std::string_view>{}(name)&mask;
  while (slots_[slot] != kFree && entries_[slots_[slot]].name != name) slot = (slot + 1) & mask;
  return slot;
}

void NameTable::grow() {
  slots_.assign(slots_.empty() ? 16 : slots_.size() * 2, kFree);
  for (uint32_t i = 0; i < entries_.size(); ++i) slots_[slot_of(entries_[i].name)] = i;
}

NameTable::Entry& NameTable::add(std::string_view name) {
  if (slots_.size() < 2 * (entries_.size() + 1)) grow();
  const size_t slot = slot_of(name);
  if (slots_[slot] == kFree) {
    slots_[slot] = static_cast<uint32_t>(entries_.size());
    entries_.push_back(Entry{.name = std::string(name)});
  }
  return entries_[slots_[slot]];
}

const NameTable::Entry* NameTable::find(std::string_view name) const {
  if (entries_.empty()) return nullptr;
  const uint32_t found = slots_[slot_of(name)];
  return found == kFree ? nullptr : &entries_[found];
}

}  // namespace sluice::schema
