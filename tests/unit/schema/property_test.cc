// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "tests/unit/schema/fixture.h"
#include "tests/unit/schema/random_schema.h"

// What holds for every schema and record.
namespace sluice::testing {
namespace {

constexpr int kRecords = 6;
int schemas() { return std::getenv("SLUICE_SOAK") != nullptr ? 20'000 : 800; }

SchemaOptions modern() {
  SchemaOptions options;
  options.dialect = "2020-12";
  options.formats = SchemaOptions::Formats::kAssert;
  return options;
}

// Calls visit(schema, checker, record) for many of them.
template <typename Visit>
void for_many(uint64_t seed, Visit&& visit) {
  RandomSchema random(seed, RandomSchema::Dialect::kModern);
  for (int i = 0; i < schemas(); ++i) {
    const std::string schema = random.document();
    SCOPED_TRACE(schema);
    Checker checker(schema, modern());
    for (int j = 0; j < kRecords; ++j) {
      visit(schema, checker, random.record());
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(Properties, ExplainFindsAFailureExactlyWhenValidateFails) {
  size_t fits = 0;
  size_t all = 0;
  for_many(1, [&](const std::string&, Checker& checker, const std::string& record) {
    const bool fit = checker.fits(record);
    fits += fit ? 1 : 0;
    ++all;
    const auto failures = checker.explain(record);
    ASSERT_EQ(fit, failures.front().keyword.empty()) << record;
    for (const SchemaFailure& failure : failures) {
      ASSERT_FALSE(failure.message.empty());
      if (!fit) {
        ASSERT_FALSE(failure.expected.empty() || failure.found.empty()) << failure.message;
      }
    }
    // However few are asked for, the first is the same.
    ASSERT_EQ(checker.explain(record, 1).front().message, failures.front().message);
  });
  EXPECT_GT(fits, all / 5);
  EXPECT_LT(fits, all - all / 5);
}

TEST(Properties, NegationTurnsTheVerdictRound) {
  for_many(2, [&](const std::string& schema, Checker& checker, const std::string& record) {
    if (schema.find("\"$dynamicRef\"") != std::string::npos) return;
    if (schema.find("\"$ref\"") != std::string::npos) return;
    Checker negated("{\"not\":" + schema + "}", modern());
    ASSERT_NE(checker.fits(record), negated.fits(record)) << record;
  });
}

TEST(Properties, UnevaluatedMembersSplitAsTheirSchemaSaysForEach) {
  // {S, unevaluatedProperties: false} lets pass what S lets pass and has no member that
  // {S, unevaluatedProperties: true} would have had to look at; so it implies S.
  for_many(3, [&](const std::string& schema, Checker& checker, const std::string& record) {
    if (schema.front() != '{' || schema.find("$") != std::string::npos) return;
    Checker closed("{\"allOf\":[" + schema + "],\"unevaluatedProperties\":false}", modern());
    Checker open("{\"allOf\":[" + schema + "],\"unevaluatedProperties\":true}", modern());
    ASSERT_EQ(open.fits(record), checker.fits(record)) << record;
    if (closed.fits(record)) {
      ASSERT_TRUE(checker.fits(record)) << record;
    }
    if (record.front() != '{') {
      ASSERT_EQ(closed.fits(record), checker.fits(record)) << record;
    }
  });
}

}  // namespace
}  // namespace sluice::testing
