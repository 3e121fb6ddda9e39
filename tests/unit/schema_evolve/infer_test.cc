// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/infer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "runtime/record/document.h"
#include "runtime/schema/validator.h"
#include "tests/unit/schema_evolve/random_schema.h"

namespace sluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string infer(const std::vector<std::string>& records, const InferOptions& options = {}) {
  SchemaInference inference(options);
  for (const std::string& record : records) EXPECT_EQ(inference.add(record), "") << record;
  return inference.schema();
}

// The number of records the schema does not take.
int refused(const std::string& schema, const std::vector<std::string>& records) {
  auto compiled = compile_schema_text(schema, "inferred.schema.json");
  EXPECT_TRUE(compiled) << compiled.status().message() << "\n" << schema;
  if (!compiled) return -1;
  const auto scratch = (*compiled)->make_scratch();
  int out = 0;
  for (const std::string& record : records) {
    Document document;
    EXPECT_TRUE(document.parse(record, {.max_bytes = 64U << 20U}));
    if ((*compiled)->validate(document, *scratch)) continue;
    if (out++ == 0) {
      const auto failures = (*compiled)->explain(document, 3);
      ADD_FAILURE() << record.substr(0, 300) << "\n"
                    << failures[0].instance << " " << failures[0].message << "\n"
                    << schema.substr(0, 3000);
    }
  }
  return out;
}

TEST(Infer, WritesWhatPeopleWouldWrite) {
  std::vector<std::string> records;
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    records.push_back(R"({"id":)" + n + R"(,"at":"2026-01-0)" + std::to_string(1 + i % 9) +
                      R"(T10:00:00Z","price":)" + n + R"(.5,"state":")" +
                      (i % 2 != 0 ? "open" : "done") + R"(","name":"n)" + n + "\"" +
                      (i % 3 != 0 ? R"(,"note":null)" : R"(,"note":"x")") + R"(,"tags":["a"]})");
  }
  EXPECT_EQ(infer(records, {.title = "Order"}), R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "$comment": "inferred from 40 records",
  "title": "Order",
  "type": "object",
  "required": ["id", "at", "price", "state", "name", "note", "tags"],
  "properties": {
    "id": { "type": "integer", "$comment": "seen 0 to 39" },
    "at": { "type": "string", "format": "date-time" },
    "price": { "type": "number", "$comment": "seen 0.5 to 39.5" },
    "state": { "type": "string", "enum": ["done", "open"] },
    "name": { "type": "string", "$comment": "length 2 to 3" },
    "note": { "type": ["string", "null"], "$comment": "length 1" },
    "tags": {
      "type": "array",
      "$comment": "1 item",
      "items": { "type": "string", "const": "a" }
    }
  }
}
)");
}

TEST(Infer, RequiresWhatEveryObjectOfAPlaceHas) {
  const std::string schema = infer({R"({"a":1,"o":{"x":1}})", R"({"b":2,"a":1})"});
  EXPECT_THAT(schema, HasSubstr(R"("required": ["a"])"));
  EXPECT_THAT(schema, HasSubstr(R"("required": ["x"])"));
}

TEST(Infer, TellsAFormatOnlyWhenEveryTextHasIt) {
  const auto of = [](const std::vector<const char*>& texts) {
    std::vector<std::string> records;
    for (const char* text : texts) records.push_back("\"" + std::string(text) + "\"");
    return infer(records);
  };
  EXPECT_THAT(of({"2026-01-01", "2025-12-31"}), HasSubstr(R"("format": "date")"));
  EXPECT_THAT(of({"a@example.com", "b@example.com"}), HasSubstr(R"("format": "email")"));
  EXPECT_THAT(of({"10.0.0.1", "192.168.1.1"}), HasSubstr(R"("format": "ipv4")"));
  EXPECT_THAT(of({"https://a.example/x", "ftp://b.example"}), HasSubstr(R"("format": "uri")"));
  EXPECT_THAT(of({"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"}),
              HasSubstr(R"("format": "uuid")"));
  EXPECT_THAT(of({"2026-01-01", "soon"}), Not(HasSubstr("format")));
  EXPECT_THAT(of({"2026-01-01"}), Not(HasSubstr("format")));
  EXPECT_THAT(of({"a:b", "c:d"}), Not(HasSubstr("format")));
}

