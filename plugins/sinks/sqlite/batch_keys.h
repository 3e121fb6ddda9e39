// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::sqlite_sink {

// For the keys of one batch, the row that holds the key at the destination: the last one written,
// or found there already. Open addressing over row numbers; the caller hashes and compares keys, so
// none is copied. Memory is kept from batch to batch.
class BatchKeys {
 public:
  struct Holder {
    uint64_t hash = 0;
    uint32_t row_plus_one = 0;  // 0: a free slot
    int64_t revision = 0;

    [[nodiscard]] bool held() const { return row_plus_one != 0; }
    [[nodiscard]] uint32_t row() const { return row_plus_one - 1; }
    void hold(uint32_t row, int64_t at_revision) {
      row_plus_one = row + 1;
      revision = at_revision;
    }
  };

  // Forgets all keys; room for `rows` of them.
  void reset(size_t rows) {
    size_t size = 16;
    while (size < rows * 2) size *= 2;
    slots_.assign(size, Holder{});
  }

  // The key's slot, free if no row holds it yet. `same(row)` tells whether that row has the key
  // looked for. Valid until reset.
  template <typename Same>
  Holder& slot(uint64_t hash, const Same& same) {
    const size_t mask = slots_.size() - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      Holder& holder = slots_[i];
      if (!holder.held()) {
        holder.hash = hash;
        return holder;
      }
      if (holder.hash == hash && same(holder.row())) return holder;
    }
  }

 private:
  std::vector<Holder> slots_;
};

}  // namespace sluice::sqlite_sink
