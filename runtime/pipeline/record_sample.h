// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/record/batch.h"
#include "runtime/store/dead_letter_store.h"

namespace sluice {

// Copies of records of one source, as they were handed over. Bytes lie one after the other, so that
// many of them are a few pieces of memory.
class RecordSample {
 public:
  explicit RecordSample(uint32_t source) : source_(source) {}

  void add(const sluice_record& record, std::string_view lane);
  void add(const DeadLetter& letter);

  [[nodiscard]] uint32_t source() const { return source_; }
  [[nodiscard]] size_t size() const { return slots_.size(); }
  [[nodiscard]] size_t bytes() const { return bytes_.size(); }
  [[nodiscard]] const std::vector<std::string>& lanes() const { return lanes_; }
  // The records again; `lane` is an index into lanes(). Valid as long as both.
  struct Records {
    std::vector<sluice_record> records;
    std::vector<sluice_header> headers;
  };
  [[nodiscard]] Records records() const;

 private:
  struct Slot {
    uint32_t lane = 0;
    uint64_t position = 0;
    int64_t time_us = 0;
    uint32_t flags = 0;
    bool has_key = false;
    bool has_value = false;
    uint32_t headers = 0;
    std::vector<uint64_t>::size_type sizes = 0;  // first of its sizes: key, value, headers
  };
  void put(std::string_view text);
  uint32_t lane_number(std::string_view lane);

  const uint32_t source_;
  std::string bytes_;
  std::vector<uint64_t> sizes_;
  std::vector<Slot> slots_;
  std::vector<std::string> lanes_;
};

// The last records of a pipeline, bounded in number and bytes. Thread-safe; one lock a batch.
class RecordRing {
 public:
  using LaneName = std::function<std::string(uint32_t source, uint32_t lane)>;
  RecordRing(uint32_t records, uint64_t bytes) : most_records_(records), most_bytes_(bytes) {}

  void add(const Batch& batch, const LaneName& lane_name) SLUICE_EXCLUDES(mutex_);
  // Oldest first.
  [[nodiscard]] std::vector<std::shared_ptr<const RecordSample>> samples() const
      SLUICE_EXCLUDES(mutex_);

 private:
  const uint32_t most_records_;
  const uint64_t most_bytes_;
  mutable Mutex mutex_;
  std::deque<std::shared_ptr<const RecordSample>> samples_ SLUICE_GUARDED_BY(mutex_);
  uint64_t records_ SLUICE_GUARDED_BY(mutex_) = 0;
  uint64_t bytes_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
