// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>
#include <sluice/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {
inline namespace sdk {

inline std::string_view view(const sluice_str& text) noexcept {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
// False: absent, which differs from empty.
inline bool present(const sluice_str& text) noexcept { return text.data != nullptr; }
inline sluice_str str(std::string_view text) noexcept {
  return {text.data() == nullptr ? "" : text.data(), text.size()};
}
inline constexpr sluice_str kAbsent{nullptr, 0};

// The records given to a sink; borrowed for the duration of write. Steps by the host's stride, so
// it also works with a host whose records are longer than this SDK knows.
class Batch {
 public:
  explicit Batch(const sluice_batch& batch) noexcept : batch_(&batch) {}

  [[nodiscard]] std::size_t size() const noexcept { return batch_->count; }
  [[nodiscard]] bool empty() const noexcept { return batch_->count == 0; }
  [[nodiscard]] const sluice_record& operator[](std::size_t i) const noexcept {
    const auto* bytes = reinterpret_cast<const unsigned char*>(batch_->records);
    return *reinterpret_cast<const sluice_record*>(bytes + i * batch_->stride);
  }
  // Name of the source instance; with lane name, position and part it names a record for all time.
  [[nodiscard]] std::string_view origin() const noexcept {
    return batch_->origin == nullptr ? std::string_view() : std::string_view(batch_->origin);
  }
  [[nodiscard]] const sluice_batch& raw() const noexcept { return *batch_; }

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = sluice_record;
    using difference_type = std::ptrdiff_t;
    using pointer = const sluice_record*;
    using reference = const sluice_record&;
    Iterator(const Batch* batch, std::size_t i) noexcept : batch_(batch), i_(i) {}
    reference operator*() const noexcept { return (*batch_)[i_]; }
    pointer operator->() const noexcept { return &(*batch_)[i_]; }
    Iterator& operator++() noexcept {
      ++i_;
      return *this;
    }
    bool operator==(const Iterator& other) const noexcept { return i_ == other.i_; }

   private:
    const Batch* batch_;
    std::size_t i_;
  };
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, size()}; }

 private:
  const sluice_batch* batch_;
};

inline bool is_delete(const sluice_record& record) noexcept {
  return (record.flags & SLUICE_RECORDF_DELETE) != 0;
}
inline std::span<const sluice_header> headers(const sluice_record& record) noexcept {
  return {record.headers, record.headers == nullptr ? 0 : record.header_count};
}

namespace detail {

// Keeps the text behind outcomes until the next call, as the ABI wants it.
class DetailStore {
 public:
  void clear() noexcept { texts_.clear(); }
  sluice_str keep(std::string_view text) {
    constexpr std::size_t kLimit = 4000;  // the ABI allows under 4 KiB
    if (text.empty()) return kAbsent;
    std::string& copy = texts_.emplace_back();
    copy.resize(std::min(text.size(), kLimit));
    copy.resize(copy_text(text, copy.data(), copy.size()));
    return str(copy);
  }

 private:
  std::deque<std::string> texts_;  // a deque does not move what it holds
};

}  // namespace detail

// Where a sink says what became of each record. Cheap to copy. Say something of every record, or
// throw; a record left out is a bug the host logs.
class Outcomes {
 public:
  Outcomes(std::span<sluice_outcome> outcomes, detail::DetailStore& details) noexcept
      : outcomes_(outcomes), details_(&details) {}

  [[nodiscard]] std::size_t size() const noexcept { return outcomes_.size(); }
  // False: nothing was said of this record yet.
  [[nodiscard]] bool is_set(std::size_t i) const noexcept {
    return outcomes_[i].verdict != SLUICE_REC_UNSET;
  }

  // Durable at the destination.
  void ok(std::size_t i) noexcept { set(i, SLUICE_REC_OK, kNoReason, 0); }
  void ok_all() noexcept {
    for (std::size_t i = 0; i < size(); ++i) ok(i);
  }
  // It was already there: equal revision, or the same key.
  void duplicate(std::size_t i) noexcept {
    set(i, SLUICE_REC_OK, kNoReason, SLUICE_RECF_DUPLICATE);
  }
  // A newer revision in the same batch took its place.
  void superseded(std::size_t i) noexcept {
    set(i, SLUICE_REC_OK, kNoReason, SLUICE_RECF_SUPERSEDED);
  }
  // Transient: offer the same record again. maybe_applied: an effect may exist.
  template <ReasonIndex E>
  void retry(std::size_t i, E reason, std::string_view detail = {},
             std::chrono::milliseconds after = {}, bool maybe_applied = false) {
    set(i, SLUICE_REC_RETRY, static_cast<std::uint16_t>(reason),
        maybe_applied ? SLUICE_RECF_MAYBE_APPLIED : 0);
    outcomes_[i].detail = details_->keep(detail);
    outcomes_[i].retry_after_ms = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(static_cast<std::int64_t>(after.count()), 0, INT32_MAX));
  }
  // Permanent: the same bytes with the same configuration will always fail.
  template <ReasonIndex E>
  void reject(std::size_t i, E reason, std::string_view detail = {}) {
    set(i, SLUICE_REC_REJECT, static_cast<std::uint16_t>(reason), 0);
    outcomes_[i].detail = details_->keep(detail);
  }
  // The batch stopped before reaching it; counts no attempt.
  void untried(std::size_t i) noexcept { set(i, SLUICE_REC_UNTRIED, kNoReason, 0); }
  void untried_from(std::size_t first) noexcept {
    for (std::size_t i = first; i < size(); ++i) untried(i);
  }

 private:
  void set(std::size_t i, sluice_verdict verdict, std::uint16_t reason,
           std::uint32_t flags) noexcept {
    outcomes_[i] =
        sluice_outcome{verdict, reason, static_cast<std::uint16_t>(flags), 0, 0, kAbsent};
  }

  std::span<sluice_outcome> outcomes_;
  detail::DetailStore* details_;
};

