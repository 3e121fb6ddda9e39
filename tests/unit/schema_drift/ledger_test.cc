// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/drift/ledger.h"

#include "tests/unit/schema_drift/fixture.h"

namespace sluice::drift {
namespace {

using testing::Watch;

Report report_of(std::span<const Delta> deltas, int64_t now_us, uint64_t observed) {
  Report report;
  report.now_us = now_us;
  report.records = report.observed = observed;
  report.deltas = deltas;
  return report;
}

Delta delta_of(std::string_view path, Kind kind, Severity severity, uint64_t count) {
  Delta delta;
  delta.path = path;
  delta.kind = kind;
  delta.severity = severity;
  delta.count = count;
  delta.after = "x";
  return delta;
}

TEST(DriftLedger, EntriesGrowWithEachReport) {
  Ledger ledger({"in"}, {});
  const Delta first = delta_of("/a", Kind::kTypeChanged, Severity::kInfo, 2);
  ledger.report(report_of({&first, 1}, 100, 10));
  const Delta second = delta_of("/a", Kind::kTypeChanged, Severity::kBreaking, 3);
  ledger.report(report_of({&second, 1}, 200, 10));
  const auto entries = ledger.entries(0);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].count, 5U);
  EXPECT_EQ(entries[0].observed, 20U);
  EXPECT_DOUBLE_EQ(entries[0].share(), 0.25);
  EXPECT_EQ(entries[0].first_seen_us, 100);
  EXPECT_EQ(entries[0].last_seen_us, 200);
  EXPECT_EQ(entries[0].severity, Severity::kBreaking);
}

TEST(DriftLedger, ChangesAreTakenOnce) {
  Ledger ledger({"in"}, {});
  EXPECT_FALSE(ledger.take_changes(0).has_value());
  const Delta delta = delta_of("/a", Kind::kTypeChanged, Severity::kInfo, 2);
  ledger.report(report_of({&delta, 1}, 100, 10));
  const auto changes = ledger.take_changes(0);
  ASSERT_TRUE(changes.has_value());
  EXPECT_EQ(changes->entries.size(), 1U);
  EXPECT_FALSE(ledger.take_changes(0).has_value());
  ledger.put_back(0, *changes);
  ASSERT_TRUE(ledger.take_changes(0).has_value());
}

TEST(DriftLedger, FullLedgerDropsTheLeastImportant) {
  LedgerLimits limits;
  limits.entries = 3;
  Ledger ledger({"in"}, limits);
  const auto put = [&](const char* path, Severity severity, int64_t now) {
    const Delta delta = delta_of(path, Kind::kTypeChanged, severity, 1);
    ledger.report(report_of({&delta, 1}, now, 1));
  };
  put("/broken", Severity::kBreaking, 1);
  put("/old", Severity::kInfo, 2);
  put("/newer", Severity::kInfo, 3);
  static_cast<void>(ledger.take_changes(0));
  put("/warned", Severity::kWarning, 4);
  std::string paths;
  for (const Entry& entry : ledger.entries(0)) paths += entry.path;
  EXPECT_EQ(paths, "/broken/newer/warned");
  EXPECT_EQ(ledger.counts(0).evicted, 1U);
  const auto changes = ledger.take_changes(0);
  ASSERT_TRUE(changes.has_value());
  ASSERT_EQ(changes->removed.size(), 1U);
  EXPECT_EQ(changes->removed[0].first, "/old");
}

TEST(DriftLedger, NewFieldsOfOneObjectShareAnEntryPastANumber) {
  Ledger ledger({"in"}, {});
  for (int i = 0; i < 1000; ++i) {
    const std::string path = "/o/k" + std::to_string(i);
    const Delta delta = delta_of(path, Kind::kNewField, Severity::kBreaking, 1);
    ledger.report(report_of({&delta, 1}, i, 1));
  }
  const auto entries = ledger.entries(0);
  EXPECT_EQ(entries.size(), 65U);
  EXPECT_EQ(entries[0].path, "/o/*");
  EXPECT_EQ(entries[0].count, 936U);
}

TEST(DriftLedger, RestoredLedgerGoesOn) {
  Watch before;
  before.learn(R"({"a":1})");
  before.see(R"({"a":"x"})");
  before.see(R"({"a":1})");
  const auto state = before.ledger().take_changes(0);
  ASSERT_TRUE(state.has_value());
  EXPECT_TRUE(state->settled);

  Watch after;
  EXPECT_TRUE(after.ledger().restore(0, *state));
  after.restart();
  after.see(R"({"a":"x","b":1})");  // no learning again
  const auto entries = after.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].count, 2U);
  EXPECT_EQ(entries[0].observed, 3U);
  EXPECT_EQ(entries[0].before, "integer 1");
  EXPECT_EQ(entries[1].path, "/b");
}

TEST(DriftLedger, HalfLearnedBaselineGoesOn) {
  Watch before;
  for (int i = 0; i < 25; ++i) before.see(R"({"a":1})");
  const auto state = before.ledger().take_changes(0);
  ASSERT_TRUE(state.has_value());
  EXPECT_FALSE(state->settled);
  Watch after;
  EXPECT_TRUE(after.ledger().restore(0, *state));
  after.restart();
  for (int i = 0; i < 15; ++i) after.see(R"({"a":1})");
  EXPECT_TRUE(after.counts().settled);
  EXPECT_EQ(after.counts().learned, 40U);
}

TEST(DriftLedger, DamagedBaselineIsLearnedAnew) {
  Ledger ledger({"in"}, {});
  SourceState state;
  state.baseline = "SLP1 nonsense";
  state.settled = true;
  EXPECT_FALSE(ledger.restore(0, state));
  EXPECT_FALSE(ledger.counts(0).settled);
}

TEST(DriftLedger, WorkersShareOneBaseline) {
  Ledger ledger({"in"}, {40, {}});
  Observer one(ledger, 0, {});
  Observer two(ledger, 0, {});
  Document document;
  const auto see = [&](Observer& observer, const char* record) {
    ASSERT_TRUE(document.parse(record, {}));
    observer.begin(1000);
    observer.passed(document);
    observer.end();
  };
  for (int i = 0; i < 20; ++i) {
    see(one, R"({"a":1})");
    see(two, R"({"b":1})");
  }
  EXPECT_TRUE(ledger.counts(0).settled);
  see(one, R"({"b":1})");
  see(two, R"({"a":1})");
  EXPECT_EQ(ledger.entries(0).size(), 0U);
}

TEST(DriftLedger, LearningEndsInsideABatch) {
  Ledger ledger({"in"}, {40, {}});
  Observer observer(ledger, 0, {});
  Document document;
  observer.begin(1000);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(document.parse(i < 40 ? R"({"a":1})" : R"({"a":"x"})", {}));
    observer.passed(document);
  }
  observer.end();
  ASSERT_EQ(ledger.entries(0).size(), 1U);
  EXPECT_EQ(ledger.entries(0)[0].count, 10U);
}

}  // namespace
}  // namespace sluice::drift
