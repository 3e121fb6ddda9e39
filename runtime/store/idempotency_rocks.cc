// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/store/idempotency_store.h"
#include "runtime/store/rocks.h"

namespace sluice {
namespace {

using store::RocksBatch;
using store::RocksDb;
using store::RocksOptions;

// Filters and indexes of ten million rows take about 20 MiB.
constexpr uint64_t kCacheBytes = 24ULL << 20;
constexpr uint64_t kBufferBytes = 16ULL << 20;
constexpr uint64_t kFileBytes = 64ULL << 20;  // few files: a look-up asks one filter a level

// The value of a row: 'd', and until when, microseconds since 1970, little endian.
constexpr size_t kValueBytes = 9;

std::array<char, kValueBytes> done_until(int64_t until_us) {
  std::array<char, kValueBytes> out{'d'};
  for (size_t i = 0; i < 8; ++i) {
    out[i + 1] = static_cast<char>(static_cast<uint64_t>(until_us) >> (8 * i));
  }
  return out;
}

// 0 for what is no value of ours.
int64_t expiry_of(std::string_view value) {
  if (value.size() != kValueBytes || value[0] != 'd') return 0;
  uint64_t until = 0;
  for (size_t i = 8; i > 0; --i) until = until << 8 | static_cast<unsigned char>(value[i]);
  return static_cast<int64_t>(until);
}

class RocksIdempotencyStore final : public IdempotencyStore {
 public:
  RocksIdempotencyStore(const std::filesystem::path& dir, const Clock& clock) : clock_(clock) {
    options_.dir = dir / "idempotency";
    options_.loss =
        "records that come again are then delivered again, and sinks with a key absorb "
        "them";
    options_.cache_bytes = kCacheBytes;
    options_.write_buffer_bytes = kBufferBytes;
    options_.file_bytes = kFileBytes;
    options_.block_bytes = 4 << 10;  // what is found is one row
    options_.compress = false;       // hashes
    options_.bloom_bits = 10;
    options_.point_lookups = true;
    options_.obsolete = [&clock](std::string_view, std::string_view value) {
      return expiry_of(value) <= clock.wall_us();
    };
  }

  sluice::Status open() {
    MutexLock lock(mutex_);
    return reopen();
  }

  sluice::Status claim(std::span<const IdempotencyRow> rows, std::span<Claim> answers) override {
    SLUICE_ASSIGN_OR_RETURN(const std::shared_ptr<RocksDb> db, database());
    // Sorted, neighbours are found in the same block; kept between calls, nothing is allocated.
    thread_local std::vector<uint32_t> order;
    thread_local std::vector<std::string_view> keys;
    thread_local std::vector<std::optional<std::string>> values;
    order.resize(rows.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(),
              [&rows](uint32_t a, uint32_t b) { return rows[a] < rows[b]; });
    keys.clear();
    for (const uint32_t i : order) keys.push_back(rows[i].bytes());
    if (auto read = db->get_many(keys, values, true); !read) return note(std::move(read));
    const int64_t now_us = clock_.wall_us();
    for (size_t i = 0; i < order.size(); ++i) {
      const bool done = values[i] && expiry_of(*values[i]) > now_us;
      answers[order[i]] = done ? Claim::kDone : Claim::kMine;
    }
    return note(sluice::Status::ok());
  }

  sluice::Status finish(std::span<const IdempotencyRow> rows,
                        std::chrono::milliseconds ttl) override {
    SLUICE_ASSIGN_OR_RETURN(const std::shared_ptr<RocksDb> db, database());
    const auto value = done_until(clock_.wall_us() + ttl.count() * 1000);
    RocksBatch batch;
    for (const IdempotencyRow& row : rows) batch.put(row.bytes(), {value.data(), value.size()});
    sluice::Status written = db->write(batch, true);
    if (!written) {
      // Only opening it anew shows what is there.
      MutexLock lock(mutex_);
      if (db_ == db) db_.reset();
    }
    return note(std::move(written));
  }

  sluice::Status release(std::span<const IdempotencyRow>) override { return sluice::Status::ok(); }
  sluice::Status renew() override { return sluice::Status::ok(); }
  [[nodiscard]] std::chrono::milliseconds renew_every() const override {
    return std::chrono::hours(24);
  }

  [[nodiscard]] Status status() const override {
    std::shared_ptr<RocksDb> db;
    Status out;
    {
      MutexLock lock(mutex_);
      out = status_;
      db = db_;
    }
    if (db) out.keys = db->estimated_keys();
    return out;
  }

 private:
  Result<std::shared_ptr<RocksDb>> database() SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!db_) SLUICE_RETURN_IF_ERROR(reopen());
    return db_;
  }

  sluice::Status reopen() SLUICE_REQUIRES(mutex_) {
    auto opened = RocksDb::open(options_);
    if (!opened) {
      status_.healthy = false;
      status_.last_error = opened.status().message();
      return std::move(opened).status();
    }
    db_ = std::move(opened).value();
    return sluice::Status::ok();
  }

  sluice::Status note(sluice::Status status) SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    status_.healthy = status.is_ok();
    if (!status) status_.last_error = status.message();
    return status;
  }

  const Clock& clock_;
  RocksOptions options_;
  mutable Mutex mutex_;
  std::shared_ptr<RocksDb> db_ SLUICE_GUARDED_BY(mutex_);  // nullptr: a write failed
  Status status_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace

SinkTag sink_tag(std::string_view sink_name) {
  const Sha256Digest digest = sha256(sink_name);
  SinkTag tag;
  std::memcpy(tag.data(), digest.data(), tag.size());
  return tag;
}

Result<std::unique_ptr<IdempotencyStore>> open_idempotency_store(const std::filesystem::path& dir,
                                                                 const Clock& clock) {
  auto made = std::make_unique<RocksIdempotencyStore>(dir, clock);
  SLUICE_RETURN_IF_ERROR(made->open());
  return std::unique_ptr<IdempotencyStore>(std::move(made));
}

}  // namespace sluice
