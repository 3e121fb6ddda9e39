// SPDX-License-Identifier: Apache-2.0
// Whatever comes in, little is kept and little is done.
#include "tests/unit/schema_drift/fixture.h"

namespace sluice {
namespace {

using testing::Watch;

std::string many_keys(int count, const std::string& prefix) {
  std::string record = "{\"a\":1";
  for (int i = 0; i < count; ++i) record += ",\"" + prefix + std::to_string(i) + "\":1";
  return record + "}";
}

TEST(DriftBounds, ManyNewKeysLeaveAFewEntries) {
  Watch watch;
  watch.learn(R"({"a":1})");
  watch.see(many_keys(100'000, "k"));
  for (int i = 0; i < 50; ++i) watch.see(many_keys(1000, "r" + std::to_string(i) + "_"));
  EXPECT_LE(watch.entries().size(), 65U);
  EXPECT_GT(watch.counts().refused + watch.counts().evicted, 0U);
  // What matters is still seen.
  watch.see(R"({"a":"x"})");
  const auto entries = watch.entries();
  EXPECT_TRUE(std::any_of(entries.begin(), entries.end(), [](const drift::Entry& entry) {
    return entry.path == "/a" && entry.kind == drift::Kind::kTypeChanged;
  }));
}

TEST(DriftBounds, AFloodOfNamesHidesNothingElseInTheSameRecord) {
  Watch watch;
  watch.learn(R"({"a":1,"z":{"y":1}})");
  std::string record = many_keys(20'000, "k");
  record.back() = ',';
  record += R"("z":{"y":"x"}})";
  for (int i = 0; i < 3; ++i) watch.see(record);
  watch.see(R"({"a":1,"z":{"y":"x"}})");
  const auto entries = watch.entries();
  EXPECT_TRUE(std::any_of(entries.begin(), entries.end(),
                          [](const drift::Entry& entry) { return entry.path == "/z/y"; }));
}

TEST(DriftBounds, ManyNewKeysWhileLearning) {
  Watch watch;
  watch.see(many_keys(100'000, "k"));
  watch.learn(R"({"a":1,"b":2})");
  EXPECT_TRUE(watch.counts().settled);
  EXPECT_LE(watch.counts().paths, 1100U);
  watch.see(R"({"a":"x","b":2})");
  ASSERT_EQ(watch.entries().size(), 1U);
  EXPECT_EQ(watch.entries()[0].path, "/a");
}

TEST(DriftBounds, ClosedSchemaWithManyNewKeys) {
  Watch watch({.schema = R"({"properties":{"a":{}},"additionalProperties":false})"});
  for (int i = 0; i < 20; ++i) watch.see(many_keys(5'000, "r" + std::to_string(i) + "_"));
  EXPECT_LE(watch.entries().size(), 66U);
}

TEST(DriftBounds, DeepNestingIsLookedAtToADepth) {
  Watch watch;
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += R"({"d":)";
  deep += "1" + std::string(100, '}');
  watch.learn(deep);
  watch.see(deep);
  EXPECT_EQ(watch.entries().size(), 0U);
  EXPECT_LE(watch.counts().paths, 33U);
}

TEST(DriftBounds, LongArraysAreLookedAtToALength) {
  Watch watch;
  watch.learn(R"({"a":[1]})");
  std::string record = "{\"a\":[0";
  for (int i = 0; i < 100'000; ++i) record += ",1";
  watch.see(record + ",\"x\"]}");
  EXPECT_EQ(watch.entries().size(), 0U);
}

TEST(DriftBounds, LongNamesAreNotKept) {
  Watch watch;
  watch.learn(R"({"a":1})");
  watch.see("{\"a\":1,\"" + std::string(100'000, 'n') + "\":1}");
  EXPECT_EQ(watch.entries().size(), 0U);
  EXPECT_EQ(watch.counts().refused, 1U);
}

TEST(DriftBounds, SchemaThatRefersToItselfInManyWays) {
  Watch watch({.schema = R"({"properties":{"l":{"$ref":"#"},"r":{"$ref":"#"},"x":{"$ref":"#/a"}},
      "a":{"allOf":[{"$ref":"#/b"}]},"b":{"anyOf":[{"$ref":"#"},{"type":"null"}]},
      "required":["l"]})",
               .strangers = drift::Strangers::kReject});
  EXPECT_EQ(watch.see(R"({"l":{"l":{"l":1}}})"), "");
  EXPECT_EQ(watch.see(R"({"l":{"l":{"l":1,"q":1}}})"), "/l/l/q");
  EXPECT_EQ(watch.see(R"(7)"), "");
}

TEST(DriftBounds, FullSchemaIsReadInBounds) {
  std::string schema = R"({"properties":{)";
  for (int i = 0; i < 30'000; ++i) {
    schema += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) + R"(":{"type":"integer"})";
  }
  schema += "}}";
  const auto declared = drift::Declared::read(schema);
  ASSERT_TRUE(declared.is_ok());
  EXPECT_LE((*declared)->size(), drift::Declared::kMaxShapes);
  EXPECT_NE((*declared)->shape(0).find("p29999"), nullptr);
}

}  // namespace
}  // namespace sluice
