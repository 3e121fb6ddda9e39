// SPDX-License-Identifier: Apache-2.0
// Checkpoints that nodes share: one JSON object a source in Redis, beside the local store.
#include <algorithm>
#include <initializer_list>
#include <limits>
#include <optional>
#include <utility>

#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "runtime/base/mutex.h"
#include "runtime/store/checkpoint_json.h"
#include "runtime/store/checkpoint_plan.h"
#include "runtime/store/checkpoint_store.h"
#include "runtime/store/redis.h"

namespace sluice {
namespace {

using store::RedisCommands;
using store::RedisConnection;
using store::RedisReply;

// Every call is about one key, so that a cluster can take it.
constexpr std::string_view kSwap =
    "local v=redis.call('get',KEYS[1]) or '' if v==ARGV[1] then "
    "redis.call('set',KEYS[1],ARGV[2]) return 1 else return v end";
constexpr std::string_view kNextEpoch =
    "local e=tonumber(redis.call('get',KEYS[1]) or '0')+1 local t=tonumber(ARGV[1]) "
    "if t>e then e=t end redis.call('set',KEYS[1],string.format('%d',e)) return e";
constexpr int kMostTries = 100;

class RedisCheckpointStore final : public CheckpointStore {
 public:
  RedisCheckpointStore(store::RedisAddress address, RedisCheckpointOptions options,
                       std::unique_ptr<CheckpointStore> local)
      : options_(std::move(options)),
        local_(std::move(local)),
        connection_(std::move(address), options_.timeout) {}

  Result<SourceCheckpoint> load(const std::string& pipeline, const std::string& source) override {
    MutexLock lock(mutex_);
    SLUICE_ASSIGN_OR_RETURN(SourceCheckpoint local, local_->load(pipeline, source));
    SLUICE_ASSIGN_OR_RETURN(std::string text, get(key_of(source)));
    if (text.empty() && options_.read_only) return SourceCheckpoint{};
    if (text.empty()) {
      SLUICE_ASSIGN_OR_RETURN(text, begin(pipeline, source, local));
      SLUICE_ASSIGN_OR_RETURN(local, local_->load(pipeline, source));
    }
    SLUICE_ASSIGN_OR_RETURN(SourceCheckpoint shared, parse(source, text));
    seen_[source] = {text, shared.epoch};
    shared.cursor = std::move(local.cursor);
    shared.delivered = std::move(local.delivered);
    std::erase_if(shared.delivered, [&shared](const DeliveredRange& range) {
      return std::any_of(shared.again.begin(), shared.again.end(), [&range](const auto& again) {
        return again.lane.empty() || again.lane == range.lane;
      });
    });
    return shared;
  }

  Status commit(const std::vector<CheckpointUpdate>& updates, int64_t now_us) override {
    MutexLock lock(mutex_);
    SLUICE_RETURN_IF_ERROR(local_->commit(updates, now_us));
    for (const CheckpointUpdate& update : updates) {
      if (update.set.empty() && update.forget.empty()) continue;
      const uint32_t epoch = seen_[update.source].epoch;
      const auto change = [&](SourceCheckpoint& to) {
        // What was settled in an epoch that is over says nothing of the present one.
        if (to.epoch == epoch) apply(update, false, to);
        return Status::ok();
      };
      SLUICE_RETURN_IF_ERROR(swap(update.source, change, now_us));
    }
    return Status::ok();
  }

