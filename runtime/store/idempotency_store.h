// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/clock.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status.h"

namespace sluice {

// Names a sink in a row: the same in every process.
using SinkTag = std::array<char, 8>;
SinkTag sink_tag(std::string_view sink_name);

// One (key, part, sink), as a fixed number of bytes: a batch's rows are one array.
class IdempotencyRow {
 public:
  IdempotencyRow() = default;
  IdempotencyRow(const Sha256Digest& key, uint32_t part, const SinkTag& sink) {
    std::memcpy(bytes_.data(), key.data(), key.size());
    for (size_t i = 0; i < 4; ++i) {
      bytes_[key.size() + i] = static_cast<char>(part >> (24 - 8 * i));
    }
    std::memcpy(bytes_.data() + key.size() + 4, sink.data(), sink.size());
  }
  [[nodiscard]] std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  bool operator==(const IdempotencyRow&) const = default;
  // By unsigned bytes, as stores order them.
  bool operator<(const IdempotencyRow& other) const { return bytes() < other.bytes(); }

 private:
  std::array<char, 44> bytes_{};
};

// Who claims: this process. A node's epochs rise with its starts.
struct IdempotencyOwner {
  std::string node;
  uint64_t epoch = 0;
};
// The owner that the process on this state folder is; a new epoch with each call. The file is
// `<dir>/node`.
Result<IdempotencyOwner> next_owner(const std::filesystem::path& state_dir);

enum class Claim : uint8_t {
  kMine,     // free before, or this node's already: deliver it
  kDone,     // the sink has it: a duplicate
  kForeign,  // another node is delivering it: wait until that claim ends
};

// Which (key, part, sink) are done, and which are claimed by somebody who is about to deliver them,
// in batches. Only done means duplicate. Rows of one node are claimed by it as often as it likes:
// telling twins within a process apart is the caller's affair, and a claim that an older epoch of
// this node left is simply taken over.
//
// Any thread. An error means that nothing is known of any row of the call, and what it would have
// written may or may not be there; calling again is right and does no harm.
class IdempotencyStore {
 public:
  struct Status {
    bool healthy = true;
    std::string last_error;
    uint64_t keys = 0;  // rows kept, about; those of other nodes included
  };

  virtual ~IdempotencyStore() = default;
  // answers[i] belongs to rows[i].
  virtual sluice::Status claim(std::span<const IdempotencyRow> rows, std::span<Claim> answers) = 0;
  // The sinks have these: done for `ttl` from now. Durable when it returns.
  virtual sluice::Status finish(std::span<const IdempotencyRow> rows,
                                std::chrono::milliseconds ttl) = 0;
  // Gives claims back: the rows were refused, or will not be delivered now. What is done stays
  // done.
  virtual sluice::Status release(std::span<const IdempotencyRow> rows) = 0;
  // Keeps the claims of this process from ending; to be called every renew_every().
  virtual sluice::Status renew() = 0;
  [[nodiscard]] virtual std::chrono::milliseconds renew_every() const = 0;
  [[nodiscard]] virtual Status status() const = 0;
};

// RocksDB in `<dir>/idempotency`, for one process: what a claim protects from are other nodes, of
// which there are none, so claims are not written. What has expired counts as absent and goes when
// its file is rewritten. `clock` must outlive the store. kCorrupt with advice when it is damaged.
Result<std::unique_ptr<IdempotencyStore>> open_idempotency_store(const std::filesystem::path& dir,
                                                                 const Clock& clock);

struct RedisIdempotencyOptions {
  std::string url;  // as store::parse_redis_url() takes it
  IdempotencyOwner owner;
  std::chrono::milliseconds timeout{2000};     // of connecting, and of each answer
  std::chrono::milliseconds claim_ms{60'000};  // a claim ends by itself after so long
};

// Redis, for several nodes: `SET ingest_idempotency:<key>:<part>:<sink> c:<node>:<epoch> NX PX`,
// and `d` with the time to live once done. Opening does not connect: a server that is away is what
// calls report (kUnavailable), and the next call tries again. kInvalid: the URL.
Result<std::unique_ptr<IdempotencyStore>> open_redis_idempotency_store(
    RedisIdempotencyOptions options);

}  // namespace sluice
