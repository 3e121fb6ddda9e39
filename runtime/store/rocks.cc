// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/rocks.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>

#include "runtime/base/file.h"
#include "runtime/base/log.h"
#include "runtime/store/rocks_parts.h"
#include "runtime/store/rocks_setup.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

rocksdb::Slice slice_of(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view_of_slice(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// How far the log can be read, either up to the first damage or past it.
Result<uint64_t> last_sequence(const RocksOptions& options, rocksdb::WALRecoveryMode mode) {
  rocksdb::Options reading = rocks_options(options);
  reading.create_if_missing = false;
  reading.wal_recovery_mode = mode;
  RocksParts db;
  const rocksdb::Status opened = db.open(options, reading, /*read_only=*/true);
  if (!opened.ok()) return rocks_error(options, opened, "opening");
  return db->GetLatestSequenceNumber();
}

// A torn write may also look altered (the disk had not written all its sectors). It is the last
// thing in the log then; what can be read behind the damage would show that it is not.
Result<bool> damage_is_torn_tail(const RocksOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const uint64_t before,
                          last_sequence(options, rocksdb::WALRecoveryMode::kPointInTimeRecovery));
  SLUICE_ASSIGN_OR_RETURN(
      const uint64_t past,
      last_sequence(options, rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords));
  return past == before;
}

Status keep_logs(const RocksOptions& options) {
  if (options.keep_torn_in.empty()) return Status::ok();
  std::error_code error;
  fs::create_directories(options.keep_torn_in, error);
  for (fs::directory_iterator at(options.dir, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".log") continue;
    fs::copy_file(at->path(), options.keep_torn_in / at->path().filename(),
                  fs::copy_options::overwrite_existing, error);
  }
  if (!error) return Status::ok();
  return unavailable(options.dir.string() + ": keeping a copy of the torn log in " +
                     options.keep_torn_in.string() + ": " + error.message() +
                     "; make that folder writable and free space on its disk");
}

Status make_private_folder(const RocksOptions& options) {
  if (::mkdir(options.dir.c_str(), 0700) == 0 || errno == EEXIST) return Status::ok();
  const int error = errno;
  const bool full = error == ENOSPC || error == EDQUOT;
  return {full ? Code::kExhausted : Code::kUnavailable,
          options.dir.string() + ": cannot be created: " + errno_text(error) +
              "; make its parent a folder this user can write"};
}

}  // namespace

struct RocksBatch::Impl {
  rocksdb::WriteBatch batch;
  RocksRoute parts;
};

RocksBatch::RocksBatch() : impl_(std::make_unique<Impl>()) {}
RocksBatch::~RocksBatch() = default;
RocksBatch::RocksBatch(RocksBatch&&) noexcept = default;
RocksBatch& RocksBatch::operator=(RocksBatch&&) noexcept = default;

// Filling a batch fails only beyond limits that are never set, hence the ignored results.
void RocksBatch::put(std::string_view key, std::string_view value) {
  impl_->batch.Put(impl_->parts.of(key), slice_of(key), slice_of(value)).PermitUncheckedError();
}
void RocksBatch::put(std::string_view key, std::string_view value, std::string_view rest) {
  const rocksdb::Slice name = slice_of(key);
  const rocksdb::Slice pieces[] = {slice_of(value), slice_of(rest)};
  impl_->batch
      .Put(impl_->parts.of(key), rocksdb::SliceParts(&name, 1), rocksdb::SliceParts(pieces, 2))
      .PermitUncheckedError();
}
void RocksBatch::remove(std::string_view key) {
  impl_->batch.Delete(impl_->parts.of(key), slice_of(key)).PermitUncheckedError();
}
void RocksBatch::remove_range(std::string_view from, std::string_view until) {
  impl_->batch.DeleteRange(impl_->parts.of(from), slice_of(from), slice_of(until))
      .PermitUncheckedError();
}
void RocksBatch::clear() { impl_->batch.Clear(); }
bool RocksBatch::empty() const { return impl_->batch.Count() == 0; }
uint64_t RocksBatch::bytes() const { return impl_->batch.GetDataSize(); }

struct RocksCursor::Impl {
  const RocksOptions* options;
  rocksdb::DB* db;
  RocksRoute parts;
  rocksdb::ReadOptions how;
  rocksdb::ColumnFamilyHandle* part = nullptr;  // what iterator walks
  std::unique_ptr<rocksdb::Iterator> iterator;

  void walk(rocksdb::ColumnFamilyHandle* which) {
    part = which;
    iterator.reset(db->NewIterator(how, which));
  }
};

