// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <charconv>
#include <random>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/base/file.h"
#include "runtime/base/mutex.h"
#include "runtime/store/idempotency_store.h"
#include "runtime/store/redis.h"

namespace sluice {
namespace {

using store::RedisCommands;
using store::RedisConnection;
using store::RedisReply;

constexpr std::string_view kPrefix = "ingest_idempotency:";
// Only while the claim is still ours: it may have ended and be another node's by now.
constexpr std::string_view kRenew =
    "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('pexpire',KEYS[1],ARGV[2]) else "
    "return 0 end";
constexpr std::string_view kRelease =
    "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end";

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
}

// ingest_idempotency:<hex of the key>:<part>:<hex of the sink>
void redis_key(const IdempotencyRow& row, std::string& out) {
  const std::string_view bytes = row.bytes();
  uint32_t part = 0;
  for (size_t i = 32; i < 36; ++i) part = part << 8 | static_cast<unsigned char>(bytes[i]);
  out = kPrefix;
  append_hex(out, bytes.substr(0, 32));
  out += ':';
  out += std::to_string(part);
  out += ':';
  append_hex(out, bytes.substr(36));
}

struct HashRow {
  size_t operator()(const IdempotencyRow& row) const {
    uint64_t head = 0;
    uint64_t tail = 0;
    std::memcpy(&head, row.bytes().data(), sizeof head);
    std::memcpy(&tail, row.bytes().data() + 32, sizeof tail);
    return head ^ (tail * 0x9E3779B97F4A7C15U);
  }
};

class RedisIdempotencyStore final : public IdempotencyStore {
 public:
  RedisIdempotencyStore(store::RedisAddress address, RedisIdempotencyOptions options)
      : options_(std::move(options)),
        claim_text_("c:" + options_.owner.node + ":" + std::to_string(options_.owner.epoch)),
        claim_ms_(std::to_string(options_.claim_ms.count())),
        claims_(address, options_.timeout),
        marks_(std::move(address), options_.timeout) {}

  sluice::Status claim(std::span<const IdempotencyRow> rows, std::span<Claim> answers) override {
    MutexLock lock(claims_mutex_);
    std::vector<size_t> open(rows.size());  // rows that have no answer yet
    for (size_t i = 0; i < open.size(); ++i) open[i] = i;
    SLUICE_RETURN_IF_ERROR(note(take_free(rows, answers, open)));
    // Between the two calls a claim may have ended: such a row is taken at the second try, or
    // counts as another node's for now.
    for (int tries = 0; tries < 2 && !open.empty(); ++tries) {
      SLUICE_RETURN_IF_ERROR(note(look_at_taken(rows, answers, open)));
      if (!open.empty()) SLUICE_RETURN_IF_ERROR(note(take_free(rows, answers, open)));
    }
    for (const size_t i : open) answers[i] = Claim::kForeign;
    MutexLock held(held_mutex_);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (answers[i] == Claim::kMine) held_.insert(rows[i]);
    }
    return sluice::Status::ok();
  }

  sluice::Status finish(std::span<const IdempotencyRow> rows,
                        std::chrono::milliseconds ttl) override {
    const std::string ttl_ms = std::to_string(std::max<int64_t>(1, ttl.count()));
    MutexLock lock(marks_mutex_);
    mark_commands_.clear();
    std::string key;
    for (const IdempotencyRow& row : rows) {
      redis_key(row, key);
      mark_commands_.begin();
      for (const std::string_view word :
           {std::string_view("SET"), std::string_view(key), std::string_view("d"),
            std::string_view("PX"), std::string_view(ttl_ms)}) {
        mark_commands_.argument(word);
      }
    }
    SLUICE_RETURN_IF_ERROR(note(marks_.run(mark_commands_, [](size_t, const RedisReply&) {})));
    let_go(rows);
    return sluice::Status::ok();
  }

  sluice::Status release(std::span<const IdempotencyRow> rows) override {
    let_go(rows);
    return eval_each(kRelease, {rows.begin(), rows.end()});
  }

