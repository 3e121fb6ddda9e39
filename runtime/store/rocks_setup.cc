// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/rocks_setup.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <sys/stat.h>

#include <cerrno>

#include "runtime/base/file.h"

namespace sluice::store {
namespace {

std::string_view view_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// RocksDB's own log would be a file that grows; what matters comes back as a Status.
class NoLog final : public rocksdb::Logger {
 public:
  NoLog() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

// State files are 0600; RocksDB has no option for it.
class PrivateFiles final : public rocksdb::FileSystemWrapper {
 public:
  using rocksdb::FileSystemWrapper::FileSystemWrapper;
  [[nodiscard]] const char* Name() const override { return "SluicePrivateFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    return made_private(name, target()->NewWritableFile(name, options, file, context));
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* context) override {
    return made_private(name, target()->ReopenWritableFile(name, options, file, context));
  }
  rocksdb::IOStatus NewRandomRWFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* file,
                                    rocksdb::IODebugContext* context) override {
    return made_private(name, target()->NewRandomRWFile(name, options, file, context));
  }

  rocksdb::IOStatus LockFile(const std::string& name, const rocksdb::IOOptions& options,
                             rocksdb::FileLock** lock, rocksdb::IODebugContext* context) override {
    return made_private(name, target()->LockFile(name, options, lock, context));
  }

 private:
  static rocksdb::IOStatus made_private(const std::string& name, rocksdb::IOStatus made) {
    if (made.ok() && ::chmod(name.c_str(), 0600) != 0) {
      return rocksdb::IOStatus::IOError(name, "mode 0600: " + errno_text(errno));
    }
    return made;
  }
};

rocksdb::Env* private_env() {
  // Kept to the end of the process: background threads may outlive every object of ours.
  static rocksdb::Env* const env =
      rocksdb::NewCompositeEnv(
          std::make_shared<PrivateFiles>(rocksdb::Env::Default()->GetFileSystem()))
          .release();
  return env;
}

class DropObsolete final : public rocksdb::CompactionFilter {
 public:
  explicit DropObsolete(const std::function<bool(std::string_view, std::string_view)>& obsolete)
      : obsolete_(obsolete) {}
  [[nodiscard]] const char* Name() const override { return "SluiceDropObsolete"; }
  bool Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& value,
              std::string* /*changed*/, bool* /*is_changed*/) const override {
    return obsolete_(view_of(key), view_of(value));
  }

 private:
  const std::function<bool(std::string_view, std::string_view)>& obsolete_;
};

class DropObsoleteFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit DropObsoleteFactory(std::function<bool(std::string_view, std::string_view)> obsolete)
      : obsolete_(std::move(obsolete)) {}
  [[nodiscard]] const char* Name() const override { return "SluiceDropObsolete"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& /*context*/) override {
    return std::make_unique<DropObsolete>(obsolete_);
  }

 private:
  const std::function<bool(std::string_view, std::string_view)> obsolete_;
};

rocksdb::BlockBasedTableOptions table_options(const RocksOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.cache_bytes, /*num_shard_bits=*/2);
  // Inside the cache, so that memory stays bounded however many files there are.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = options.block_bytes;
  table.format_version = 5;
  if (options.point_lookups) {
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
    // Blocks that are read for one key go as they came, and filters must not go with them.
    table.metadata_cache_options.unpartitioned_pinning = rocksdb::PinningTier::kAll;
  }
  if (options.bloom_bits > 0) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(options.bloom_bits));
  }
  return table;
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Code code_of_rocks(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  if (status.IsNoSpace() || status.IsMemoryLimit()) return Code::kExhausted;
  // RocksDB tells a full disk apart, but not a used-up quota or a file's limit.
  if (says(text, errno_text(EDQUOT)) || says(text, errno_text(EFBIG))) return Code::kExhausted;
  if (status.IsIOError() && (says(text, "While lock file") || says(text, "lock hold by"))) {
    return Code::kExists;
  }
  if (status.IsCorruption()) return Code::kCorrupt;
  if (status.IsNotFound() || status.IsPathNotFound()) return Code::kNotFound;
  if (status.IsIOError() || status.IsBusy() || status.IsTimedOut() || status.IsTryAgain() ||
      status.IsShutdownInProgress() || status.IsAborted()) {
    return Code::kUnavailable;
  }
  return Code::kInternal;
}

