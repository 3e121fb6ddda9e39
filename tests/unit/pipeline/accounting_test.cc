// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/accounting.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

OutcomeCounts counts(Outcome outcome, uint64_t n) {
  OutcomeCounts out{};
  out[static_cast<size_t>(outcome)] = n;
  return out;
}

TEST(Accounting, ClosesAtEveryStep) {
  Accounting accounting(1);
  accounting.received(0, 10, 1000);
  EXPECT_EQ(accounting.snapshot().unaccounted(), 0);
  EXPECT_EQ(accounting.snapshot().in_flight(), 10U);
  accounting.moved(Place::kQueue, Place::kWorker, 10);
  accounting.moved(Place::kWorker, Place::kDelivery, 10);
  EXPECT_EQ(accounting.snapshot().unaccounted(), 0);
  accounting.settled(0, counts(Outcome::kCommitted, 7));
  accounting.settled(0, counts(Outcome::kDeadLettered, 3));
  const Account account = accounting.snapshot();
  EXPECT_EQ(account.unaccounted(), 0);
  EXPECT_EQ(account.in_flight(), 0U);
  EXPECT_EQ(account.outcome(Outcome::kCommitted), 7U);
  EXPECT_EQ(account.received(), 10U);
}

TEST(Accounting, ShowsARecordThatVanished) {
  Accounting accounting(1);
  accounting.received(0, 10, 1000);
  accounting.vanished(Place::kQueue, 1);
  EXPECT_EQ(accounting.snapshot().unaccounted(), 1);
}

TEST(Accounting, ShowsARecordThatSettledWithoutAnOutcome) {
  Accounting accounting(1);
  accounting.received(0, 1, 10);
  accounting.moved(Place::kQueue, Place::kDelivery, 1);
  accounting.settled(0, counts(Outcome::kNone, 1));
  EXPECT_EQ(accounting.snapshot().unaccounted(), 1);
}

TEST(Accounting, CountsARecordWithSeveralLettersOnce) {
  Accounting accounting(2);
  accounting.letter(1, "SCHEMA_DRIFT");
  accounting.letter(1, "");
  const Account account = accounting.snapshot();
  EXPECT_EQ(account.sources[1].reasons.at("SCHEMA_DRIFT"), 1U);
  EXPECT_EQ(account.letters_written, 2U);
}

}  // namespace
}  // namespace sluice
