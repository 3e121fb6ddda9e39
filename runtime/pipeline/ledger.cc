// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/ledger.h"

#include <utility>

#include "runtime/base/fault.h"

namespace sluice {
namespace {

// Commits are grouped at least this far apart: an fsync a batch would cost more than it is worth,
// and after a crash only this much is offered again.
constexpr std::chrono::milliseconds kCommitInterval{20};
// Letters in one transaction; bounds the memory that their copies take.
constexpr size_t kLettersAtOnce = 1000;

}  // namespace

Ledger::Ledger(CheckpointStore& checkpoints, FailureStore& letters, const Clock& clock)
    : checkpoints_(checkpoints),
      letters_(letters),
      clock_(clock),
      hold_(clock),
      settler_(letters, clock) {}

Ledger::~Ledger() { finish(); }

void Ledger::start(std::vector<LedgerClient*> clients) {
  clients_ = std::move(clients);
  settler_.start();
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
  hold_.finish();
  stop_.request();
  if (thread_.joinable()) thread_.join();
  settler_.finish();
  // What a failing store kept from being written: let go of the batches, unacknowledged.
  MutexLock lock(mutex_);
  new_letters_.clear();
  new_delivered_.clear();
  new_settled_.clear();
}

Ledger::Status Ledger::status() const {
  Status out = hold_.status();
  const Status settler = settler_.status();
  if (out.healthy && !settler.healthy) out.last_error = settler.last_error;
  out.healthy = out.healthy && settler.healthy;
  out.commits += settler.commits;
  out.failed_commits += settler.failed_commits;
  return out;
}

size_t Ledger::backlog() const {
  MutexLock lock(mutex_);
  return new_letters_.size() + new_delivered_.size() + new_settled_.size() + settler_.backlog();
}

void Ledger::run() {
  while (wait_for_work()) {
    const auto began = clock_.now();
    // Letters first: the records they stand for are settled only once their letters are durable.
    if (!write_letters()) return;
    // What was delivered is posted before it counts as settled, so all of it is there once the
    // settled have been taken.
    const std::vector<Settled> settled = take_settled();
    if (!note_delivered()) return;
    for (const Settled& item : settled) {
      if (item.batch->redrive) {
        settler_.post(*item.client, item.batch, item.segment);
      } else {
        item.client->account(*item.batch, item.segment);
      }
    }
    if (!commit()) return;
    // From the beginning: what a commit took is no reason to let more work pile up behind it.
    const auto took = std::chrono::duration_cast<Millis>(clock_.now() - began);
    if (took < kCommitInterval) stop_.wait_for(kCommitInterval - took);
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
    if (!hold_.persist(put)) return false;
    SLUICE_FAULT("ledger.letters.after");
    for (const Letter& letter : batch) letter.client->letter_written(letter.request);
  }
}

std::vector<Ledger::Settled> Ledger::take_settled() {
  MutexLock lock(mutex_);
  return std::exchange(new_settled_, {});
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
    if (!hold_.persist([&] { return client->note_delivered(parts); })) return false;
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
  if (!hold_.persist(store)) return false;
  SLUICE_FAULT("ledger.checkpoint.after");
  size_t at = 0;
  for (const auto& [client, end] : owners) {
    for (; at < end; ++at) client->committed(commits[at]);
  }
  return true;
}

}  // namespace sluice
