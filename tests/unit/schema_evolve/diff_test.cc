// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema_evolve/fixture.h"

namespace sluice::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The schema of a field in an object, so that paths are those of real records.
std::string closed(const std::string& properties, const std::string& required = "") {
  return R"({"type":"object","additionalProperties":false,"required":[)" + required +
         R"(],"properties":{)" + properties + "}}";
}
std::string open(const std::string& properties, const std::string& required = "") {
  return R"({"type":"object","required":[)" + required + R"(],"properties":{)" + properties + "}}";
}

struct Case {
  std::string before;
  std::string after;
  std::string change;
  std::string verdict;
};

void run(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.before + "\n" + one.after);
    const SchemaDiff made = diff(one.before, one.after);
    EXPECT_THAT(told(made), ElementsAre(one.change));
    EXPECT_EQ(verdict(made), one.verdict);
  }
}

// The same for the schema of one member `a`.
void run_member(const std::vector<Case>& cases) {
  std::vector<Case> wrapped;
  for (const Case& one : cases) {
    wrapped.push_back(
        {closed("\"a\":" + one.before), closed("\"a\":" + one.after), one.change, one.verdict});
  }
  run(wrapped);
}

TEST(Diff, FindsNothingBetweenSpellingsOfOneSchema) {
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {R"({"type":"object","properties":{"a":{"type":"string"},"b":{}}})",
       R"({"properties":{"b":true,"a":{"type":["string"],"description":"x"}},"type":"object"})"},
      {R"({"enum":[1,"a"]})", R"({"enum":["a",1.0]})"},
      {R"({"const":{"a":1,"b":2}})", R"({"enum":[{"b":2,"a":1}]})"},
      {R"({"minimum":5})", R"({"minimum":5.0})"},
      {R"({"anyOf":[{"type":"string","maxLength":3},{"type":"null"}]})",
       R"({"type":["null","string"],"maxLength":3})"},
      {R"({"oneOf":[{"type":"integer"},{"enum":[null]}]})", R"({"type":["integer","null"]})"},
      {R"({"items":{"$ref":"#/definitions/t"},"definitions":{"t":{"type":"string"}}})",
       R"({"items":{"type":"string"}})"},
      {R"({"allOf":[{"type":"string"}]})", R"({"type":"string"})"},
      {R"({"type":"string","minimum":3})", R"({"type":"string","minimum":4})"},
  };
  for (const auto& [before, after] : pairs) {
    SCOPED_TRACE(before + "\n" + after);
    const SchemaDiff made = diff(before, after);
    EXPECT_EQ(verdict(made), "full");
    EXPECT_THAT(told(made), IsEmpty());
  }
}

TEST(Diff, JudgesFieldsOfClosedObjects) {
  const std::string a = R"("a":{"type":"string"})";
  const std::string ab = R"("a":{"type":"string"},"b":{"type":"integer"})";
  run({
      {closed(a), closed(ab), "/b field_added additive", "backward"},
      {closed(a), closed(ab, R"("b")"), "/b field_added breaking", "none"},
      {closed(ab), closed(a), "/b field_removed narrowing", "forward"},
      {closed(ab, R"("b")"), closed(a), "/b field_removed breaking", "none"},
      {closed(ab), closed(ab, R"("b")"), "/b became_required narrowing", "forward"},
      {closed(ab, R"("b")"), closed(ab), "/b became_optional widening", "backward"},
  });
}

TEST(Diff, JudgesFieldsOfOpenObjectsAsSetsOfRecords) {
  const std::string a = R"("a":{"type":"string"})";
  const std::string ab = R"("a":{"type":"string"},"b":{"type":"integer"})";
  run({
      {open(a), open(ab), "/b field_added additive", "forward"},
      {open(a), open(a + R"(,"b":true)"), "/b field_added additive", "full"},
      {open(a), open(ab, R"("b")"), "/b field_added breaking", "forward"},
      {open(ab), open(a), "/b field_removed widening", "backward"},
      {open(ab, R"("b")"), open(a), "/b field_removed widening", "backward"},
  });
  EXPECT_THAT(diff(open(a), open(ab)).changes[0].detail,
              HasSubstr("the old schema is open here, so old records may carry that name"));
}

TEST(Diff, JudgesFieldsAgainstTheSchemaOfUndeclaredMembers) {
  const std::string strings = R"({"type":"object","additionalProperties":{"type":"string"}})";
  const SchemaDiff same = diff(
      strings,
      R"({"type":"object","additionalProperties":{"type":"string"},"properties":{"a":{"type":"string"}}})");
  EXPECT_THAT(told(same), ElementsAre("/a field_added additive"));
  EXPECT_EQ(verdict(same), "full");
  const SchemaDiff other = diff(
      strings,
      R"({"type":"object","additionalProperties":{"type":"string"},"properties":{"a":{"type":"integer"}}})");
  EXPECT_THAT(told(other), ElementsAre("/a field_added additive", "/a type_changed breaking"));
  EXPECT_EQ(verdict(other), "none");
}

