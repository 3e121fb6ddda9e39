// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/hostile_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::conform {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const sluice_host_lanes* lanes_of(const HostileHost& host) {
  return static_cast<const sluice_host_lanes*>(
      host.raw()->extension(host.raw(), SLUICE_EXT_HOST_LANES));
}

sluice_str text(std::string_view view) { return {view.data(), view.size()}; }

TEST(HostileHost, NamesLanesFromItsOwnNumberOn) {
  MarkStore marks;
  marks.marks["b"] = 7;
  HostileHost host(SLUICE_KIND_SOURCE, &marks, {HostShape::kLong, 40});
  host.in_call("poll");
  uint32_t a = 0;
  uint32_t b = 0;
  uint64_t resume = 0;
  const auto* raw = host.raw();
  EXPECT_EQ(lanes_of(host)->open(raw, text("a"), &a, &resume), SLUICE_IDLE);
  EXPECT_EQ(lanes_of(host)->open(raw, text("b"), &b, &resume), SLUICE_OK);
  EXPECT_EQ(resume, 7U);
  EXPECT_EQ(a, 40U);
  EXPECT_EQ(b, 41U);
  EXPECT_EQ(host.lane_name(41), "b");
  EXPECT_EQ(host.lane_name(42), std::nullopt);
  EXPECT_THAT(host.breaches(), IsEmpty());
}

TEST(HostileHost, SeesLanesOpenedOutsideOfPoll) {
  MarkStore marks;
  HostileHost host(SLUICE_KIND_SOURCE, &marks, {});
  uint32_t id = 0;
  uint64_t resume = 0;
  EXPECT_EQ(lanes_of(host)->open(host.raw(), text("a"), &id, &resume), SLUICE_E_FATAL);
  EXPECT_THAT(host.breaches(), ElementsAre(HasSubstr("outside of any call")));
}

TEST(HostileHost, SaysASizeOfItsShape) {
  const HostileHost brief(SLUICE_KIND_SINK, nullptr, {HostShape::kShort, 0});
  EXPECT_FALSE(SLUICE_HAS(brief.raw(), sluice_host, extension));
  const HostileHost newer(SLUICE_KIND_SINK, nullptr, {HostShape::kNewer, 0});
  EXPECT_GT(newer.raw()->struct_size, sizeof(sluice_host));
  EXPECT_EQ(newer.raw()->abi_minor, SLUICE_ABI_MINOR + 1);
}

TEST(HostileHost, KnowsNoStrangeExtensions) {
  const HostileHost host(SLUICE_KIND_SINK, nullptr, {});
  EXPECT_EQ(host.raw()->extension(host.raw(), "sluice.host.nothing/1"), nullptr);
  EXPECT_EQ(host.raw()->extension(host.raw(), SLUICE_EXT_HOST_LANES), nullptr);
  EXPECT_NE(host.raw()->extension(host.raw(), SLUICE_EXT_HOST_COLUMNS), nullptr);
}

TEST(HostileHost, ACursorBelongsToTheRecordsHandedOverBefore) {
  MarkStore marks;
  HostileHost host(SLUICE_KIND_SOURCE, &marks, {});
  host.in_call("poll");
  EXPECT_EQ(lanes_of(host)->cursor_set(host.raw(), text("one")), SLUICE_OK);
  host.handed_over(3);
  EXPECT_EQ(lanes_of(host)->cursor_set(host.raw(), text("two")), SLUICE_OK);
  host.handed_over(3);
  EXPECT_EQ(host.cursor_for(2), std::nullopt);
  EXPECT_EQ(host.cursor_for(5), "one");
  EXPECT_EQ(host.cursor_for(6), "two");
}

TEST(HostileHost, HandsOutColumnsOfABatch) {
  HostileHost host(SLUICE_KIND_SINK, nullptr, {});
  const auto* columns = static_cast<const sluice_host_columns*>(
      host.raw()->extension(host.raw(), SLUICE_EXT_HOST_COLUMNS));
  const sluice_column id = {sizeof(sluice_column), SLUICE_COLUMN_AUTO, text("/id")};
  const sluice_column* const wanted[] = {&id};
  host.in_call("open");
  ASSERT_EQ(columns->declare(host.raw(), wanted, 1), SLUICE_OK);
  sluice_record record{};
  record.value = text(R"({"id":12})");
  sluice_batch batch{};
  batch.struct_size = sizeof batch;
  batch.stride = sizeof record;
  batch.count = 1;
  batch.records = &record;
  host.in_call("write");
  const sluice_cell* cells = nullptr;
  ASSERT_EQ(columns->cells(host.raw(), &batch, &cells), SLUICE_OK);
  EXPECT_EQ(cells[0].kind, SLUICE_CELL_I64);
  EXPECT_EQ(cells[0].v.i64, 12);
}

}  // namespace
}  // namespace sluice::conform
