// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/ledger.h"

#include <utility>

#include "runtime/base/fault.h"
#include "runtime/base/log.h"

namespace sluice {
namespace {

// Commits are grouped at least this far apart: an fsync a batch would cost more than it is worth,
// and after a crash only this much is offered again.
constexpr std::chrono::milliseconds kCommitInterval{20};
// Letters in one transaction; bounds the memory that their copies take.
constexpr size_t kLettersAtOnce = 1000;

// A store on the same machine is mended by people or by room on the disk; it is looked at often,
// since everything holds meanwhile.
RetryConfig store_retry() {
  RetryConfig out;
  out.base = Millis(100);
  out.cap = Millis(2'000);
  return out;
}

}  // namespace

Ledger::Ledger(CheckpointStore& checkpoints, DeadLetterStore& letters, const Clock& clock)
    : checkpoints_(checkpoints),
      letters_(letters),
      clock_(clock),
      retry_(store_retry(), static_cast<uint64_t>(clock.wall_us())) {}

Ledger::~Ledger() { finish(); }

void Ledger::start(std::vector<LedgerClient*> clients) {
  clients_ = std::move(clients);
  thread_ = std::thread(&Ledger::run, this);
}

void Ledger::post_letter(LedgerClient& client, LetterRequest request) {
  MutexLock lock(mutex_);
  new_letters_.push_back({&client, std::move(request)});
  changed_.notify_one();
}

void Ledger::post_settled(LedgerClient& client, BatchPtr batch, uint32_t segment) {
  MutexLock lock(mutex_);
  new_settled_.push_back({&client, std::move(batch), segment});
  changed_.notify_one();
}

void Ledger::post_delivered(LedgerClient& client, std::span<const DeliveredParts> parts) {
  MutexLock lock(mutex_);
  for (const DeliveredParts& part : parts) new_delivered_.push_back({&client, part});
  changed_.notify_one();
}

void Ledger::wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  changed_.notify_one();
}

void Ledger::finish() {
  {
    MutexLock lock(mutex_);
    finishing_ = true;
    changed_.notify_all();
  }
  stop_.request();
  if (thread_.joinable()) thread_.join();
  // What a failing store kept from being written: let go of the batches, unacknowledged.
  MutexLock lock(mutex_);
  new_letters_.clear();
  new_delivered_.clear();
  new_settled_.clear();
}

Ledger::Status Ledger::status() const {
  MutexLock lock(mutex_);
  return status_;
}

size_t Ledger::backlog() const {
  MutexLock lock(mutex_);
  return new_letters_.size() + new_delivered_.size() + new_settled_.size();
}

void Ledger::run() {
  while (wait_for_work()) {
    // Letters first: the records they stand for are settled only once their letters are durable.
    if (!write_letters()) return;
    // What was delivered is posted before it counts as settled, so all of it is there once the
    // settled have been taken.
    const std::vector<Settled> settled = take_settled();
    if (!note_delivered()) return;
    if (!settle_redriven(settled)) return;
    for (const Settled& item : settled) item.client->account(*item.batch, item.segment);
    if (!commit()) return;
    stop_.wait_for(kCommitInterval);
  }
}

// False: told to finish and nothing is left.
bool Ledger::wait_for_work() {
  MutexLock lock(mutex_);
  while (new_letters_.empty() && new_delivered_.empty() && new_settled_.empty() && !woken_) {
    if (finishing_) return false;
    changed_.wait(mutex_);
  }
  woken_ = false;
  return true;
}

bool Ledger::write_letters() {
  for (;;) {
    std::vector<Letter> batch;
    {
      MutexLock lock(mutex_);
      const size_t n = std::min(new_letters_.size(), kLettersAtOnce);
      const auto end = new_letters_.begin() + static_cast<ptrdiff_t>(n);
      batch.assign(std::make_move_iterator(new_letters_.begin()), std::make_move_iterator(end));
      new_letters_.erase(new_letters_.begin(), end);
    }
    if (batch.empty()) return true;
    std::vector<DeadLetter> letters;
    letters.reserve(batch.size());
    for (const Letter& letter : batch)
      letters.push_back(letter.client->make_letter(letter.request));
    const auto put = [&] {
      SLUICE_FAULT("ledger.letters.before");
      return letters_.put(letters);
    };
    if (!persist(put)) return false;
    SLUICE_FAULT("ledger.letters.after");
    for (const Letter& letter : batch) letter.client->letter_written(letter.request);
  }
}

std::vector<Ledger::Settled> Ledger::take_settled() {
  MutexLock lock(mutex_);
  return std::exchange(new_settled_, {});
}

// The letters of redriven records, before their records count as settled.
bool Ledger::settle_redriven(const std::vector<Settled>& settled) {
  std::vector<RedrivenLetter> letters;
  for (const Settled& item : settled) item.client->redriven(*item.batch, item.segment, letters);
  if (letters.empty()) return true;
  SLUICE_FAULT("ledger.redriven.before");
  if (!persist([&] { return letters_.settle_redriven(letters, clock_.wall_us()); })) return false;
  SLUICE_FAULT("ledger.redriven.after");
  return true;
}

bool Ledger::note_delivered() {
  std::vector<Delivered> delivered;
  {
    MutexLock lock(mutex_);
    delivered.swap(new_delivered_);
  }
  std::vector<DeliveredParts> parts;
  for (LedgerClient* client : clients_) {
    parts.clear();
    for (Delivered& item : delivered) {
      if (item.client == client) parts.push_back(std::move(item.parts));
    }
    if (parts.empty()) continue;
    SLUICE_FAULT("ledger.delivered.before");
    if (!persist([&] { return client->note_delivered(parts); })) return false;
    SLUICE_FAULT("ledger.delivered.after");
  }
  return true;
}

bool Ledger::commit() {
  std::vector<LedgerClient::Commit> commits;
  std::vector<std::pair<LedgerClient*, size_t>> owners;  // client and end of its commits
  for (LedgerClient* client : clients_) {
    client->collect(commits);
    owners.emplace_back(client, commits.size());
  }
  if (commits.empty()) return true;
  std::vector<CheckpointUpdate> updates;
  updates.reserve(commits.size());
  for (const auto& commit : commits) updates.push_back(commit.update);
  const auto store = [&] {
    SLUICE_FAULT("ledger.checkpoint.before");
    return checkpoints_.commit(updates, clock_.wall_us());
  };
  if (!persist(store)) return false;
  SLUICE_FAULT("ledger.checkpoint.after");
  size_t at = 0;
  for (const auto& [client, end] : owners) {
    for (; at < end; ++at) client->committed(commits[at]);
  }
  return true;
}

bool Ledger::persist(const std::function<sluice::Status()>& work) {
  for (;;) {
    const sluice::Status done = work();
    if (!note(done)) return false;
    if (done) return true;
  }
}

bool Ledger::note(const sluice::Status& status) {
  bool ending = false;
  bool news = false;
  {
    MutexLock lock(mutex_);
    if (status) {
      ++status_.commits;
      news = !status_.healthy;
      status_.healthy = true;
    } else {
      ++status_.failed_commits;
      news = status_.healthy;
      status_.healthy = false;
      status_.last_error = status.message();
      ending = finishing_;
    }
  }
  if (status) {
    retry_.succeed();
    if (news) log::info("store.recovered", "what has to be stored can be stored again");
    return true;
  }
  if (news) {
    log::error("store.failed",
               "holding: nothing is acknowledged until what is known of it can be "
               "stored: " +
                   status.message());
  }
  if (!ending) stop_.wait_for(retry_.fail());
  return !ending;
}

}  // namespace sluice