TEST(Diff, JudgesTypes) {
  run_member({
      {R"({"type":"integer"})", R"({"type":"number"})", "/a type_widened widening", "backward"},
      {R"({"type":"number"})", R"({"type":"integer"})", "/a type_narrowed narrowing", "forward"},
      {R"({"type":"integer"})", R"({"type":["integer","null"]})", "/a type_widened widening",
       "backward"},
      {R"({"type":"integer"})", R"({"type":"string"})", "/a type_changed breaking", "none"},
      {R"({"type":["integer","null"]})", R"({"type":["integer","string"]})",
       "/a type_changed breaking", "none"},
      {"true", R"({"type":"string"})", "/a type_narrowed narrowing", "forward"},
  });
  const SchemaDiff made =
      diff(closed(R"("a":{"type":"integer"})"), closed(R"("a":{"type":["number","null"]})"));
  EXPECT_EQ(made.changes[0].before, R"("integer")");
  EXPECT_EQ(made.changes[0].after, R"(["number","null"])");
  EXPECT_EQ(made.changes[0].detail, "integer -> number or null");
}

TEST(Diff, JudgesValues) {
  run_member({
      {R"({"enum":["x","y"]})", R"({"enum":["x","y","z"]})", "/a enum_value_added widening",
       "backward"},
      {R"({"enum":["x","y"]})", R"({"enum":["y"]})", "/a enum_value_removed narrowing", "forward"},
      {R"({"const":1})", R"({"const":2})", "/a const_changed breaking", "none"},
      {R"({"const":1})", R"({"enum":[1,2]})", "/a enum_value_added widening", "backward"},
      {R"({"type":"string"})", R"({"type":"string","enum":["x"]})", "/a enum_added narrowing",
       "forward"},
      {R"({"enum":["x"]})", R"({"type":"string"})", "/a enum_removed widening", "backward"},
      {R"({"type":"string","enum":["x",1]})", R"({"enum":["x","y"]})",
       "/a enum_value_added widening", "backward"},
  });
  const SchemaDiff both = diff(R"({"enum":["x","y"]})", R"({"enum":["y","z"]})");
  EXPECT_THAT(told(both),
              ElementsAre(" enum_value_added widening", " enum_value_removed narrowing"));
  EXPECT_EQ(verdict(both), "none");
  // All values of a boolean are listed: the same set.
  EXPECT_EQ(verdict(diff(R"({"type":"boolean"})", R"({"enum":[true,false]})")), "full");
}

TEST(Diff, JudgesNumbers) {
  run_member({
      {R"({"minimum":1})", R"({"minimum":0})", "/a range_widened widening", "backward"},
      {R"({"minimum":1})", R"({"exclusiveMinimum":1})", "/a range_narrowed narrowing", "forward"},
      {R"({"minimum":1,"maximum":5})", R"({"minimum":2,"maximum":6})", "/a range_changed breaking",
       "none"},
      {R"({"maximum":5})", "true", "/a range_widened widening", "backward"},
      {R"({"maximum":1e400})", R"({"maximum":1e401})", "/a range_widened widening", "backward"},
      {R"({"multipleOf":4})", R"({"multipleOf":2})", "/a multiple_of_widened widening", "backward"},
      {R"({"multipleOf":2})", R"({"multipleOf":3})", "/a multiple_of_changed breaking", "none"},
      {"true", R"({"multipleOf":0.1})", "/a multiple_of_narrowed narrowing", "forward"},
      {R"({"enum":[3,4]})", R"({"enum":[3,4,9],"minimum":3})", "/a enum_value_added widening",
       "backward"},
  });
}

TEST(Diff, JudgesStrings) {
  run_member({
      {R"({"maxLength":3})", R"({"maxLength":4})", "/a length_widened widening", "backward"},
      {R"({"maxLength":3})", R"({"minLength":1,"maxLength":3})", "/a length_narrowed narrowing",
       "forward"},
      {R"({"minLength":1,"maxLength":3})", R"({"maxLength":2})", "/a length_changed breaking",
       "none"},
      {"true", R"({"pattern":"^a"})", "/a pattern_added narrowing", "forward"},
      {R"({"pattern":"^a"})", "true", "/a pattern_removed widening", "backward"},
      {R"({"pattern":"^a"})", R"({"pattern":"^a?"})", "/a pattern_changed breaking", "none"},
      {"true", R"({"format":"date"})", "/a format_added narrowing", "forward"},
      {R"({"format":"date"})", R"({"format":"date-time"})", "/a format_changed breaking", "none"},
      {R"({"format":"date"})", "true", "/a format_removed widening", "backward"},
  });
}

