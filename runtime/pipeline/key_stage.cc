// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/key_stage.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "runtime/base/log.h"

namespace sluice {
namespace {

// What another node holds ends within its claim's time, and a store comes back when it comes back:
// look often, a look costs little.
RetryConfig look_again() {
  RetryConfig out;
  out.base = Millis(50);
  out.cap = Millis(1'000);
  return out;
}

}  // namespace

KeyStage::Source::Source(uint64_t seed) : backoff(look_again(), seed) {}

KeyStage::KeyStage(const PipelineConfig& config, IdempotencyStore& store, Host& host,
                   const Clock& clock)
    : config_(config),
      store_(store),
      host_(host),
      clock_(clock),
      ready_backoff_(look_again(), std::hash<std::string>{}(config.name)) {
  for (const SinkConfig& sink : config.sinks) tags_.push_back(sink_tag(sink.name));
}

KeyStage::~KeyStage() { stop(); }

void KeyStage::start() { thread_ = std::thread(&KeyStage::run, this); }

void KeyStage::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  sources_.clear();
  twins_.clear();
  ready_.clear();
  MutexLock lock(mutex_);
  new_batches_.clear();
  new_done_.clear();
  new_refused_.clear();
}

void KeyStage::submit(BatchPtr batch) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  new_batches_.push_back(std::move(batch));
  changed_.notify_one();
}

Status KeyStage::mark_done(std::span<const DeliveredParts> parts) {
  std::vector<IdempotencyRow> rows;
  for (const DeliveredParts& of : parts) {
    for (uint32_t i = of.first; i < of.first + of.count; ++i) {
      const Part& part = of.batch->parts()[i];
      if (const Sha256Digest* key = of.batch->key(part.record)) {
        rows.emplace_back(*key, part.part, tags_[of.sink]);
      }
    }
  }
  if (!rows.empty()) {
    sluice::Status marked = store_.finish(rows, config_.idempotency.ttl);
    if (!marked && !config_.idempotency.admit_when_away) return marked;
  }
  MutexLock lock(mutex_);
  if (stopping_) return sluice::Status::ok();  // batches must go before their source does
  new_done_.insert(new_done_.end(), parts.begin(), parts.end());
  changed_.notify_one();
  return sluice::Status::ok();
}

void KeyStage::refused(const LetterRequest& letter) {
  if (letter.sink.empty() || letter.batch->key(letter.record) == nullptr) return;
  MutexLock lock(mutex_);
  if (stopping_) return;
  new_refused_.push_back({letter.batch, letter.record, letter.part, letter.sink, true});
  changed_.notify_one();
}

KeyStage::Status KeyStage::status() const {
  MutexLock lock(mutex_);
  return status_;
}

void KeyStage::run() {
  renew_at_ = clock_.now() + store_.renew_every();
  for (;;) {
    {
      MutexLock lock(mutex_);
      const TimePoint until = next_time();
      while (!stopping_ && !lanes_left_ && new_batches_.empty() && new_done_.empty() &&
             new_refused_.empty()) {
        if (!changed_.wait_until(mutex_, until)) break;
      }
      if (stopping_) return;
      lanes_left_ = false;
      for (BatchPtr& batch : new_batches_) {
        const uint32_t source = batch->source;
        sources_.try_emplace(source, source).first->second.waiting.push_back(std::move(batch));
      }
      new_batches_.clear();
    }
    settle_answers();
    drop_left();
    for (auto& [index, source] : sources_) work(source);
    try_twins();
    if (clock_.now() >= renew_at_) {
      note_store(store_.renew());
      renew_at_ = clock_.now() + store_.renew_every();
    }
    uint64_t batches = 0;
    for (const auto& [index, source] : sources_) batches += source.waiting.size();
    MutexLock lock(mutex_);
    status_.waiting_twins = waiting_twins_;
    status_.waiting_batches = batches;
  }
}

KeyStage::TimePoint KeyStage::next_time() const {
  TimePoint next = renew_at_;
  for (const auto& [index, source] : sources_) {
    if (!source.waiting.empty()) next = std::min(next, source.not_before);
  }
  if (!ready_.empty()) next = std::min(next, ready_not_before_);
  return next;
}

// As many of the source's batches as can go on.
void KeyStage::work(Source& source) {
  while (!source.waiting.empty() && clock_.now() >= source.not_before) {
    if (!try_send(source.waiting.front())) {
      source.not_before = clock_.now() + source.backoff.fail();
      return;
    }
    source.backoff.succeed();
    source.waiting.pop_front();
  }
}

void KeyStage::settle_answers() {
  std::vector<DeliveredParts> done;
  std::vector<Refused> refused;
  {
    MutexLock lock(mutex_);
    done.swap(new_done_);
    refused.swap(new_refused_);
  }
  for (const DeliveredParts& of : done) {
    for (uint32_t i = of.first; i < of.first + of.count; ++i) {
      const Part& part = of.batch->parts()[i];
      if (host_.obliged(part, of.sink)) count_answer(*of.batch, part.record);
    }
  }
  for (const Refused& letter : refused) refuse(letter);
}

// A refused part leaves no mark: whoever comes next with this key is delivered.
void KeyStage::refuse(const Refused& letter) {
  const auto sink = std::find_if(config_.sinks.begin(), config_.sinks.end(),
                                 [&](const SinkConfig& of) { return of.name == letter.sink; });
  if (sink == config_.sinks.end()) return;
  const auto index = static_cast<size_t>(sink - config_.sinks.begin());
  const IdempotencyRow row(*letter.batch->key(letter.record), letter.part, tags_[index]);
  note_store(store_.release(std::span(&row, 1)));
  if (letter.awaited) count_answer(*letter.batch, letter.record);
}

void KeyStage::count_answer(Batch& batch, uint32_t record) {
  const Sha256Digest* key = batch.key(record);
  if (key == nullptr) return;
  InFlightKeys::Entry* entry = in_flight_.find(*key);
  if (entry == nullptr || entry->batch != &batch || entry->record != record) return;
  if (entry->answers > 1) {
    --entry->answers;
    return;
  }
  end_flight(*entry);
}

// All sinks have answered for it, or have had it before: its twins can be decided.
void KeyStage::end_flight(InFlightKeys::Entry& entry) {
  if (const auto twins = twins_.find(entry.key); twins != twins_.end()) {
    ready_.insert(ready_.end(), std::make_move_iterator(twins->second.begin()),
                  std::make_move_iterator(twins->second.end()));
    twins_.erase(twins);
  }
  in_flight_.erase(entry);
}

void KeyStage::note_store(const sluice::Status& status) {
  {
    MutexLock lock(mutex_);
    status_.away = !status.is_ok();
    if (!status) status_.last_error = status.message();
  }
  if (status.is_ok() == !away_noted_) return;
  away_noted_ = !status.is_ok();
  if (status) {
    log::info("idempotency.recovered", "the store of idempotency keys answers again",
              {{"pipeline", config_.name}});
  } else {
    log::error("idempotency.unavailable",
               std::string(config_.idempotency.admit_when_away
                               ? "records are delivered without being told apart: "
                               : "records are held: ") +
                   status.message(),
               {{"pipeline", config_.name}});
  }
}

}  // namespace sluice
