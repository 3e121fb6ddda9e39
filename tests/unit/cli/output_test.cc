// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "runtime/cli/exit_code.h"
#include "runtime/cli/summary.h"
#include "runtime/cli/terminal.h"

namespace sluice::cli {
namespace {

RuntimeSnapshot snapshot() {
  RuntimeSnapshot out;
  PipelineSnapshot pipeline;
  pipeline.name = "orders";
  SourceAccount source;
  source.received = 1500;
  source.outcomes[static_cast<size_t>(Outcome::kCommitted)] = 1400;
  source.outcomes[static_cast<size_t>(Outcome::kDeadLettered)] = 60;
  source.reasons["SCHEMA_DRIFT"] = 60;
  pipeline.account.sources.push_back(source);
  pipeline.account.held[0] = 40;
  out.pipelines.push_back(pipeline);
  return out;
}

TEST(Terminal, GroupsDigits) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
}

TEST(Terminal, AlignsTextLeftAndNumbersRight) {
  EXPECT_EQ(format_table({{"name", "n"}, {"a", "10"}, {"long é", "9"}}),
            "name     n\na       10\nlong é   9\n");
}

TEST(Summary, IsOneObjectOnOneLine) {
  const std::string json = summary_json(snapshot(), 1.5);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  rapidjson::Document document;
  document.Parse(json.c_str());
  ASSERT_FALSE(document.HasParseError());
  const auto& orders = document["pipelines"]["orders"];
  EXPECT_EQ(orders["received"].GetUint64(), 1500U);
  EXPECT_EQ(orders["committed"].GetUint64(), 1400U);
  EXPECT_EQ(orders["dead_lettered"].GetUint64(), 60U);
  EXPECT_EQ(orders["in_flight"].GetUint64(), 40U);
  EXPECT_EQ(orders["unaccounted"].GetInt64(), 0);
  EXPECT_EQ(orders["reasons"]["SCHEMA_DRIFT"].GetUint64(), 60U);
  EXPECT_DOUBLE_EQ(document["seconds"].GetDouble(), 1.5);
}

TEST(Summary, TableNamesReasons) {
  const std::string table = summary_table(snapshot(), 1.5);
  EXPECT_NE(table.find("1,500"), std::string::npos);
  EXPECT_NE(table.find("SCHEMA_DRIFT"), std::string::npos);
  EXPECT_NE(table.find("1,500 records in 1.5 s, 1,000 a second"), std::string::npos);
}

TEST(ExitCode, FollowsTheKindOfFailure) {
  EXPECT_EQ(exit_code(Status::ok()), 0);
  EXPECT_EQ(exit_code(invalid("x")), 2);
  EXPECT_EQ(exit_code(not_found("x")), 2);
  EXPECT_EQ(exit_code(unavailable("x")), 3);
  EXPECT_EQ(exit_code({Code::kExists, "x"}), 3);
}

}  // namespace
}  // namespace sluice::cli
