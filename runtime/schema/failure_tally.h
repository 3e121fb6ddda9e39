// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/schema/validator.h"

namespace sluice {

// The pointer with the index of every array item as `*`: /items/0/qty and /items/7/qty are one
// path. `record` is what the pointer points into; without it nothing is folded.
std::string fold_items(const Document* record, std::string_view pointer);

// Failures of many records by path and keyword. Bounded: a record with a million new names neither
// fills it nor slows it down. Not thread-safe.
class FailureTally {
 public:
  struct Row {
    uint64_t count = 0;
    std::string path;
    std::string keyword;
    std::string expected;  // of the first failure
    std::string found;
    uint64_t line = 0;
  };
  static constexpr size_t kMaxRows = 1000;
  static constexpr size_t kMaxPathBytes = 200;

  void add(uint64_t line, const Document* record, const SchemaFailure& failure);
  // The most frequent first, at most `limit`.
  [[nodiscard]] std::vector<Row> rows(size_t limit) const;
  [[nodiscard]] size_t size() const { return rows_.size(); }
  // Failures at places for which there was no room.
  [[nodiscard]] uint64_t elsewhere() const { return elsewhere_; }

 private:
  std::map<std::tuple<std::string, std::string, std::string>, Row> rows_;
  uint64_t elsewhere_ = 0;
};

}  // namespace sluice