std::string rocks_advice(const RocksOptions& options, Code code) {
  switch (code) {
    case Code::kExhausted:
      return "free space on the disk (or raise its quota) and try again; nothing that was "
             "acknowledged is lost";
    case Code::kExists:
      return "another process has it open; end that one and try again";
    case Code::kCorrupt:
      if (!options.repair.empty()) return "stop the runtime and run `" + options.repair + "`";
      return "the files are damaged; stop the runtime and set them aside: mv \"" +
             options.dir.string() + "\" \"" + options.dir.string() + ".damaged\"; " + options.loss;
    case Code::kUnavailable:
      return "check that the folder exists, is writable by this user and lies on a local disk";
    default:
      return "please report this with the message";
  }
}

}  // namespace

rocksdb::Options rocks_options(const RocksOptions& options) {
  rocksdb::Options out;
  out.env = private_env();
  out.create_if_missing = !options.read_only;
  // So that no log is kept for one part that has what the tables of the other have already: a
  // repair would have it twice.
  out.atomic_flush = !options.apart.empty();
  out.paranoid_checks = !options.skip_damage;
  // An incomplete last write is what a crash leaves; anything else that is wrong is damage.
  out.wal_recovery_mode = options.skip_damage
                              ? rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords
                              : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // Also where damage is to be passed over: RocksDB 7.8 ends the process when it reads a database
  // with tracked logs and is told not to track them. A log that is not as it was tracked is for
  // repair().
  out.track_and_verify_wals_in_manifest = true;
  out.info_log = std::make_shared<NoLog>();
  out.stats_dump_period_sec = 0;  // else a thread of its own wakes up for nobody
  out.stats_persist_period_sec = 0;
  out.max_background_jobs = 2;  // one writes buffers to files, one merges files
  out.max_subcompactions = 1;
  out.bytes_per_sync = 1 << 20;  // spread what fsync has to do
  // Reading beside a running process: hold the files, which that one may remove meanwhile.
  out.max_open_files = options.read_only ? -1 : 64;
  out.write_buffer_size = options.write_buffer_bytes;
  out.max_write_buffer_number = 2;
  out.max_total_wal_size = 4 * options.write_buffer_bytes;
  out.target_file_size_base = options.file_bytes;
  // What is merged into a small level is soon below it, where files of later keys need only be
  // listed; into a large one all of it is written again each time.
  if (options.rising_keys) out.max_bytes_for_level_base = 4 * options.write_buffer_bytes;
  out.max_manifest_file_size = 1 << 20;
  out.compression = options.compress ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(options)));
  if (options.point_lookups) {
    // Without it each look-up walks the lists of what is not in a file yet, which costs more than
    // all files together.
    out.memtable_whole_key_filtering = true;
    out.memtable_prefix_bloom_size_ratio = 0.1;
    // Each file that is not merged yet is one more filter to ask.
    out.level0_file_num_compaction_trigger = 2;
    // A file that is closed to open another would have its filter read anew each time.
    if (!options.read_only) out.max_open_files = 1024;
  }
  if (options.obsolete) {
    out.compaction_filter_factory = std::make_shared<DropObsoleteFactory>(options.obsolete);
  }
  return out;
}

Status rocks_error(const RocksOptions& options, const rocksdb::Status& status,
                   std::string_view doing) {
  const Code code = code_of_rocks(status);
  return {code, options.dir.string() + ": " + std::string(doing) + ": " + status.ToString() + "; " +
                    rocks_advice(options, code)};
}

}  // namespace sluice::store
