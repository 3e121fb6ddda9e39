// SPDX-License-Identifier: Apache-2.0
// Counts calls of operator new: a program of its own, since it replaces the operator.
#include <atomic>
#include <cstdlib>
#include <new>

#include "runtime/schema/lineage/lifter.h"
#include "runtime/schema/lineage/version_finder.h"
#include "tests/unit/schema_lineage/fixture.h"

namespace {
std::atomic<uint64_t> allocations{0};
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }

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
      if (i == kRecords / 2) before = allocations;
      if (!document.parse(finder->payload(text), {})) break;
      const auto at = finder->find({text, document, {}});
      if (!at || !lifter->fits(*at, document)) break;
      lifted += lifter->lift(document, *at, meta, nullptr).document != nullptr ? 1U : 0U;
    }
    const uint64_t counted = allocations - before;
    EXPECT_EQ(lifted, uint64_t{kRecords});
    return counted;
  }
};

TEST_F(LineageAllocationTest, TheNewestVersionAllocatesNothing) { EXPECT_EQ(steady(3), 0U); }

TEST_F(LineageAllocationTest, LiftingAllocatesNothingOfItsOwn) { EXPECT_EQ(steady(1), 0U); }

}  // namespace
}  // namespace sluice