  sluice::Status renew() override {
    std::vector<IdempotencyRow> rows;
    {
      MutexLock held(held_mutex_);
      rows.assign(held_.begin(), held_.end());
    }
    SLUICE_RETURN_IF_ERROR(eval_each(kRenew, rows));
    MutexLock lock(marks_mutex_);
    mark_commands_.clear();
    mark_commands_.begin();
    mark_commands_.argument("DBSIZE");
    return note(marks_.run(mark_commands_, [this](size_t, const RedisReply& reply) {
      MutexLock held(held_mutex_);
      status_.keys = static_cast<uint64_t>(reply.number);
    }));
  }

  [[nodiscard]] std::chrono::milliseconds renew_every() const override {
    return options_.claim_ms / 3;
  }

  [[nodiscard]] Status status() const override {
    MutexLock held(held_mutex_);
    return status_;
  }

 private:
  // Claims those of `open` that are free; the others stay in it.
  sluice::Status take_free(std::span<const IdempotencyRow> rows, std::span<Claim> answers,
                           std::vector<size_t>& open) SLUICE_REQUIRES(claims_mutex_) {
    commands_.clear();
    std::string key;
    for (const size_t i : open) {
      redis_key(rows[i], key);
      set_claim(key, "NX");
    }
    std::vector<size_t> taken;
    SLUICE_RETURN_IF_ERROR(claims_.run(commands_, [&](size_t i, const RedisReply& reply) {
      if (reply.kind == RedisReply::Kind::kNil) {
        taken.push_back(open[i]);
      } else {
        answers[open[i]] = Claim::kMine;
      }
    }));
    open = std::move(taken);
    return sluice::Status::ok();
  }

  // Asks whose or what the rows of `open` are; those that turn out to be free stay in it.
  sluice::Status look_at_taken(std::span<const IdempotencyRow> rows, std::span<Claim> answers,
                               std::vector<size_t>& open) SLUICE_REQUIRES(claims_mutex_) {
    commands_.clear();
    std::string key;
    for (const size_t i : open) {
      redis_key(rows[i], key);
      commands_.begin();
      commands_.argument("GET");
      commands_.argument(key);
    }
    std::vector<size_t> free;
    std::vector<size_t> own;
    SLUICE_RETURN_IF_ERROR(claims_.run(commands_, [&](size_t i, const RedisReply& reply) {
      if (reply.kind == RedisReply::Kind::kNil) {
        free.push_back(open[i]);
      } else if (reply.text == "d") {
        answers[open[i]] = Claim::kDone;
      } else if (is_own(reply.text)) {
        answers[open[i]] = Claim::kMine;
        own.push_back(open[i]);
      } else {
        answers[open[i]] = Claim::kForeign;
      }
    }));
    open = std::move(free);
    return take_over(rows, own);
  }

  // A claim of this node, of this epoch or an older one: only one process has its state folder, so
  // nobody else is using it.
  sluice::Status take_over(std::span<const IdempotencyRow> rows, const std::vector<size_t>& own)
      SLUICE_REQUIRES(claims_mutex_) {
    if (own.empty()) return sluice::Status::ok();
    commands_.clear();
    std::string key;
    for (const size_t i : own) {
      redis_key(rows[i], key);
      set_claim(key, "XX");
    }
    return claims_.run(commands_, [](size_t, const RedisReply&) {});
  }

  void set_claim(const std::string& key, std::string_view when) SLUICE_REQUIRES(claims_mutex_) {
    commands_.begin();
    commands_.argument("SET");
    commands_.argument(key);
    commands_.argument(claim_text_);
    commands_.argument(when);
    commands_.argument("PX");
    commands_.argument(claim_ms_);
  }

  [[nodiscard]] bool is_own(std::string_view claim) const {
    const size_t colon = claim.rfind(':');
    return claim.starts_with("c:") && colon > 1 && colon != std::string_view::npos &&
           claim.substr(2, colon - 2) == options_.owner.node;
  }