TEST(Diff, JudgesLists) {
  run_member({
      {R"({"items":{"type":"string"}})", R"({"items":{"type":["string","null"]}})",
       "/a/* type_widened widening", "backward"},
      {R"({"maxItems":3})", R"({"maxItems":2})", "/a items_count_narrowed narrowing", "forward"},
      {R"({"uniqueItems":true})", R"({"uniqueItems":false})", "/a items_unique_removed widening",
       "backward"},
      {"true", R"({"uniqueItems":true})", "/a items_unique_added narrowing", "forward"},
      {R"({"items":[{"type":"string"},{"type":"number"}]})",
       R"({"items":[{"type":"string"},{"type":"integer"}]})", "/a/1 type_narrowed narrowing",
       "forward"},
      {R"({"items":[{"type":"string"}],"additionalItems":false})",
       R"({"items":[{"type":"string"},{"type":"string"}],"additionalItems":false})",
       "/a/1 items_opened widening", "backward"},
      {R"({"items":[{}],"additionalItems":{"type":"string"}})",
       R"({"items":[{}],"additionalItems":false})", "/a/* items_closed narrowing", "forward"},
      {R"({"contains":{"type":"string"}})", R"({"contains":{"type":["string","null"]}})",
       "/a/* type_widened widening", "backward"},
  });
}

TEST(Diff, JudgesObjectsAsAWhole) {
  run_member({
      {R"({"additionalProperties":true})", R"({"additionalProperties":false})",
       "/a additional_properties_closed narrowing", "forward"},
      {R"({"additionalProperties":false})", "true", "/a additional_properties_opened widening",
       "backward"},
      {R"({"additionalProperties":{"type":"string"}})",
       R"({"additionalProperties":{"type":"null"}})", "/a/* type_changed breaking", "none"},
      {R"({"patternProperties":{"^x":{"type":"string"}}})",
       R"({"patternProperties":{"^x":{"type":["string","null"]}}})", "/a/* type_widened widening",
       "backward"},
      {"true", R"({"patternProperties":{"^x":{"type":"string"}}})",
       "/a property_pattern_added narrowing", "forward"},
      {R"({"additionalProperties":false})",
       R"({"additionalProperties":false,"patternProperties":{"^x":{"type":"string"}}})",
       "/a property_pattern_added widening", "backward"},
      {R"({"maxProperties":2})", R"({"maxProperties":3})", "/a properties_count_widened widening",
       "backward"},
      {R"({"dependencies":{"a":["b"]}})", R"({"dependencies":{"a":["b","c"]}})",
       "/a dependencies_changed narrowing", "forward"},
      {R"({"propertyNames":{"maxLength":3}})", R"({"propertyNames":{"maxLength":4}})",
       "/a length_widened widening", "backward"},
  });
}

TEST(Diff, FoldsItemsInPathsAndFollowsReferences) {
  const auto with = [](const std::string& qty) {
    return R"({"definitions":{"item":{"type":"object","properties":{"qty":)" + qty +
           R"(,"parts":{"type":"array","items":{"$ref":"#/definitions/item"}}}}},
      "type":"object","properties":{"items":{"type":"array","items":{"$ref":"#/definitions/item"}},
      "a/b":{"$ref":"#/definitions/item"}}})";
  };
  const SchemaDiff made = diff(with(R"({"type":"integer"})"), with(R"({"type":"number"})"));
  // Once a way in; a schema that contains itself is not followed in circles.
  EXPECT_THAT(told(made),
              ElementsAre("/items/*/qty type_widened widening", "/a~1b/qty type_widened widening"));
  EXPECT_EQ(verdict(made), "backward");
}

TEST(Diff, RefusesWhatIsNoSchemaNamingThePlace) {
  const auto refusal = [](const char* text) {
    return diff_schemas("{}", "1.json", text, "2.json").status().message();
  };
  EXPECT_THAT(refusal("{"), HasSubstr("2.json: not JSON at byte 1"));
  EXPECT_THAT(refusal("[]"), HasSubstr("2.json: at the root: expected a schema"));
  EXPECT_THAT(
      refusal(R"({"properties":{"a":{"type":"strin"}}})"),
      HasSubstr("2.json: at /properties/a/type: expected the name of a type, found string"));
  EXPECT_THAT(refusal(R"({"properties":{"a":{"$ref":"#/definitions/b"}}})"),
              HasSubstr("at /properties/a/$ref: the reference \"#/definitions/b\" finds nothing"));
  EXPECT_THAT(refusal(R"({"$ref":"#"})"), HasSubstr("circle"));
}

}  // namespace
}  // namespace sluice::testing