RocksCursor::RocksCursor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksCursor::~RocksCursor() = default;
RocksCursor::RocksCursor(RocksCursor&&) noexcept = default;
RocksCursor& RocksCursor::operator=(RocksCursor&&) noexcept = default;

void RocksCursor::seek(std::string_view key) {
  rocksdb::ColumnFamilyHandle* const part = impl_->parts.of(key);
  if (part != impl_->part) impl_->walk(part);
  impl_->iterator->Seek(slice_of(key));
}
void RocksCursor::next() { impl_->iterator->Next(); }
bool RocksCursor::valid() const { return impl_->iterator->Valid(); }
std::string_view RocksCursor::key() const { return view_of_slice(impl_->iterator->key()); }
std::string_view RocksCursor::value() const { return view_of_slice(impl_->iterator->value()); }
Status RocksCursor::status() const {
  const rocksdb::Status status = impl_->iterator->status();
  return status.ok() ? Status::ok() : rocks_error(*impl_->options, status, "reading");
}

struct RocksDb::Impl {
  [[nodiscard]] rocksdb::ReadOptions for_keys() const {
    rocksdb::ReadOptions out;
    out.fill_cache = !options.point_lookups;
    return out;
  }

  RocksOptions options;
  rocksdb::Options set;
  RocksParts db;
  bool torn = false;
  std::atomic<bool> failed{false};  // a write failed: nothing may be written after it

  // Nothing was written to it yet: it may have been left before it was whole.
  [[nodiscard]] bool is_unused() const {
    std::error_code error;
    for (fs::directory_iterator at(options.dir, error), end; !error && at != end;
         at.increment(error)) {
      const std::string kind = at->path().extension().string();
      if (kind == ".sst" || (kind == ".log" && at->file_size(error) != 0)) return false;
    }
    return !error;
  }
  [[nodiscard]] bool is_there() const {
    std::error_code ignored;  // it then counts as absent, and opening says what is wrong
    return fs::exists(options.dir / "CURRENT", ignored);
  }

  [[nodiscard]] RocksRoute parts() const { return {options.apart, db.parts()}; }
  [[nodiscard]] uint64_t total(const std::string& property) const {
    uint64_t sum = 0;
    for (rocksdb::ColumnFamilyHandle* part : db.parts()) {
      uint64_t value = 0;
      if (db->GetIntProperty(part, property, &value)) sum += value;
    }
    return sum;
  }

  Status open() {
    const rocksdb::Status opened = db.open(options, set, options.read_only);
    const bool lacks = opened.IsPathNotFound() || opened.IsInvalidArgument();
    if (lacks && is_there()) {
      // It names files it does not have, or has no part for keys apart: some were removed, or their
      // list is damaged.
      return rocks_error(options, rocksdb::Status::Corruption(opened.ToString()), "opening");
    }
    return opened.ok() ? Status::ok() : rocks_error(options, opened, "opening");
  }
};