  Result<uint32_t> move(const CheckpointMove& move, int64_t now_us) override {
    MutexLock lock(mutex_);
    uint32_t epoch = 0;
    if (!move.keep_idempotency) {
      SLUICE_ASSIGN_OR_RETURN(epoch, next_epoch(move.source, now_us));
    }
    const auto change = [&](SourceCheckpoint& to) {
      if (move.keep_idempotency) epoch = to.epoch;
      const CheckpointPlan plan = plan_move(to, move, epoch);
      apply(plan.forget, true, to);
      apply(plan.update, true, to);
      if (plan.forget_again) to.again.clear();
      for (const LaneAgain& again : plan.again) {
        std::erase_if(to.again, [&](const LaneAgain& old) { return old.lane == again.lane; });
        to.again.push_back(again);
      }
      to.epoch = epoch;
      return Status::ok();
    };
    SLUICE_RETURN_IF_ERROR(swap(move.source, change, now_us));
    seen_[move.source].epoch = epoch;
    if (const auto moved = local_->move(move, now_us); !moved) return moved.status();
    return epoch;
  }

 private:
  struct Seen {
    std::string text;    // what the key held last
    uint32_t epoch = 0;  // that this process works in
  };

  std::string key_of(const std::string& source, std::string_view prefix = "checkpoint:") const {
    const auto tenant = options_.tenants.find(source);
    std::string key(prefix);
    key += tenant == options_.tenants.end() ? std::string() : tenant->second;
    return key + ":" + source;
  }

  // "" where there is none.
  Result<std::string> get(const std::string& key) SLUICE_REQUIRES(mutex_) {
    commands_.clear();
    commands_.begin();
    commands_.argument("GET");
    commands_.argument(key);
    std::string out;
    SLUICE_RETURN_IF_ERROR(connection_.run(
        commands_, [&out](size_t, const RedisReply& reply) { out = std::string(reply.text); }));
    return out;
  }

  Result<uint32_t> next_epoch(const std::string& source, int64_t now_us) SLUICE_REQUIRES(mutex_) {
    commands_.clear();
    eval(kNextEpoch, key_of(source, "checkpoint_epoch:"),
         {std::to_string(std::max<int64_t>(1, now_us / 1'000'000))});
    int64_t epoch = 0;
    SLUICE_RETURN_IF_ERROR(connection_.run(
        commands_, [&epoch](size_t, const RedisReply& reply) { epoch = reply.number; }));
    return static_cast<uint32_t>(epoch);
  }

  void eval(std::string_view script, const std::string& key,
            std::initializer_list<std::string_view> arguments) SLUICE_REQUIRES(mutex_) {
    commands_.begin();
    for (const std::string_view word :
         {std::string_view("EVAL"), script, std::string_view("1"), std::string_view(key)}) {
      commands_.argument(word);
    }
    for (const std::string_view argument : arguments) commands_.argument(argument);
  }

  // There is no key: the source has never run, or somebody wants it to be so.
  Result<std::string> begin(const std::string& pipeline, const std::string& source,
                            const SourceCheckpoint& local) SLUICE_REQUIRES(mutex_) {
    const int64_t now_us = Clock::real().wall_us();
    SLUICE_ASSIGN_OR_RETURN(const std::string counted, get(key_of(source, "checkpoint_epoch:")));
    SourceCheckpoint fresh;
    SLUICE_ASSIGN_OR_RETURN(fresh.epoch, next_epoch(source, now_us));
    if (counted.empty()) {
      // Never shared before: what this node knows is how far it has come.
      fresh.lanes = local.lanes;
      fresh.again = local.again;
      fresh.highest_event_time_us = local.highest_event_time_us;
    } else {
      log::info("checkpoint.deleted",
                "its checkpoint was deleted: it starts as if it had never run",
                {{"source", source}});
      fresh.again.push_back({"", fresh.epoch, std::numeric_limits<uint64_t>::max()});
      CheckpointMove all;
      all.pipeline = pipeline;
      all.source = source;
      all.tenant = options_.tenants.contains(source) ? options_.tenants.at(source) : "";
      all.all = true;
      if (const auto moved = local_->move(all, now_us); !moved) return moved.status();
    }
    // If another node was quicker, what it wrote counts.
    std::string text = checkpoint_json(fresh, now_us);
    SLUICE_ASSIGN_OR_RETURN(const auto other, try_swap(key_of(source), "", text));
    return other ? *other : text;
  }

