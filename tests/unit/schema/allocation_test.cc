// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema/fixture.h"
#include "tests/unit/support/allocations.h"

namespace sluice::testing {
namespace {

// Allocations of validating the records once more, after a few rounds.
uint64_t steady_allocations(std::string_view schema, const std::vector<std::string>& records) {
  SchemaOptions options;
  options.dialect = "2020-12";
  options.formats = SchemaOptions::Formats::kAssert;
  const auto compiled = compile_schema_text(schema, "x", options);
  EXPECT_TRUE(compiled.is_ok()) << compiled.status().message();
  const auto scratch = (*compiled)->make_scratch();
  std::vector<Document> documents(records.size());
  for (size_t i = 0; i < records.size(); ++i) EXPECT_TRUE(documents[i].parse(records[i], {}));
  uint64_t before = 0;
  size_t fits = 0;
  for (int round = 0; round < 20; ++round) {
    if (round == 10) before = testing::allocations();
    for (const Document& one : documents) fits += (*compiled)->validate(one, *scratch) ? 1 : 0;
  }
  EXPECT_GT(fits, 0U);
  EXPECT_LT(fits, 20 * records.size());
  return testing::allocations() - before;
}

TEST(Allocation, RecordsThatFitAndThatDoNotAllocateNothing) {
  EXPECT_EQ(
      steady_allocations(R"({"required":["id","é"],"properties":{"id":{"pattern":"^evt_[0-9]+$"},
      "at":{"format":"date-time"},"tags":{"uniqueItems":true,"contains":{"const":"x"}},
      "mail":{"format":"email"},"host":{"format":"idn-hostname"},"uri":{"format":"iri"},
      "n":{"multipleOf":0.01,"maximum":1e300},"e":{"enum":[{"a":[1]},"b",3]}},
      "propertyNames":{"maxLength":10},"dependentRequired":{"at":["id"]}})",
                         {R"({"id":"evt_1","é":1,"at":"2026-01-02T03:04:05Z","tags":["x","y"],
                                   "mail":"a@b.c","host":"münchen.example","uri":"http://é/","n":1.25,
                                   "e":{"a":[1.0]}})",
                          R"({"id":"evt_\u0031","\u00e9":1,"tags":["\u0078",{"a":[1,2]}]})",
                          R"({"id":"EVT"})", R"({"id":"evt_1","é":1,"tags":[1,1,"x"]})"}),
      0U);
}

TEST(Allocation, MarksOfEvaluatedMembersAllocateNothing) {
  EXPECT_EQ(steady_allocations(R"({"$id":"https://x.test/a","$dynamicAnchor":"n",
      "anyOf":[{"properties":{"a":{"type":"integer"}}},{"properties":{"b":true}}],
      "oneOf":[{"required":["a"]},{"required":["c"],"properties":{"c":{"$ref":"b"}}}],
      "unevaluatedProperties":false,"$defs":{"b":{"$id":"b","$dynamicAnchor":"n",
      "prefixItems":[{"$dynamicRef":"#n"}],"unevaluatedItems":{"type":"null"}}}})",
                               {R"({"a":1,"b":2})", R"({"a":1,"z":2})", R"({"c":[{"a":1},null]})",
                                R"({"c":[{"q":1},null]})"}),
            0U);
}

}  // namespace
}  // namespace sluice::testing
