// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "runtime/base/sha256.h"
#include "runtime/record/document.h"
#include "runtime/script/script.h"
#include "tests/unit/support/allocations.h"

namespace sluice {
namespace {

std::string order(int i) {
  std::string text = "{\"id\":\"evt_";
  text +=
      std::to_string(i) + R"(","tenant":"acme","source":"s3","type":"order.created","revision":)" +
      std::to_string(i % 100) + R"(,"occurred_at":"2026-01-26T13:49:16.)" +
      std::to_string(100 + i % 900) +
      R"(Z","priority":"low","payload":{"order_id":1,"customer":{"id":2,"name":"A. B","email":"A.B)" +
      std::to_string(i) + R"(@Example.COM"},"items":[{"sku":"a","qty":3,"price":1.25},)" +
      R"({"sku":"b \"B\" c","qty":1,"price":0.5}],"total":4.25,"notes":"none","paid":true}})";
  return text;
}

class AllocationTest : public ::testing::Test {
 protected:
  // Allocations of the second half of a run over many records, batches of a hundred. The first half
  // holds several whole collections of garbage: only then is the heap of Lua as large as it gets.
  uint64_t steady_allocations(ScriptRunner* runner) {
    std::vector<std::string> records;
    for (int i = 0; i < 24000; ++i) records.push_back(order(i));
    Document document;
    Arena arena;
    Sha256 hash;
    std::vector<ScriptPart> parts;
    uint64_t before = 0;
    for (size_t i = 0; i < records.size(); ++i) {
      if (i == records.size() / 2) before = testing::allocations();
      if (i % 100 == 0) {
        arena.reset();
        parts.clear();
      }
      if (!document.parse(records[i], ParseLimits{})) ADD_FAILURE() << records[i];
      hash.reset();
      hash.update(records[i]);
      static_cast<void>(hash.finish());
      if (runner == nullptr) continue;
      const ScriptResult result = runner->run(document, RecordMeta{}, arena, parts);
      if (result.outcome != ScriptOutcome::kParts) ADD_FAILURE() << result.detail;
    }
    return testing::allocations() - before;
  }

  static std::unique_ptr<ScriptRunner> make(const std::string& text) {
    auto script = Script::from_text("t.lua", text, {}, ScriptLimits{});
    if (!script) {
      ADD_FAILURE() << script.status().message();
      return nullptr;
    }
    return std::move(*ScriptRunner::create(*script));
  }
};

TEST_F(AllocationTest, TheCounterCounts) {
  const uint64_t before = testing::allocations();
  const auto block = std::make_unique<std::string>(100, 'x');
  EXPECT_EQ(testing::allocations() - before, 2U);
}

TEST_F(AllocationTest, ParsingAllocatesNothing) { EXPECT_EQ(steady_allocations(nullptr), 0U); }

TEST_F(AllocationTest, TheOrderWorkloadAllocatesNothing) {
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/bench/orders.lua");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto runner = make(text);
  ASSERT_NE(runner, nullptr);
  EXPECT_EQ(steady_allocations(runner.get()), 0U);
}

TEST_F(AllocationTest, TablesAndEmitAllocateNothingOfOurs) {
  const auto runner = make(R"(
    function transform(r)
      for i, item in ipairs(r.payload.items) do
        sluice.emit({id = r.id, n = i, sku = item.sku}, {key = r.id})
      end
      r.extra = {1, 2, {a = r.payload}}
      for k, v in pairs(r) do if v == "low" then r[k] = nil end end
      return r
    end)");
  ASSERT_NE(runner, nullptr);
  EXPECT_EQ(steady_allocations(runner.get()), 0U);
}

TEST_F(AllocationTest, CountingAndDrawingAllocateNothingOfOurs) {
  const auto runner = make(R"(
    function transform(r)
      sluice.count("records")
      sluice.count(r.priority, #r.payload.items)
      r.draw = sluice.random(100)
      r.uuid = sluice.uuid.v4()
      r.digest = sluice.hash.sha256(r.id)
      r.again = sluice.json.decode(sluice.json.encode(r.payload.items))
      return r
    end)");
  ASSERT_NE(runner, nullptr);
  EXPECT_EQ(steady_allocations(runner.get()), 0U);
}

}  // namespace
}  // namespace sluice