  // Nothing where it is done; else what the key holds.
  Result<std::optional<std::string>> try_swap(const std::string& key, std::string_view from,
                                              std::string_view to) SLUICE_REQUIRES(mutex_) {
    commands_.clear();
    eval(kSwap, key, {from, to});
    std::optional<std::string> other;
    SLUICE_RETURN_IF_ERROR(connection_.run(commands_, [&](size_t, const RedisReply& reply) {
      if (reply.kind != RedisReply::Kind::kNumber) other = std::string(reply.text);
    }));
    return other;
  }

  // Other nodes write the same object: read, change and write until nobody came in between.
  template <typename Change>
  Status swap(const std::string& source, const Change& change, int64_t now_us)
      SLUICE_REQUIRES(mutex_) {
    Seen& seen = seen_[source];
    std::string from = seen.text;
    for (int tries = 0; tries < kMostTries; ++tries) {
      SLUICE_ASSIGN_OR_RETURN(SourceCheckpoint checkpoint, parse(source, from));
      if (from.empty()) checkpoint.epoch = seen.epoch;
      SLUICE_RETURN_IF_ERROR(change(checkpoint));
      std::string to = checkpoint_json(checkpoint, now_us);
      SLUICE_ASSIGN_OR_RETURN(auto other, try_swap(key_of(source), from, to));
      if (!other) {
        seen.text = std::move(to);
        return Status::ok();
      }
      if (other->empty()) {
        log::warn("checkpoint.gone",
                  "its checkpoint was deleted while the source runs, and is written again; stop "
                  "the processes before you delete it",
                  {{"source", source}});
      }
      from = std::move(*other);
    }
    return unavailable("the checkpoint of " + source + " is written by others all the time");
  }

  Result<SourceCheckpoint> parse(const std::string& source, const std::string& text) const {
    if (text.empty()) return SourceCheckpoint{};
    auto parsed = parse_checkpoint_json(text);
    if (parsed) return parsed;
    return Status(Code::kCorrupt, "redis key " + key_of(source) + ": " + parsed.status().message() +
                                      "; delete it to start the source as if it had never run");
  }

  // `moves`: marks may fall; else what is stored already stands where it is higher, since whoever
  // wrote it had settled it.
  static void apply(const CheckpointUpdate& update, bool moves, SourceCheckpoint& to) {
    for (const LaneMark& mark : update.set) {
      const auto at = std::lower_bound(
          to.lanes.begin(), to.lanes.end(), mark.lane,
          [](const LaneMark& a, const std::string& lane) { return a.lane < lane; });
      if (at == to.lanes.end() || at->lane != mark.lane) {
        to.lanes.insert(at, mark);
      } else if (moves || at->position < mark.position) {
        at->position = mark.position;
      }
    }
    for (const std::string& lane : update.forget) {
      std::erase_if(to.lanes, [&](const LaneMark& mark) { return mark.lane == lane; });
    }
    to.highest_event_time_us = std::max(to.highest_event_time_us, update.highest_event_time_us);
  }

  const RedisCheckpointOptions options_;
  const std::unique_ptr<CheckpointStore> local_;
  Mutex mutex_;
  RedisConnection connection_ SLUICE_GUARDED_BY(mutex_);
  RedisCommands commands_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, Seen> seen_ SLUICE_GUARDED_BY(mutex_);  // by source
};

}  // namespace

Result<std::unique_ptr<CheckpointStore>> open_redis_checkpoint_store(
    RedisCheckpointOptions options, std::unique_ptr<CheckpointStore> local) {
  SLUICE_ASSIGN_OR_RETURN(store::RedisAddress address, store::parse_redis_url(options.url));
  return std::unique_ptr<CheckpointStore>(std::make_unique<RedisCheckpointStore>(
      std::move(address), std::move(options), std::move(local)));
}

}  // namespace sluice
