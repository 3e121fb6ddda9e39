// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "runtime/record/batch.h"

namespace sluice {

// One part on its way to one sink, with what was tried so far. Whoever holds it keeps its batch.
struct Delivery {
  Batch* batch = nullptr;
  const Part* part = nullptr;
  uint16_t attempts = 0;                 // answers RETRY
  uint16_t calls = 0;                    // calls that failed without a word about it
  uint16_t reason = SLUICE_REASON_NONE;  // of the last failure, an index of the component's reasons
  bool timed_out = false;                // the last failure was a call past its time limit
  // Goes ahead of the first record of its lane, whose attempts are spent, to see whose fault it is.
  bool ahead = false;
  uint64_t others_before = 0;  // records the sink had taken when this one failed first

  [[nodiscard]] const sluice_record& record() const { return batch->record(part->record); }
  [[nodiscard]] uint32_t lane() const { return record().lane; }
  // How often it was offered in vain.
  [[nodiscard]] uint32_t tries() const { return static_cast<uint32_t>(attempts) + calls; }
  // Has its lane left this process? Then it is dropped, unless a call has it.
  [[nodiscard]] bool left() const { return batch->left(part->record); }
  // What a sink batch rises in.
  [[nodiscard]] std::tuple<uint32_t, uint64_t, uint32_t> place() const {
    const sluice_record& from = record();
    return {from.lane, from.position, part->part};
  }
};

// For sorting without following pointers.
struct PlacedDelivery {
  std::tuple<uint32_t, uint64_t, uint32_t> place;
  uint32_t index = 0;
  bool operator<(const PlacedDelivery& other) const { return place < other.place; }
};

using Deliveries = std::vector<Delivery>;

// The batches that deliveries point into, each once as a rule.
class KeptBatches {
 public:
  void keep(BatchPtr batch) {
    if (!batches_.empty() && batches_.back() == batch) return;
    charged_bytes_ += batch->charged_bytes;
    batches_.push_back(std::move(batch));
  }
  // Takes over what another keeps.
  void absorb(KeptBatches& other) {
    for (BatchPtr& batch : other.batches_) keep(std::move(batch));
    other.clear();
  }
  void clear() {
    batches_.clear();
    charged_bytes_ = 0;
  }
  // What they hold of the byte budget.
  [[nodiscard]] uint64_t charged_bytes() const { return charged_bytes_; }
  [[nodiscard]] bool empty() const { return batches_.empty(); }
  [[nodiscard]] uint32_t source() const { return batches_.front()->source; }

 private:
  std::vector<BatchPtr> batches_;
  uint64_t charged_bytes_ = 0;
};

}  // namespace sluice