TEST(Infer, ListsValuesOnlyWhereTheyAreFewAndOften) {
  const auto of = [](int different, int times, const InferOptions& options = {}) {
    std::vector<std::string> records;
    for (int i = 0; i < different * times; ++i) {
      records.push_back("\"v" + std::to_string(i % different) + "\"");
    }
    return infer(records, options);
  };
  EXPECT_THAT(of(3, 10), HasSubstr(R"("enum": ["v0", "v1", "v2"])"));
  EXPECT_THAT(of(3, 9), Not(HasSubstr("enum")));
  EXPECT_THAT(of(17, 20), Not(HasSubstr("enum")));
  EXPECT_THAT(of(17, 20, {.max_enum = 17}), HasSubstr("enum"));
  EXPECT_THAT(of(1, 20), HasSubstr(R"("const": "v0")"));
  EXPECT_THAT(of(1, 20, {.max_enum = 0}), Not(HasSubstr("const")));
}

TEST(Infer, KeepsNumbersOfEverySize) {
  const std::string schema = infer({"12345678901234567890123", "1", "-3"});
  EXPECT_THAT(schema, HasSubstr(R"("type": "integer")"));
  EXPECT_THAT(schema, HasSubstr("seen -3 to 12345678901234567890123"));
  EXPECT_THAT(infer({"1", "1.0"}), HasSubstr(R"("type": "number")"));
}

TEST(Infer, ClosesObjectsAndSpeaksTheOtherDialectWhenAsked) {
  const std::string schema = infer({R"({"a":{}})"}, {.dialect = "2020-12", .closed = true});
  EXPECT_THAT(schema, HasSubstr("https://json-schema.org/draft/2020-12/schema"));
  EXPECT_THAT(schema, HasSubstr(R"("additionalProperties": false)"));
}

TEST(Infer, SaysWhyATextIsNoRecord) {
  SchemaInference inference({});
  EXPECT_THAT(inference.add(R"({"a")"), HasSubstr(", at byte "));
  EXPECT_NE(inference.add(R"({"a":1,"a":2})"), "");
  EXPECT_EQ(inference.records(), 0U);
}

TEST(Infer, IsBoundedWhateverComes) {
  std::vector<std::string> records;
  std::string wide = "{";
  for (int i = 0; i < 3000; ++i) wide += "\"k" + std::to_string(i) + "\":1,";
  wide += "\"" + std::string(5000, 'n') + "\":1}";
  records.push_back(wide);
  std::string deep;
  for (int i = 0; i < 60; ++i) deep += R"({"d":[)";
  deep += "1";
  for (int i = 0; i < 60; ++i) deep += "]}";
  records.push_back(deep);
  for (int i = 0; i < 300; ++i) {
    // New names at many places: the limit on places is met.
    std::string many = "{";
    for (int j = 0; j < 100; ++j) {
      many += (j > 0 ? ",\"o" : "\"o") + std::to_string(j) + "\":{\"x" + std::to_string(i) +
              R"(":["y"]})";
    }
    records.push_back(many + "}");
  }
  records.push_back("\"" + std::string(1U << 20U, 'x') + "\"");
  records.push_back(std::string(5000, '9'));
  for (const bool closed : {false, true}) {
    const std::string schema = infer(records, {.closed = closed});
    EXPECT_EQ(refused(schema, records), 0);
    EXPECT_THAT(schema, HasSubstr("more members than were looked at"));
    EXPECT_LT(schema.size(), 8U << 20U);
  }
}

TEST(Infer, TakesEveryRecordItSaw) {
  RandomSchema random(7);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> records;
    for (int i = 0; i < 1 + round * 2; ++i) records.push_back(random.record(4));
    ASSERT_EQ(refused(infer(records, {.closed = round % 2 == 0}), records), 0) << round;
  }
}

TEST(Infer, TakesEveryEarthquakeItSaw) {
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/data/earthquakes.jsonl");
  std::vector<std::string> records;
  for (std::string line; std::getline(file, line);) records.push_back(line);
  ASSERT_GT(records.size(), 1000U);
  const std::string schema = infer(records, {.closed = true});
  EXPECT_EQ(refused(schema, records), 0);
  EXPECT_THAT(schema, HasSubstr(R"("format": "uri")"));
  EXPECT_THAT(schema, HasSubstr(R"("enum": ["earthquake", "explosion", "quarry blast"])"));
}

}  // namespace
}  // namespace sluice::testing
