// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/source_driver.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>

#include "runtime/conform/guarded.h"
#include "runtime/conform/outcome.h"

namespace sluice::conform {

namespace {

constexpr uint64_t kPlentyBytes = 64ULL << 20;
constexpr uint32_t kPollMs = 50;
// A source that has said IDLE for this long has nothing more for us.
constexpr auto kIdleFor = std::chrono::milliseconds(kSanitized ? 500 : 300);
// With the quirk slow_start: until the first record comes.
constexpr auto kStartLimit = std::chrono::seconds(4);
constexpr auto kCollectLimit = std::chrono::seconds(5);

std::string copy(sluice_str text) {
  return text.data == nullptr ? std::string() : std::string(text.data, text.size);
}

}  // namespace

SourceDriver::~SourceDriver() { release_all(); }

Result<std::vector<SeenRecord>> SourceDriver::read(const sluice_batch& batch) const {
  std::vector<SeenRecord> seen;
  seen.reserve(batch.count);
  if (batch.count > 0 && batch.records == nullptr) {
    return fail(fmt::format("poll: {} records, but records is NULL", batch.count));
  }
  const bool stride_ok = batch.stride >= sizeof(sluice_record) && batch.stride % 8 == 0;
  if (batch.count > 0 && !stride_ok) {
    return fail(fmt::format("poll: stride {}; expected a multiple of 8 and at least {}",
                            batch.stride, sizeof(sluice_record)));
  }
  const auto* at = reinterpret_cast<const char*>(batch.records);
  for (uint32_t i = 0; i < batch.count; ++i, at += batch.stride) {
    const auto* record = reinterpret_cast<const sluice_record*>(at);
    auto lane = instance_.host().lane_name(record->lane);
    if (!lane) {
      return fail(
          fmt::format("record {} of a batch is of lane {}, which was never opened "
                      "through sluice.host.lanes/1",
                      i, record->lane));
    }
    seen.push_back({*std::move(lane), record->position, copy(record->key), copy(record->value)});
  }
  return seen;
}

Result<Polled> SourceDriver::poll(uint32_t max_records, uint64_t max_bytes, uint32_t timeout_ms) {
  auto held = std::make_unique<HeldBatch>();
  Polled polled;
  {
    // The struct the adapter fills lives only for the call; the host keeps a copy.
    GuardedBlock block(sizeof(sluice_batch));
    auto* out = reinterpret_cast<sluice_batch*>(block.data());
    out->struct_size = sizeof(sluice_batch);
    ErrorBox error;
    sluice_rc rc = SLUICE_OK;
    {
      const CallScope scope(instance_, "poll");
      rc = instance_.source_ops().poll(instance_.source(), max_records, max_bytes, timeout_ms, out,
                                       error.get());
    }
    polled.answer = error.take(rc, instance_.breaches());
    std::memcpy(&held->batch, out, sizeof(sluice_batch));
  }
  if (!polled.answer.ok()) {
    if (held->batch.count != 0 || held->batch.records != nullptr ||
        held->batch.release != nullptr) {
      return fail(fmt::format("{} and left a batch of {} records; expected an empty one",
                              polled.answer.text("poll"), held->batch.count));
    }
    return polled;
  }
  // Taken over before it is looked at, so that it is released whatever is wrong with it.
  held_.push_back(std::move(held));
  polled.batch = held_.back().get();
  SLUICE_ASSIGN_OR_RETURN(polled.batch->seen, read(polled.batch->batch));
  instance_.host().handed_over(polled.batch->seen.size());
  return polled;
}

void SourceDriver::release(HeldBatch& held) {
  if (held.released) return;
  held.released = true;
  if (held.batch.release != nullptr) held.batch.release(&held.batch);
}

void SourceDriver::release_all() {
  for (auto& held : held_) {
    instance_.subject().env().phase("release");
    release(*held);
  }
  held_.clear();
}

Result<SourceDriver::Collected> SourceDriver::collect(size_t limit, uint32_t per_poll) {
  using Clock = std::chrono::steady_clock;
  Collected all;
  const auto started = Clock::now();
  auto last_record = started;
  while (all.records.size() < limit) {
    SLUICE_ASSIGN_OR_RETURN(const Polled polled, poll(per_poll, kPlentyBytes, kPollMs));
    const auto now = Clock::now();
    if (polled.answer.ok()) {
      all.records.insert(all.records.end(), polled.batch->seen.begin(), polled.batch->seen.end());
      if (!polled.batch->seen.empty()) last_record = now;
      release_all();
    } else if (polled.answer.rc == SLUICE_END) {
      all.ended = true;
      return all;
    } else if (polled.answer.rc != SLUICE_IDLE) {
      return fail(polled.answer.text("poll"));
    }
    const bool starting = all.records.empty() && instance_.subject().fixture().has("slow_start");
    const std::chrono::milliseconds quiet = starting ? kStartLimit : kIdleFor;
    if (now - last_record > quiet) {
      all.idle = true;
      return all;
    }
    if (now - started > kCollectLimit) return all;
  }
  return all;
}

Answer SourceDriver::ack(const std::vector<sluice_mark>& marks) {
  GuardedBlock block(marks.size() * sizeof(sluice_mark));
  if (!marks.empty()) std::memcpy(block.data(), marks.data(), block.size());
  ErrorBox error;
  const CallScope scope(instance_, "ack");
  const sluice_rc rc = instance_.source_ops().ack(
      instance_.source(), reinterpret_cast<const sluice_mark*>(block.data()),
      static_cast<uint32_t>(marks.size()), error.get());
  return error.take(rc, instance_.breaches());
}

Status SourceDriver::close() {
  release_all();
  const Answer answer = instance_.close();
  if (!answer.ok() && answer.rc != SLUICE_CANCELLED) return fail(answer.text("close"));
  return Status::ok();
}

ByLane by_lane(const std::vector<SeenRecord>& records) {
  ByLane lanes;
  for (const auto& record : records) lanes[record.lane].push_back(record);
  return lanes;
}

}  // namespace sluice::conform
