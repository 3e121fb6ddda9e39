// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/record/batch.h"

namespace sluice {

using OutcomeCounts = std::array<uint64_t, kOutcomes>;

struct SourceAccount {
  uint64_t received = 0;
  uint64_t bytes = 0;
  uint64_t returned = 0;  // of a lane that was given back; not among the received any more
  uint64_t deferred = 0;  // to a retry topic, from which they are received again; likewise
  OutcomeCounts outcomes{};
  std::map<std::string, uint64_t> reasons;  // dead letters by reason code
};

// The account of a pipeline at one moment; taken under one lock, so it adds up whenever it is
// taken.
struct Account {
  std::vector<SourceAccount> sources;
  std::array<uint64_t, kPlaces> held{};
  uint64_t letters_written = 0;

  [[nodiscard]] uint64_t received() const;
  [[nodiscard]] uint64_t outcome(Outcome outcome) const;
  [[nodiscard]] uint64_t in_flight() const { return held[0] + held[1] + held[2] + held[3]; }
  // What would come again from nowhere but memory: in flight, and in no spool.
  [[nodiscard]] uint64_t unsafe() const {
    return in_flight() - held[static_cast<size_t>(Place::kSpool)];
  }
  // received - outcomes - in flight: always 0; anything else is a bug that lost or doubled records.
  [[nodiscard]] int64_t unaccounted() const;
};

// Counts source records, batch by batch. What is in flight is counted where it is held, never
// derived from the other numbers, so that a record which vanishes shows. Thread-safe; called a few
// times a batch.
class Accounting {
 public:
  explicit Accounting(size_t sources) { account_.sources.resize(sources); }

  void received(uint32_t source, uint64_t records, uint64_t bytes);
  void moved(Place from, Place to, uint64_t records);
  // Out of kDelivery; what is deferred is not received any more.
  void settled(uint32_t source, const OutcomeCounts& outcomes);
  // Given back with their lane, unsettled: out of kDelivery, and not received any more.
  void returned(uint32_t source, uint64_t records);
  // Of a sink's spool: records that were there at the start, and one that has left it.
  void recovered(uint32_t source, uint64_t records);
  // False: none is held in a spool any more.
  bool drained(uint32_t source, Outcome outcome);
  // The holder is gone and records in it were not settled.
  void vanished(Place from, uint64_t records);
  // A letter is durable. `reason` is empty for a further letter of a record that has one already.
  void letter(uint32_t source, const std::string& reason);
  [[nodiscard]] Account snapshot() const;

 private:
  mutable Mutex mutex_;
  Account account_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
