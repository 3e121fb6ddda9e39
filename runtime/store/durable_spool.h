// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/store/rocks.h"
#include "runtime/store/spool.h"
#include "runtime/store/spool_files.h"
#include "runtime/store/spool_index.h"

namespace sluice {

// The spool on RocksDB; in two files: spool.cc has what callers ask for, spool_upkeep.cc what keeps
// the files in order.
class DurableSpool final : public Spool {
 public:
  explicit DurableSpool(const SpoolOptions& options) : options_(options) {}

  Status open() SLUICE_EXCLUDES(io_, mutex_);
  Status append(std::span<const SpoolRecord> records) override SLUICE_EXCLUDES(io_, mutex_);
  Status peek(uint64_t after, size_t records, uint64_t bytes, SpoolItems& out) override
      SLUICE_EXCLUDES(io_, mutex_);
  Status each_place(const std::function<void(const SpoolPlace&)>& tell) override
      SLUICE_EXCLUDES(io_, mutex_);
  Status remove(std::span<const uint64_t> ids, bool sync) override SLUICE_EXCLUDES(io_, mutex_);
  [[nodiscard]] SpoolStats stats() const override SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] std::vector<SpoolLane> lanes() const override SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] SpoolLane lane(std::string_view source, std::string_view lane) const override
      SLUICE_EXCLUDES(mutex_);

 private:
  struct Front {
    uint64_t id = 0;  // no record below it
    int64_t spooled_us = 0;
  };
  using Found = std::vector<std::pair<uint64_t, store::SpoolEntry>>;
  using Damaged = std::vector<store::DamagedRecord>;

  // spool.cc
  Status check_room(uint64_t asked) const SLUICE_EXCLUDES(mutex_);
  void fill(std::span<const SpoolRecord> records) SLUICE_REQUIRES(io_) SLUICE_EXCLUDES(mutex_);
  uint32_t number_of(const SpoolRecord& record) SLUICE_REQUIRES(io_) SLUICE_EXCLUDES(mutex_);
  Status read_from(uint64_t id, size_t records, uint64_t bytes, SpoolItems& out, Damaged& damaged)
      SLUICE_REQUIRES(io_);
  Result<Found> find(std::span<const uint64_t> ids) SLUICE_REQUIRES(io_);
  void set_mark(uint64_t sequence, uint64_t records) SLUICE_REQUIRES(io_);
  Status take(const Found& found, bool sync) SLUICE_REQUIRES(io_) SLUICE_EXCLUDES(mutex_);

  // spool_upkeep.cc
  Status open_files() SLUICE_REQUIRES(io_) SLUICE_EXCLUDES(mutex_);
  Status make_ready() SLUICE_REQUIRES(io_) SLUICE_EXCLUDES(mutex_);
  Status failed(const Status& status) SLUICE_REQUIRES(io_);
  Status forget_unsure() SLUICE_REQUIRES(io_);
  Status set_aside(Damaged& damaged) SLUICE_REQUIRES(io_) SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] uint64_t front_id() const SLUICE_EXCLUDES(mutex_);
  Status find_front() SLUICE_REQUIRES(io_) SLUICE_EXCLUDES(mutex_);
  Status give_space_back() SLUICE_REQUIRES(io_) SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] Status contradiction(const std::string& what) const SLUICE_REQUIRES(io_);

  const SpoolOptions options_;

  Mutex io_;  // taken before mutex_; held across reads and writes
  std::unique_ptr<store::RocksDb> db_ SLUICE_GUARDED_BY(io_);
  std::optional<store::AcknowledgedMark> mark_ SLUICE_GUARDED_BY(io_);
  bool broken_ SLUICE_GUARDED_BY(io_) = false;  // a write failed: open anew before anything else
  uint64_t next_id_ SLUICE_GUARDED_BY(io_) = 1;
  // From next_id_ up to it: ids of an append that failed; 0: none.
  uint64_t unsure_until_ SLUICE_GUARDED_BY(io_) = 0;
  uint64_t removed_bytes_ SLUICE_GUARDED_BY(io_) = 0;  // since space was last given back
  // Kept for their memory.
  store::RocksBatch batch_ SLUICE_GUARDED_BY(io_);
  std::vector<store::SpoolEntry> entries_ SLUICE_GUARDED_BY(io_);
  std::vector<std::optional<std::string>> values_ SLUICE_GUARDED_BY(io_);
  std::string scratch_ SLUICE_GUARDED_BY(io_);

  mutable Mutex mutex_;
  store::SpoolIndex index_ SLUICE_GUARDED_BY(mutex_);
  Front front_ SLUICE_GUARDED_BY(mutex_);
  uint64_t disk_bytes_ SLUICE_GUARDED_BY(mutex_) = 0;
  uint64_t found_ SLUICE_GUARDED_BY(mutex_) = 0;
  uint64_t last_id_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
