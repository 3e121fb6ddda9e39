// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "runtime/deliver/sink_spool.h"

namespace sluice {

// Records of one source, read back from a spool, in the shape of a batch: value and key are the
// original ones, parts hold what the sink is given. Owns what the batch points into and goes with
// it; such a batch settles record by record, through its spool.
class SpooledBatch final : public SpoolOrigin {
 public:
  SpooledBatch(SinkSpool& spool, std::shared_ptr<SpoolItems> items, uint32_t source)
      : spool_(spool), items_(std::move(items)), source_(source) {
    ++spool_.batches_out_;
  }
  ~SpooledBatch() override { --spool_.batches_out_; }

  void add(const SpoolItem& item, uint32_t lane);
  static BatchPtr finish(std::unique_ptr<SpooledBatch> made, BatchBufferPool& pool, uint16_t sink);

  [[nodiscard]] const SpoolItem& item(uint32_t record) const { return *picked_[record]; }
  [[nodiscard]] Names names(uint32_t record) const override;
  void letter_written(uint32_t record) override { spool_.letter_written(item(record)); }

 private:
  SinkSpool& spool_;
  std::shared_ptr<SpoolItems> items_;
  uint32_t source_;
  std::vector<const SpoolItem*> picked_;
  std::vector<sluice_record> records_;
  std::deque<std::vector<sluice_header>> headers_;
};

}  // namespace sluice
