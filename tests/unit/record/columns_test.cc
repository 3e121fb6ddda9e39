// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/columns.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <string_view>

namespace sluice {
namespace {

std::string_view text(const sluice_cell& cell) {
  return {cell.text.data, static_cast<size_t>(cell.text.size)};
}

ColumnPlan plan(std::initializer_list<std::pair<const char*, uint32_t>> columns) {
  std::vector<ColumnPlan::Column> made;
  for (const auto& [pointer, form] : columns) made.push_back({*JsonPointer::parse(pointer), form});
  return ColumnPlan(std::move(made));
}

TEST(ColumnPlan, GivesEachKindOfValueItsCell) {
  const std::string record =
      R"({"n":null,"t":true,"f":false,"i":-5,"u":18446744073709551615,"d":1.50,"big":1e999,)"
      R"("huge":184467440737095516160,"s":"a\nb","p":"plain","o":{"x": 1},"l":[]})";
  Document document;
  ASSERT_TRUE(document.parse(record, ParseLimits{}));
  const ColumnPlan columns = plan({{"/n", 0},
                                   {"/t", 0},
                                   {"/f", 0},
                                   {"/i", 0},
                                   {"/u", 0},
                                   {"/d", 0},
                                   {"/big", 0},
                                   {"/huge", 0},
                                   {"/s", 0},
                                   {"/p", 0},
                                   {"/o", 0},
                                   {"/l", 0},
                                   {"/none", 0},
                                   {"", 0},
                                   {"/s", SLUICE_COLUMN_JSON},
                                   {"/n", SLUICE_COLUMN_JSON},
                                   {"/none", SLUICE_COLUMN_JSON}});
  ASSERT_EQ(columns.width(), 17U);
  Arena arena;
  sluice_cell cells[17];
  columns.extract(document, arena, cells);
  EXPECT_EQ(cells[0].kind, SLUICE_CELL_NULL);
  EXPECT_EQ(cells[1].kind, SLUICE_CELL_BOOL);
  EXPECT_EQ(cells[1].v.u64, 1U);
  EXPECT_EQ(cells[2].v.u64, 0U);
  EXPECT_EQ(cells[3].kind, SLUICE_CELL_I64);
  EXPECT_EQ(cells[3].v.i64, -5);
  EXPECT_EQ(text(cells[3]), "-5");
  EXPECT_EQ(cells[4].kind, SLUICE_CELL_U64);
  EXPECT_EQ(cells[4].v.u64, UINT64_MAX);
  EXPECT_EQ(cells[5].kind, SLUICE_CELL_F64);
  EXPECT_EQ(cells[5].v.f64, 1.5);
  EXPECT_EQ(text(cells[5]), "1.50");
  EXPECT_EQ(cells[6].kind, SLUICE_CELL_F64);
  EXPECT_TRUE(std::isinf(cells[6].v.f64));
  EXPECT_EQ(cells[7].kind, SLUICE_CELL_F64);
  EXPECT_EQ(text(cells[7]), "184467440737095516160");
  EXPECT_EQ(cells[8].kind, SLUICE_CELL_TEXT);
  EXPECT_EQ(text(cells[8]), "a\nb");
  EXPECT_EQ(text(cells[9]), "plain");
  EXPECT_EQ(cells[10].kind, SLUICE_CELL_JSON);
  EXPECT_EQ(text(cells[10]), R"({"x": 1})");
  EXPECT_EQ(text(cells[11]), "[]");
  EXPECT_EQ(cells[12].kind, SLUICE_CELL_ABSENT);
  EXPECT_EQ(cells[12].text.data, nullptr);
  EXPECT_EQ(cells[13].kind, SLUICE_CELL_JSON);
  EXPECT_EQ(text(cells[13]), record);
  EXPECT_EQ(cells[14].kind, SLUICE_CELL_JSON);
  EXPECT_EQ(text(cells[14]), "\"a\\nb\"");
  EXPECT_EQ(text(cells[15]), "null");
  EXPECT_EQ(cells[16].kind, SLUICE_CELL_ABSENT);
}

TEST(ColumnPlan, JsonCellsStayOnOneLine) {
  Document document;
  const std::string record = "{\"a\":\n [1,\n2]}";
  ASSERT_TRUE(document.parse(record, ParseLimits{}));
  Arena arena;
  sluice_cell cell;
  plan({{"/a", 0}}).extract(document, arena, &cell);
  EXPECT_EQ(text(cell), "[1,2]");
}

TEST(ColumnPlan, ARecordWithoutAValueHasAbsentCells) {
  sluice_cell cells[2];
  plan({{"/a", 0}, {"", SLUICE_COLUMN_JSON}}).extract_absent(cells);
  EXPECT_EQ(cells[0].kind, SLUICE_CELL_ABSENT);
  EXPECT_EQ(cells[1].kind, SLUICE_CELL_ABSENT);
  EXPECT_EQ(cells[1].text.data, nullptr);
}

}  // namespace
}  // namespace sluice
