// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/schema_lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SchemaLint, AcceptsWhatAComponentNeeds) {
  EXPECT_THAT(lint_config_schema(R"({"type": "object", "additionalProperties": false,
    "required": ["path"], "properties": {
      "path": {"type": "string", "description": "Where."},
      "rate": {"type": "string", "description": "Records a second; no limit when absent."},
      "columns": {"type": "object", "additionalProperties": {"type": "string"},
        "description": "Columns; without it top-level members are taken."}}})"),
              IsEmpty());
}

TEST(SchemaLint, RefusesWhatIsNoObject) {
  EXPECT_THAT(lint_config_schema("[]"), ElementsAre(HasSubstr("is not an object")));
  EXPECT_THAT(lint_config_schema("{"), ElementsAre(HasSubstr("is not JSON")));
  EXPECT_THAT(lint_config_schema(R"({"type": "string"})"),
              ElementsAre(HasSubstr("the top must have \"type\": \"object\"")));
}

TEST(SchemaLint, FindsViolationsInNestedSchemas) {
  EXPECT_THAT(
      lint_config_schema(R"({"type": "object", "additionalProperties": false, "properties": {
        "a": {"description": "Optional.", "oneOf": [{"type": "string"}, {"typ": "x"}]},
        "b": {"description": "Optional.", "type": "array", "items": {"type": "object"}}}})"),
      ElementsAre(HasSubstr("/properties/a/oneOf/1: keyword \"typ\" is not allowed"),
                  HasSubstr("/properties/b/items: an object needs")));
}

// Found by fuzzing: with such a schema the validator ended the process.
TEST(SchemaLint, KeywordsHaveValuesOfTheirKind) {
  EXPECT_THAT(
      lint_config_schema(R"({"type": "object", "additionalProperties": false, "title": 1,
        "required": ["a", "b"], "properties": {
        "a": {"type": "string", "description": "A.", "maximum": "9", "minLength": -1},
        "b": {"type": "array", "description": "B.", "maxItems": 1.5, "writeOnly": "no"}}})"),
      ElementsAre(HasSubstr("title must be a string, found 1"),
                  HasSubstr("/properties/a: maximum must be a number, found \"9\""),
                  HasSubstr("/properties/a: minLength must be a whole number, 0 or more, found -1"),
                  HasSubstr("/properties/b: maxItems must be a whole number, 0 or more, found 1.5"),
                  HasSubstr("/properties/b: writeOnly must be true or false, found \"no\"")));
}

TEST(SchemaLint, RequiredMustNameAProperty) {
  EXPECT_THAT(
      lint_config_schema(R"({"type": "object", "additionalProperties": false, "required": ["x"]})"),
      ElementsAre(HasSubstr("required names \"x\", no such property")));
}

TEST(SchemaLint, CircularReferenceEnds) {
  EXPECT_THAT(lint_config_schema(R"({"type": "object", "additionalProperties": false,
    "definitions": {"a": {"$ref": "#/definitions/a"}},
    "properties": {"x": {"$ref": "#/definitions/a", "description": "Optional."}}})"),
              testing::Contains(HasSubstr("/properties/x: $ref")));
}

}  // namespace
}  // namespace sluice