  sluice::Status eval_each(std::string_view script, const std::vector<IdempotencyRow>& rows)
      SLUICE_EXCLUDES(marks_mutex_) {
    if (rows.empty()) return sluice::Status::ok();
    MutexLock lock(marks_mutex_);
    mark_commands_.clear();
    std::string key;
    for (const IdempotencyRow& row : rows) {
      redis_key(row, key);
      mark_commands_.begin();
      mark_commands_.argument("EVAL");
      mark_commands_.argument(script);
      mark_commands_.argument("1");
      mark_commands_.argument(key);
      mark_commands_.argument(claim_text_);
      if (script == kRenew) mark_commands_.argument(claim_ms_);
    }
    return note(marks_.run(mark_commands_, [](size_t, const RedisReply&) {}));
  }

  void let_go(std::span<const IdempotencyRow> rows) SLUICE_EXCLUDES(held_mutex_) {
    MutexLock held(held_mutex_);
    for (const IdempotencyRow& row : rows) held_.erase(row);
  }

  sluice::Status note(sluice::Status status) SLUICE_EXCLUDES(held_mutex_) {
    MutexLock held(held_mutex_);
    status_.healthy = status.is_ok();
    if (!status) status_.last_error = status.message();
    return status;
  }

  const RedisIdempotencyOptions options_;
  const std::string claim_text_;
  const std::string claim_ms_;
  // Claims and marks go over connections of their own: neither waits for the other's answers.
  Mutex claims_mutex_;
  RedisConnection claims_ SLUICE_GUARDED_BY(claims_mutex_);
  RedisCommands commands_ SLUICE_GUARDED_BY(claims_mutex_);
  Mutex marks_mutex_;
  RedisConnection marks_ SLUICE_GUARDED_BY(marks_mutex_);
  RedisCommands mark_commands_ SLUICE_GUARDED_BY(marks_mutex_);
  mutable Mutex held_mutex_;  // taken last
  std::unordered_set<IdempotencyRow, HashRow> held_ SLUICE_GUARDED_BY(held_mutex_);
  Status status_ SLUICE_GUARDED_BY(held_mutex_);
};

std::string random_node_name() {
  std::random_device random;
  std::string bytes;
  for (int i = 0; i < 4; ++i) {
    const uint32_t word = random();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  std::string out;
  append_hex(out, bytes);
  return out;
}

}  // namespace

Result<IdempotencyOwner> next_owner(const std::filesystem::path& state_dir) {
  const std::filesystem::path file = state_dir / "node";
  IdempotencyOwner owner;
  const auto text = read_file(file, 4096);
  if (text) {
    const size_t space = text->find(' ');
    const size_t end = text->find('\n');
    uint64_t epoch = 0;
    if (space == std::string::npos || space == 0 || end == std::string::npos ||
        std::from_chars(text->data() + space + 1, text->data() + end, epoch).ptr !=
            text->data() + end) {
      return Status(Code::kCorrupt, file.string() +
                                        ": expected a name, a space and a number; remove it, and "
                                        "this node begins with a new name");
    }
    owner = {text->substr(0, space), epoch};
  } else if (std::error_code error; std::filesystem::exists(file, error) || error) {
    return text.status();
  } else {
    owner.node = random_node_name();
  }
  ++owner.epoch;
  SLUICE_RETURN_IF_ERROR(
      write_file_atomic(file, owner.node + " " + std::to_string(owner.epoch) + "\n"));
  return owner;
}

Result<std::unique_ptr<IdempotencyStore>> open_redis_idempotency_store(
    RedisIdempotencyOptions options) {
  SLUICE_ASSIGN_OR_RETURN(store::RedisAddress address, store::parse_redis_url(options.url));
  return std::unique_ptr<IdempotencyStore>(
      std::make_unique<RedisIdempotencyStore>(std::move(address), std::move(options)));
}

}  // namespace sluice
