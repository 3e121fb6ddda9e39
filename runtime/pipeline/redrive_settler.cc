// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/redrive_settler.h"

#include <iterator>

#include "runtime/base/fault.h"
#include "runtime/pipeline/ledger.h"

namespace sluice {
namespace {

// Letters of one transaction, about: who writes letters waits for it.
constexpr uint64_t kSettledAtOnce = 2000;
// Transactions begin at least this far apart, so that few letters do not sync the disk each.
constexpr Millis kSettleInterval{20};

}  // namespace

RedriveSettler::RedriveSettler(FailureStore& letters, const Clock& clock)
    : letters_(letters), clock_(clock), hold_(clock) {}

RedriveSettler::~RedriveSettler() { finish(); }

void RedriveSettler::start() { thread_ = std::thread(&RedriveSettler::run, this); }

void RedriveSettler::post(LedgerClient& client, BatchPtr batch, uint32_t segment) {
  MutexLock lock(mutex_);
  settled_.push_back({&client, std::move(batch), segment});
  changed_.notify_one();
}

void RedriveSettler::finish() {
  {
    MutexLock lock(mutex_);
    finishing_ = true;
    changed_.notify_all();
  }
  hold_.finish();
  stop_.request();
  if (thread_.joinable()) thread_.join();
  // What a failing store kept from being settled: its letters stay as they were.
  MutexLock lock(mutex_);
  settled_.clear();
}

size_t RedriveSettler::backlog() const {
  MutexLock lock(mutex_);
  return settled_.size();
}

// Nothing: told to finish, and nothing is left.
std::vector<RedriveSettler::Settled> RedriveSettler::take() {
  MutexLock lock(mutex_);
  while (settled_.empty() && !finishing_) changed_.wait(mutex_);
  auto end = settled_.begin();
  for (uint64_t letters = 0; end != settled_.end() && letters < kSettledAtOnce; ++end) {
    letters += end->batch->segments()[end->segment].count;
  }
  std::vector<Settled> out(std::make_move_iterator(settled_.begin()), std::make_move_iterator(end));
  settled_.erase(settled_.begin(), end);
  return out;
}

void RedriveSettler::run() {
  for (std::vector<Settled> settled = take(); !settled.empty(); settled = take()) {
    const auto began = clock_.now();
    std::vector<RedrivenLetter> letters;
    for (const Settled& item : settled) item.client->redriven(*item.batch, item.segment, letters);
    SLUICE_FAULT("ledger.redriven.before");
    if (!hold_.persist([&] { return letters_.settle_redriven(letters, clock_.wall_us()); })) return;
    SLUICE_FAULT("ledger.redriven.after");
    for (const Settled& item : settled) item.client->account(*item.batch, item.segment);
    settled.clear();
    const auto took = std::chrono::duration_cast<Millis>(clock_.now() - began);
    if (took < kSettleInterval) stop_.wait_for(kSettleInterval - took);
  }
}

}  // namespace sluice