RocksDb::RocksDb(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RocksDb::~RocksDb() {
  if (!impl_->db.is_open()) return;
  const rocksdb::Status closed = impl_->db.close();
  if (!closed.ok() && !impl_->failed) {
    log::warn("store.close", rocks_error(impl_->options, closed, "closing").message());
  }
}

Result<std::unique_ptr<RocksDb>> RocksDb::open(RocksOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->set = rocks_options(impl->options);
  const RocksOptions& asked = impl->options;
  const bool there = impl->is_there();
  if (asked.read_only && !there) {
    return not_found(asked.dir.string() + ": there is no database; it is made when it is needed");
  }
  if (!asked.read_only) SLUICE_RETURN_IF_ERROR(make_private_folder(asked));
  // In one that was used they are not made, but missed.
  impl->set.create_missing_column_families = !asked.read_only && impl->is_unused();
  Status opened = impl->open();
  if (opened.code() == Code::kCorrupt && there && !asked.skip_damage) {
    const auto torn = damage_is_torn_tail(asked);
    if (!torn || !*torn) return opened;
    if (!asked.read_only) SLUICE_RETURN_IF_ERROR(keep_logs(asked));
    impl->set.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    opened = impl->open();
    impl->torn = true;
    if (opened) {
      log::warn("store.torn",
                "the last write before the end of the last run was torn and is "
                "dropped; nobody was told that it is durable",
                {{"folder", asked.dir.string()}});
    }
  }
  SLUICE_RETURN_IF_ERROR(std::move(opened));
  return std::unique_ptr<RocksDb>(new RocksDb(std::move(impl)));
}

RocksBatch RocksDb::batch() const {
  RocksBatch out;
  out.impl_->parts = impl_->parts();
  return out;
}

Status RocksDb::write(RocksBatch& batch, bool sync) {
  if (impl_->options.read_only) {
    return invalid(impl_->options.dir.string() + ": opened for reading only");
  }
  if (impl_->failed) {
    return unavailable(impl_->options.dir.string() +
                       ": an earlier write failed; it has to be opened anew first");
  }
  rocksdb::WriteOptions how;
  how.sync = sync;
  const rocksdb::Status written = impl_->db->Write(how, &batch.impl_->batch);
  if (written.ok()) return Status::ok();
  impl_->failed = true;
  return rocks_error(impl_->options, written, "writing");
}

Result<std::optional<std::string>> RocksDb::get(std::string_view key) {
  std::string value;
  const rocksdb::Status got =
      impl_->db->Get(impl_->for_keys(), impl_->parts().of(key), slice_of(key), &value);
  if (got.IsNotFound()) return std::optional<std::string>();
  if (!got.ok()) return rocks_error(impl_->options, got, "reading");
  return std::optional<std::string>(std::move(value));
}

Status RocksDb::get_many(std::span<const std::string_view> keys,
                         std::vector<std::optional<std::string>>& values, bool sorted) {
  std::vector<rocksdb::Slice> names;
  names.reserve(keys.size());
  for (const std::string_view key : keys) names.push_back(slice_of(key));
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> results(keys.size());
  rocksdb::ColumnFamilyHandle* const part = impl_->parts().of(keys.empty() ? "" : keys.front());
  impl_->db->MultiGet(impl_->for_keys(), part, keys.size(), names.data(), found.data(),
                      results.data(), sorted);
  values.assign(keys.size(), std::nullopt);
  Status failure;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (results[i].ok()) {
      values[i].emplace(found[i].data(), found[i].size());
    } else if (!results[i].IsNotFound() && failure) {
      failure = rocks_error(impl_->options, results[i], "reading");
    }
  }
  return failure;
}

RocksCursor RocksDb::cursor(bool sequential) {
  auto impl = std::make_unique<RocksCursor::Impl>();
  impl->options = &impl_->options;
  impl->db = &*impl_->db;
  impl->parts = impl_->parts();
  impl->how.fill_cache = !sequential;
  if (sequential) impl->how.readahead_size = 1 << 20;
  impl->walk(impl->parts.of(""));
  return RocksCursor(std::move(impl));
}

Status RocksDb::flush() {
  const rocksdb::Status flushed = impl_->db->Flush(rocksdb::FlushOptions(), impl_->db.parts());
  return flushed.ok() ? Status::ok() : rocks_error(impl_->options, flushed, "writing");
}

Status RocksDb::compact() {
  for (rocksdb::ColumnFamilyHandle* part : impl_->db.parts()) {
    const rocksdb::Status done =
        impl_->db->CompactRange(rocksdb::CompactRangeOptions(), part, nullptr, nullptr);
    if (!done.ok()) return rocks_error(impl_->options, done, "rewriting");
  }
  return Status::ok();
}

Status RocksDb::drop_files(std::string_view from, std::string_view until) {
  const rocksdb::Slice begin = slice_of(from);
  const rocksdb::Slice end = slice_of(until);
  const rocksdb::Status done = rocksdb::DeleteFilesInRange(&*impl_->db, impl_->parts().of(from),
                                                           &begin, &end, /*include_end=*/false);
  return done.ok() ? Status::ok() : rocks_error(impl_->options, done, "dropping files");
}

Status RocksDb::verify() {
  rocksdb::ReadOptions how;
  how.readahead_size = 1 << 20;
  const rocksdb::Status whole = impl_->db->VerifyChecksum(how);
  return whole.ok() ? Status::ok() : rocks_error(impl_->options, whole, "verifying");
}

uint64_t RocksDb::last_sequence() const { return impl_->db->GetLatestSequenceNumber(); }
uint64_t RocksDb::disk_bytes() const {
  return impl_->total(rocksdb::DB::Properties::kTotalSstFilesSize);
}
uint64_t RocksDb::memory_bytes() const {
  uint64_t cache = 0;  // all parts have one
  impl_->db->GetIntProperty(rocksdb::DB::Properties::kBlockCacheUsage, &cache);
  return impl_->total(rocksdb::DB::Properties::kSizeAllMemTables) + cache +
         impl_->total(rocksdb::DB::Properties::kEstimateTableReadersMem);
}
uint64_t RocksDb::estimated_keys() const {
  return impl_->total(rocksdb::DB::Properties::kEstimateNumKeys);
}
bool RocksDb::torn_tail() const { return impl_->torn; }
const RocksOptions& RocksDb::options() const { return impl_->options; }

}  // namespace sluice::store
