// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/spooled_batch.h"

namespace sluice {
namespace {

// Batches of a spool are told from those that were just received: their lanes have other numbers.
constexpr uint32_t kSpooledSource = 1U << 31;

sluice_str str_of(std::string_view from) { return {from.data(), from.size()}; }

// Nothing waits for such a batch as a whole.
class Nobody final : public SettlementListener {
 public:
  void segment_settled(std::shared_ptr<Batch>, uint32_t) override {}
  void batch_gone(const Batch&) override {}
};

void release_spooled(sluice_batch* batch) { delete static_cast<SpooledBatch*>(batch->owner); }

}  // namespace

void SpooledBatch::add(const SpoolItem& item, uint32_t lane) {
  const SpoolRecord& from = item.record;
  sluice_record to{};
  to.key = str_of(from.raw_key);
  to.value = str_of(from.raw);
  to.lane = lane;
  to.position = from.position;
  to.flags = from.raw_flags;
  to.time_us = from.event_time_us;
  if (!from.headers.empty()) {
    auto& headers = headers_.emplace_back();
    for (const SpoolHeader& header : from.headers) {
      headers.push_back({str_of(header.name), str_of(header.value)});
    }
    to.headers = headers.data();
    to.header_count = static_cast<uint32_t>(headers.size());
  }
  records_.push_back(to);
  picked_.push_back(&item);
}

BatchPtr SpooledBatch::finish(std::unique_ptr<SpooledBatch> made, BatchBufferPool& pool,
                              uint16_t sink) {
  static Nobody nobody;
  sluice_batch raw{};
  raw.struct_size = sizeof raw;
  raw.stride = sizeof(sluice_record);
  raw.count = static_cast<uint32_t>(made->records_.size());
  raw.records = made->records_.data();
  raw.release = release_spooled;
  SpooledBatch* origin = made.release();
  raw.owner = origin;
  auto batch = std::make_shared<Batch>(raw, pool, nobody);
  batch->source = kSpooledSource | origin->source_;
  batch->spooled = origin;
  for (uint32_t i = 0; i < raw.count; ++i) {
    const SpoolRecord& from = origin->item(i).record;
    Part part;
    part.value = from.value;
    part.key = from.key;
    part.record = i;
    part.part = from.part;
    part.flags = from.flags;
    part.sink = sink;
    batch->parts().push_back(part);
  }
  return batch;
}

SpoolOrigin::Names SpooledBatch::names(uint32_t record) const {
  const SpoolRecord& from = item(record).record;
  return {from.source,      from.lane,  from.schema_version, from.script_hash,
          from.bundle_hash, from.sinks, from.attempts,       from.received_us};
}

}  // namespace sluice
