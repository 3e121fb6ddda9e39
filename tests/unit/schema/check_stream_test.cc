// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/check_stream.h"

#include <sys/mman.h>
#include <unistd.h>

#include "runtime/base/unique_fd.h"
#include "runtime/schema/failure_tally.h"
#include "tests/unit/schema/fixture.h"

namespace sluice::testing {
namespace {

class Notes final : public StreamListener {
 public:
  void on_invalid(uint64_t line, const Document* record,
                  const std::vector<SchemaFailure>& failures) override {
    for (const SchemaFailure& failure : failures) {
      lines.push_back(std::to_string(line) + " " + fold_items(record, failure.instance) + " " +
                      failure.keyword);
    }
  }
  void on_progress(const StreamCounts&) override {}
  std::vector<std::string> lines;
};

struct Outcome {
  StreamCounts counts;
  std::vector<std::string> notes;
};

Outcome check(std::string_view schema, std::string_view records,
              const StreamOptions& options = {}) {
  const UniqueFd fd(::memfd_create("records", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), records.data(), records.size()),
            static_cast<ssize_t>(records.size()));
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_SET), 0);
  const auto compiled = compile_schema_text(schema, "x");
  EXPECT_TRUE(compiled.is_ok());
  Notes notes;
  const auto counts = check_stream(**compiled, fd.get(), options, notes);
  EXPECT_TRUE(counts.is_ok());
  return {*counts, notes.lines};
}

TEST(CheckStream, CountsLinesFromOneAndPassesOverBlankOnes) {
  const auto [counts, notes] = check(R"({"properties":{"a":{"items":{"type":"integer"}},
      "b":{"minimum":3}}})",
                                     "{}\n\n  \r\n{\"a\":[1,\"x\"]}\r\n{\"b\":1}\nnope\n{}");
  EXPECT_EQ(counts.valid, 2U);
  EXPECT_EQ(counts.invalid, 3U);
  EXPECT_EQ(counts.drift, 1U);
  EXPECT_EQ(counts.value, 1U);
  EXPECT_EQ(counts.unparsed, 1U);
  EXPECT_EQ(notes, (std::vector<std::string>{"4 /a/* type", "5 /b minimum", "6  parse"}));
}

TEST(CheckStream, TakesRecordsThatAreLongerThanItsReads) {
  std::string records;
  for (int i = 0; i < 5; ++i) records += "\"" + std::string(1'500'000, 'x') + "\"\n1\n";
  const auto [counts, notes] = check(R"({"type":"string"})", records);
  EXPECT_EQ(counts.valid, 5U);
  EXPECT_EQ(counts.invalid, 5U);
  EXPECT_EQ(notes.back(), "10  type");
}

TEST(CheckStream, RefusesWhatIsTooLargeAndGoesOn) {
  StreamOptions options;
  options.limits.max_bytes = 3'000'000;
  const std::string large = "\"" + std::string(9'000'000, 'x') + "\"";
  const auto [counts, notes] = check("true", "1\n" + large + "\n2\n" + large, options);
  EXPECT_EQ(counts.valid, 2U);
  EXPECT_EQ(counts.unparsed, 2U);
  EXPECT_EQ(notes, (std::vector<std::string>{"2  parse", "4  parse"}));
}

TEST(CheckStream, TakesAWholeTextAsOneRecord) {
  StreamOptions options;
  options.format = RecordFormat::kJson;
  EXPECT_EQ(check(R"({"type":"object"})", "{\n \"a\": 1\n}\n", options).counts.valid, 1U);
  EXPECT_EQ(check(R"({"type":"object"})", "{}\n{}\n", options).counts.unparsed, 1U);
  EXPECT_EQ(check("true", "", options).counts.unparsed, 1U);
  EXPECT_EQ(check("true", "").counts.invalid, 0U);
}

TEST(FoldItems, KnowsAnIndexFromAMemberThatLooksLikeOne) {
  Document record;
  const std::string text = R"({"a":[{"0":[1]}],"b/c":{"~":[[7]]}})";
  ASSERT_TRUE(record.parse(text, {}));
  EXPECT_EQ(fold_items(&record, "/a/0/0/0"), "/a/*/0/*");
  EXPECT_EQ(fold_items(&record, "/b~1c/~0/0/0"), "/b~1c/~0/*/*");
  EXPECT_EQ(fold_items(&record, "/gone/3/4"), "/gone/3/4");
  EXPECT_EQ(fold_items(&record, "/a/9"), "/a/*");
  EXPECT_EQ(fold_items(&record, ""), "");
  EXPECT_EQ(fold_items(nullptr, "/a/0"), "/a/0");
}

TEST(FailureTally, GathersByPathAndKeywordMostFrequentFirst) {
  FailureTally tally;
  SchemaFailure rare{"/b", "/b/type", "type", "", FailureClass::kDrift, "integer", "null"};
  SchemaFailure often{"/a", "/a/minimum", "minimum", "", FailureClass::kValue, "at least 1", "0"};
  tally.add(3, nullptr, rare);
  for (uint64_t line = 4; line < 9; ++line) tally.add(line, nullptr, often);
  const auto rows = tally.rows(10);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].count, 5U);
  EXPECT_EQ(rows[0].path, "/a");
  EXPECT_EQ(rows[0].line, 4U);
  EXPECT_EQ(rows[1].found, "null");
  EXPECT_EQ(tally.rows(1).size(), 1U);
}

TEST(FailureTally, IsBoundedHoweverManyPlacesAHostileRecordNames) {
  FailureTally tally;
  SchemaFailure failure;
  failure.keyword = "additionalProperties";
  for (int i = 0; i < 5000; ++i) {
    failure.instance = "/" + std::to_string(i) + std::string(1000, 'x');
    tally.add(1, nullptr, failure);
  }
  EXPECT_EQ(tally.size(), FailureTally::kMaxRows);
  EXPECT_EQ(tally.elsewhere(), 5000 - FailureTally::kMaxRows);
  for (const auto& row : tally.rows(SIZE_MAX)) {
    EXPECT_LE(row.path.size(), FailureTally::kMaxPathBytes + 3);  // "..."
  }
}

}  // namespace
}  // namespace sluice::testing
