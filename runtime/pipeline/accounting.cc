// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/accounting.h"

namespace sluice {
namespace {

size_t at(Place place) { return static_cast<size_t>(place); }

}  // namespace

uint64_t Account::received() const {
  uint64_t sum = 0;
  for (const SourceAccount& source : sources) sum += source.received;
  return sum;
}

uint64_t Account::outcome(Outcome outcome) const {
  uint64_t sum = 0;
  for (const SourceAccount& source : sources) sum += source.outcomes[static_cast<size_t>(outcome)];
  return sum;
}

int64_t Account::unaccounted() const {
  uint64_t settled = 0;
  // kNone included: a record that settled without an outcome is a bug, and must not hide itself.
  for (size_t i = 1; i < kOutcomes; ++i) settled += outcome(static_cast<Outcome>(i));
  return static_cast<int64_t>(received()) - static_cast<int64_t>(settled) -
         static_cast<int64_t>(in_flight());
}

void Accounting::received(uint32_t source, uint64_t records, uint64_t bytes) {
  MutexLock lock(mutex_);
  account_.sources[source].received += records;
  account_.sources[source].bytes += bytes;
  account_.held[at(Place::kQueue)] += records;
}

void Accounting::moved(Place from, Place to, uint64_t records) {
  MutexLock lock(mutex_);
  account_.held[at(from)] -= records;
  account_.held[at(to)] += records;
}

void Accounting::settled(uint32_t source, const OutcomeCounts& outcomes) {
  MutexLock lock(mutex_);
  SourceAccount& account = account_.sources[source];
  for (size_t i = 0; i < kOutcomes; ++i) {
    account_.held[at(Place::kDelivery)] -= outcomes[i];
    if (static_cast<Outcome>(i) == Outcome::kDeferred) {
      account.received -= outcomes[i];
      account.deferred += outcomes[i];
    } else {
      account.outcomes[i] += outcomes[i];
    }
  }
}

void Accounting::returned(uint32_t source, uint64_t records) {
  MutexLock lock(mutex_);
  account_.sources[source].received -= records;
  account_.sources[source].returned += records;
  account_.held[at(Place::kDelivery)] -= records;
}

void Accounting::recovered(uint32_t source, uint64_t records) {
  MutexLock lock(mutex_);
  account_.sources[source].received += records;
  account_.held[at(Place::kSpool)] += records;
}

bool Accounting::drained(uint32_t source, Outcome outcome) {
  MutexLock lock(mutex_);
  ++account_.sources[source].outcomes[static_cast<size_t>(outcome)];
  return --account_.held[at(Place::kSpool)] != 0;
}

void Accounting::vanished(Place from, uint64_t records) {
  MutexLock lock(mutex_);
  account_.held[at(from)] -= records;
}

void Accounting::letter(uint32_t source, const std::string& reason) {
  MutexLock lock(mutex_);
  if (!reason.empty()) ++account_.sources[source].reasons[reason];
  ++account_.letters_written;
}

Account Accounting::snapshot() const {
  MutexLock lock(mutex_);
  return account_;
}

}  // namespace sluice