// What one poll may return at most.
struct PollLimits {
  std::uint32_t max_records = 0;
  std::uint64_t max_bytes = 0;  // of values; the first record may exceed it
  std::chrono::milliseconds timeout{};
};

// What a source's poll found.
enum class Poll : sluice_rc {
  kRecords = SLUICE_OK,
  kIdle = SLUICE_IDLE,            // nothing arrived before the timeout
  kEnd = SLUICE_END,              // a finite source is exhausted; say it on every later poll
  kCancelled = SLUICE_CANCELLED,  // stop was asked
};

// One record as a source describes it. Set data == nullptr (the default) for absent key or value.
struct Record {
  std::string_view key{};
  std::string_view value{};
  std::span<const sluice_header> headers{};
  std::uint32_t lane = 0;
  std::uint64_t position = 0;
  std::int64_t time_us = 0;  // microseconds since 1970-01-01 UTC; 0: unknown
  std::uint32_t flags = 0;   // SLUICE_RECORDF_*
};

// Collects the records of one poll and owns their memory until the host releases the batch.
class BatchBuilder {
 public:
  explicit BatchBuilder(const PollLimits& limits) : limits_(limits) {}

  [[nodiscard]] const PollLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] std::size_t size() const noexcept {
    return storage_ ? storage_->records.size() : 0;
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  // True if a record with `next_bytes` of value must wait for the next poll.
  [[nodiscard]] bool full(std::uint64_t next_bytes = 0) const noexcept {
    if (size() >= limits_.max_records) return true;
    return !empty() && (bytes_ >= limits_.max_bytes || next_bytes > limits_.max_bytes - bytes_);
  }

  // Copies key, value and headers.
  void add(const Record& record) {
    Record own = record;
    own.key = copy(record.key);
    own.value = copy(record.value);
    if (!record.headers.empty()) {
      auto* list = static_cast<sluice_header*>(
          allocate(record.headers.size_bytes(), alignof(sluice_header)));
      for (std::size_t i = 0; i < record.headers.size(); ++i) {
        list[i] = {keep(record.headers[i].key), keep(record.headers[i].value)};
      }
      own.headers = {list, record.headers.size()};
    }
    add_view(own);
  }
  // Copies nothing: all bytes must live in memory given to hold() or got from copy().
  void add_view(const Record& record) {
    storage().records.push_back(sluice_record{{record.key.data(), record.key.size()},
                                              {record.value.data(), record.value.size()},
                                              record.headers.data(),
                                              static_cast<std::uint32_t>(record.headers.size()),
                                              record.lane,
                                              record.position,
                                              record.time_us,
                                              0,
                                              record.flags});
    bytes_ += record.value.size();
  }
  // Keeps `memory` alive as long as the batch. It may be let go on any thread.
  void hold(std::shared_ptr<const void> memory) { storage().held.push_back(std::move(memory)); }
  // A copy that lives as long as the batch; absent stays absent.
  std::string_view copy(std::string_view text) {
    if (text.data() == nullptr) return {};
    if (text.empty()) return {"", 0};
    auto* bytes = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
  }

  // For the wrapper: hands everything over; the builder is empty afterwards.
  void finish(sluice_batch* out) noexcept {
    if (empty()) return;
    out->struct_size = sizeof(sluice_batch);
    out->stride = sizeof(sluice_record);
    out->count = static_cast<std::uint32_t>(storage_->records.size());
    out->reserved = 0;
    out->records = storage_->records.data();
    out->origin = nullptr;
    out->owner = storage_.release();
    out->release = [](sluice_batch* batch) noexcept {
      std::unique_ptr<Storage> owned(static_cast<Storage*>(batch->owner));
      batch->owner = nullptr;
    };
    bytes_ = 0;
  }

 private:
  struct Storage {
    std::vector<sluice_record> records;
    std::vector<std::unique_ptr<std::byte[]>> chunks;
    std::vector<std::shared_ptr<const void>> held;
    std::size_t used = 0;  // of the newest chunk
    std::size_t room = 0;
  };

  Storage& storage() {
    if (!storage_) {
      storage_ = std::make_unique<Storage>();
      storage_->records.reserve(std::min<std::size_t>(limits_.max_records, 1024));
    }
    return *storage_;
  }
  sluice_str keep(const sluice_str& text) {
    const std::string_view copied = copy(view(text));
    return present(text) ? str(copied) : kAbsent;
  }
  void* allocate(std::size_t size, std::size_t alignment) {
    constexpr std::size_t kChunk = std::size_t{256} * 1024;
    Storage& s = storage();
    std::size_t start = (s.used + alignment - 1) / alignment * alignment;
    if (s.chunks.empty() || start > s.room || size > s.room - start) {
      const std::size_t room = std::max(size, kChunk);
      s.chunks.push_back(std::make_unique_for_overwrite<std::byte[]>(room));
      s.room = room;
      start = 0;
    }
    s.used = start + size;
    return s.chunks.back().get() + start;
  }

  PollLimits limits_;
  std::unique_ptr<Storage> storage_;
  std::uint64_t bytes_ = 0;
};

}  // namespace sdk
}  // namespace sluice
