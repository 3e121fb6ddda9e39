// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/lineage/lifter.h"
#include "runtime/schema/lineage/version_finder.h"
#include "runtime/schema/registry/identity.h"
#include "tests/unit/schema_lineage/fixture.h"
#include "tests/unit/support/allocations.h"

namespace sluice {
namespace {

class LineageAllocationTest : public LineageTest {
 protected:
  // Allocations of the second half of many records of this version.
  uint64_t steady(uint32_t version) {
    versions(1, 3);
    const auto lineage = load().value();
    SchemaVersionConfig config;
    config.pointer = "/v";
    const auto finder = VersionFinder::create(config, lineage).value();
    const auto lifter = Lifter::create(lineage, {}).value();
    const std::string text = R"({"v":)" + std::to_string(version) + R"(,"name":"A. B","n":[1,2]})";
    Document document;
    RecordMeta meta;
    uint64_t before = 0;
    uint64_t lifted = 0;
    constexpr int kRecords = 4000;
    for (int i = 0; i < kRecords; ++i) {
      if (i == kRecords / 2) before = testing::allocations();
      if (!document.parse(finder->payload(text), {})) break;
      const auto at = finder->find({text, document, {}});
      if (!at || !lifter->fits(*at, document)) break;
      lifted += lifter->lift(document, *at, meta, nullptr).document != nullptr ? 1U : 0U;
    }
    const uint64_t counted = testing::allocations() - before;
    EXPECT_EQ(lifted, uint64_t{kRecords});
    return counted;
  }
};

TEST_F(LineageAllocationTest, TheNewestVersionAllocatesNothing) { EXPECT_EQ(steady(3), 0U); }

TEST_F(LineageAllocationTest, LiftingAllocatesNothingOfItsOwn) { EXPECT_EQ(steady(1), 0U); }

TEST_F(LineageAllocationTest, AnIdThatARegistryExplainsAllocatesNothing) {
  versions(1, 3);
  SchemaVersionConfig config;
  config.from = SchemaVersionConfig::From::kConfluent;
  config.registry.emplace();
  const auto finder = VersionFinder::create(config, load().value()).value();
  SchemaIds::Entry entry;
  entry.answer.kind = registry::SchemaAnswer::Kind::kJson;
  entry.answer.identity =
      *registry::schema_identity(R"({"required":["v"],"properties":{"v":{"const":2}}})");
  const auto ids = SchemaIds().with(7, entry);
  const std::string text = std::string("\0\0\0\0\7", 5) + R"({"v":2})";
  Document document;
  ASSERT_TRUE(document.parse(finder->payload(text), {}));
  const uint64_t before = testing::allocations();
  const auto at = finder->find({text, document, {}, ids.get()});
  EXPECT_EQ(testing::allocations() - before, 0U);
  EXPECT_EQ(at, 1U);
}

}  // namespace
}  // namespace sluice
