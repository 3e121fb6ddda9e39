// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema_drift/fixture.h"
#include "tests/unit/support/allocations.h"

namespace sluice::drift {
namespace {

std::string order(int i, bool drifted) {
  return R"({"id":"evt_)" + std::to_string(i) + R"(","revision":)" + std::to_string(i % 100) +
         R"(,"at":"2026-01-26T13:49:16.)" + std::to_string(100 + i % 900) +
         R"(Z","priority":"low","payload":{"customer":{"email":"a.b)" + std::to_string(i) +
         R"(@example.com"},"items":[{"sku":"b \"B\" c","qty":1,"price":0.5}],)" +
         (drifted ? R"("total":"4.25","new":{"x":1}}})" : R"("total":4.25,"notes":"none"}})");
}

// Allocations of the second half of one batch of records.
uint64_t steady_allocations(bool drifted) {
  Ledger ledger({"in"}, {});
  Observer observer(ledger, 0, {});
  Document document;
  observer.begin(1'000'000);
  for (int i = 0; i < 1000; ++i) {
    const std::string record = order(i, false);
    EXPECT_TRUE(document.parse(record, {}));
    observer.passed(document);
  }
  std::vector<std::string> records;
  for (int i = 1000; i < 5000; ++i) records.push_back(order(i, drifted));
  uint64_t before = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    if (i == records.size() / 2) before = testing::allocations();
    EXPECT_TRUE(document.parse(records[i], {}));
    observer.passed(document);
  }
  const uint64_t after = testing::allocations();
  observer.end();
  std::string seen;
  for (const Entry& entry : ledger.entries(0)) seen += entry.path + " ";
  EXPECT_EQ(seen, drifted ? "/payload/new /payload/notes /payload/total " : "");
  return after - before;
}

TEST(DriftAllocation, RecordsAsLearnedAllocateNothing) { EXPECT_EQ(steady_allocations(false), 0U); }

TEST(DriftAllocation, RecordsThatGoOnDriftingAllocateNothing) {
  EXPECT_EQ(steady_allocations(true), 0U);
}

}  // namespace
}  // namespace sluice::drift
