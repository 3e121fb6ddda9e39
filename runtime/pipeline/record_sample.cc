// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/record_sample.h"

#include <algorithm>

namespace sluice {
namespace {

std::string_view text_of(const sluice_str& from) {
  return {from.data, static_cast<size_t>(from.size)};
}

}  // namespace

void RecordSample::put(std::string_view text) {
  bytes_ += text;
  sizes_.push_back(text.size());
}

uint32_t RecordSample::lane_number(std::string_view lane) {
  const auto at = std::find(lanes_.rbegin(), lanes_.rend(), lane);
  if (at != lanes_.rend()) return static_cast<uint32_t>(lanes_.rend() - at - 1);
  lanes_.emplace_back(lane);
  return static_cast<uint32_t>(lanes_.size() - 1);
}

void RecordSample::add(const sluice_record& record, std::string_view lane) {
  slots_.push_back({lane_number(lane), record.position, record.time_us, record.flags,
                    record.key.data != nullptr, record.value.data != nullptr, record.header_count,
                    sizes_.size()});
  put(record.key.data != nullptr ? text_of(record.key) : std::string_view());
  put(record.value.data != nullptr ? text_of(record.value) : std::string_view());
  for (uint32_t i = 0; i < record.header_count; ++i) {
    put(text_of(record.headers[i].key));
    put(text_of(record.headers[i].value));
  }
}

void RecordSample::add(const DeadLetter& letter) {
  slots_.push_back({lane_number(letter.lane), letter.position, letter.event_time_us, 0,
                    letter.key.has_value(), true, static_cast<uint32_t>(letter.headers.size()),
                    sizes_.size()});
  put(letter.key.value_or(std::string()));
  put(letter.raw);
  for (const auto& [name, value] : letter.headers) {
    put(name);
    put(value);
  }
}

RecordSample::Records RecordSample::records() const {
  Records out;
  size_t headers = 0;
  for (const Slot& slot : slots_) headers += slot.headers;
  out.headers.reserve(headers);
  out.records.reserve(slots_.size());
  const char* at = bytes_.data();
  for (const Slot& slot : slots_) {
    size_t size = slot.sizes;
    const auto take = [&] {
      const sluice_str text{at, sizes_[size]};
      at += sizes_[size++];
      return text;
    };
    sluice_record record{};
    const sluice_str key = take();
    const sluice_str value = take();
    if (slot.has_key) record.key = key;
    if (slot.has_value) record.value = value;
    record.headers = out.headers.data() + out.headers.size();
    record.header_count = slot.headers;
    for (uint32_t i = 0; i < slot.headers; ++i) {
      const sluice_str name = take();
      out.headers.push_back({name, take()});
    }
    record.lane = slot.lane;
    record.position = slot.position;
    record.time_us = slot.time_us;
    record.flags = slot.flags;
    out.records.push_back(record);
  }
  return out;
}

void RecordRing::add(const Batch& batch, const LaneName& lane_name) {
  // Only what will still be there afterwards is copied: the end of the batch.
  uint32_t first = batch.count();
  uint64_t bytes = 0;
  while (first > 0 && batch.count() - first < most_records_) {
    const sluice_record& record = batch.record(first - 1);
    bytes += record.value.size + record.key.size;
    if (bytes > most_bytes_) break;
    --first;
  }
  if (first == batch.count()) return;
  auto sample = std::make_shared<RecordSample>(batch.source);
  uint32_t lane = batch.record(first).lane;
  std::string name = lane_name(batch.source, lane);
  for (uint32_t i = first; i < batch.count(); ++i) {
    if (batch.record(i).lane != lane) {
      lane = batch.record(i).lane;
      name = lane_name(batch.source, lane);
    }
    sample->add(batch.record(i), name);
  }
  std::vector<std::shared_ptr<const RecordSample>> gone;  // freed outside the lock
  MutexLock lock(mutex_);
  records_ += sample->size();
  bytes_ += sample->bytes();
  samples_.push_back(std::move(sample));
  while (samples_.size() > 1 &&
         (records_ - samples_.front()->size() >= most_records_ || bytes_ > most_bytes_)) {
    records_ -= samples_.front()->size();
    bytes_ -= samples_.front()->bytes();
    gone.push_back(std::move(samples_.front()));
    samples_.pop_front();
  }
}

std::vector<std::shared_ptr<const RecordSample>> RecordRing::samples() const {
  MutexLock lock(mutex_);
  return {samples_.begin(), samples_.end()};
}

}  // namespace sluice
