// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "tests/unit/schema/fixture.h"

namespace sluice::testing {
namespace {

TEST(Compile, RefusesWhatIsNoSchemaNamingPlaceFindingAndExpectation) {
  struct Case {
    const char* schema;
    const char* message;
  };
  const std::vector<Case> cases = {
      {"[]",
       "at the root: expected a schema (an object, true or false), found an array of 0 items"},
      {"3", "at the root: expected a schema"},
      {R"({"type":"int"})",
       "at /type: expected one of null, boolean, object, array, number, string "
       "and integer, found \"int\""},
      {R"({"type":[]})", "at /type: expected a type name or an array of type names"},
      {R"({"type":["null","null"]})", "at /type/1: \"null\" is listed twice"},
      {R"({"type":["null",3]})", "at /type/1: expected a string, found number 3"},
      {R"({"properties":{"a":{"minimum":"12"}}})",
       "at /properties/a/minimum: expected a number, found string \"12\""},
      {R"({"exclusiveMinimum":true})", "at /exclusiveMinimum: expected a number, found true"},
      {R"({"required":"a"})", "at /required: expected an array of strings, found string \"a\""},
      {R"({"required":["a","a"]})", "at /required/1: \"a\" is listed twice"},
      {R"({"properties":[]})", "at /properties: expected an object of schemas"},
      {R"({"properties":{"a":1}})", "at /properties/a: expected a schema"},
      {R"({"definitions":{"a":{"items":[]}}})",
       "at /definitions/a/items: expected a schema or an array of at least one schema"},
      {R"({"allOf":[]})", "at /allOf: expected an array of at least one schema"},
      {R"({"allOf":[1]})", "at /allOf/0: expected a schema"},
      {R"({"not":[]})", "at /not: expected a schema"},
      {R"({"enum":[]})", "at /enum: expected an array of at least one value"},
      {R"({"minLength":-1})", "at /minLength: expected a whole number, 0 or more, found number -1"},
      {R"({"maxItems":1.5})", "at /maxItems: expected a whole number"},
      {R"({"uniqueItems":1})", "at /uniqueItems: expected true or false, found number 1"},
      {R"({"multipleOf":0})", "at /multipleOf: expected a number above 0"},
      {R"({"multipleOf":-2})", "at /multipleOf: expected a number above 0"},
      {R"({"multipleOf":1234567890.1234567891})", "at most 18 significant digits"},
      {R"({"pattern":1})", "at /pattern: expected a string"},
      {R"({"pattern":"(?=a)b"})",
       "at /pattern: the pattern \"(?=a)b\" cannot be used: look-around"},
      {R"({"patternProperties":{"[":true}})", "at /patternProperties/[: the pattern \"[\""},
      {R"({"format":1})", "at /format: expected a string"},
      {R"({"dependencies":{"a":1}})", "at /dependencies/a: expected a schema"},
      {R"({"description":1})", "at /description: expected a string"},
      {R"({"unevaluatedProperties":false})",
       "at /unevaluatedProperties: this keyword belongs to a "
       "later draft"},
      {R"({"$schema":"http://json-schema.org/draft-03/schema#"})",
       "at /$schema: expected 2020-12 (\"https://json-schema.org/draft/2020-12/schema\"), 2019-09"},
      {R"({"$schema":7})", "at /$schema: expected a string"},
  };
  for (const Case& one : cases) {
    const std::string message = refusal(one.schema);
    EXPECT_NE(message.find(one.message), std::string::npos)
        << one.schema << "\nsaid: " << message << "\nexpected: " << one.message;
    EXPECT_EQ(message.rfind("test.schema.json: not a usable schema: at ", 0), 0U) << message;
  }
}

TEST(Compile, RefusesReferencesItCannotFollow) {
  struct Case {
    const char* schema;
    const char* message;
  };
  const std::vector<Case> cases = {
      {R"({"$ref":1})", "at /$ref: expected a string"},
      {R"({"$ref":"#/definitions/none"})", "finds nothing: there is no \"definitions\""},
      {R"({"items":{"$ref":"#/items/3"}})",
       "at /items/$ref: the reference \"#/items/3\" finds nothing"},
      {R"({"$ref":"#nowhere"})", "no schema there has the $anchor"},
      {R"({"$ref":"http://example.test/s.json"})",
       "leads out of this schema's files, and nothing is fetched"},
      {R"({"$ref":"other.json#/a"})", "leads out of this schema's files"},
      {R"({"$ref":"file:///etc/passwd"})", "this schema has no folder to find files in"},
      {R"({"$ref":"#/%zz"})", "has a '%' that needs two hexadecimal digits"},
      {R"({"title":"x","items":{"$ref":"#/title"}})", "at /title: expected a schema"},
      {R"({"$ref":"#"})", "at /$ref: the reference leads in a circle"},
      {R"({"items":{"$ref":"#/definitions/a"},"definitions":{"a":{"$ref":"#/definitions/b"},
           "b":{"$ref":"#/definitions/a"}}})",
       "leads in a circle"},
      {R"({"allOf":[{"$ref":"#"}]})",
       "comes back to the one at the root for the same value, without end"},
      {R"({"definitions":{"a":{"anyOf":[{"not":{"$ref":"#/definitions/b"}}]},
           "b":{"if":{"$ref":"#/definitions/a"}}}})",
       "comes back to the one at /definitions/"},
      {R"({"definitions":{"a":{"$id":"http://x.test/a"},"b":{"$id":"http://x.test/a"}}})",
       "is given twice"},
  };
  for (const Case& one : cases) {
    const std::string message = refusal(one.schema);
    EXPECT_NE(message.find(one.message), std::string::npos) << one.schema << "\nsaid: " << message;
  }
}

TEST(Compile, NamesLineAndColumnOfWhatIsNotJson) {
  EXPECT_EQ(refusal("{\n  \"type\": \"object\",\n  oops\n}").rfind("test.schema.json:3:3: ", 0), 0U)
      << refusal("{\n  \"type\": \"object\",\n  oops\n}");
  EXPECT_NE(refusal(""), "");
  EXPECT_NE(refusal("{\"type\":\"object\",\"type\":\"array\"}"), "");
  const std::string deep = std::string(300, '[') + std::string(300, ']');
  EXPECT_NE(refusal(deep).find("nested deeper than 256 levels"), std::string::npos);
  EXPECT_NE(refusal(std::string(1'000'000, '[')).find("nested deeper"), std::string::npos);
}

TEST(Compile, RefusesWhatIsTooLarge) {
  std::string large = R"({"description":")" + std::string(17U << 20U, 'x') + "\"}";
  EXPECT_NE(refusal(large).find("16MiB"), std::string::npos) << refusal(large);
}

TEST(Compile, AcceptsDraft7AndUnknownKeywords) {
  EXPECT_EQ(refusal(R"({"$schema":"http://json-schema.org/draft-07/schema#"})"), "");
  EXPECT_EQ(refusal(R"({"$schema":"https://json-schema.org/draft-07/schema"})"), "");
  EXPECT_EQ(refusal(R"({"x-owner":{"type":"int"},"default":[],"examples":[1],"$comment":"c"})"),
            "");
}

TEST(Compile, CountsAsLargeAsAnybodyWrites) {
  Checker checker(R"({"maxLength":99999999999999999999999999,"minLength":0.0})");
  EXPECT_TRUE(checker.fits("\"x\""));
}

TEST(CompileFile, NamesTheFile) {
  const auto missing = compile_schema_file("/nowhere/orders.schema.json");
  ASSERT_FALSE(missing.is_ok());
  EXPECT_NE(missing.status().message().find("/nowhere/orders.schema.json"), std::string::npos);

  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) / "sluice_compile_test.schema.json";
  const std::string text = R"({"type":"object"})";
  ASSERT_TRUE(write_file_atomic(path, text).is_ok());
  const auto schema = compile_schema_file(path);
  ASSERT_TRUE(schema.is_ok()) << schema.status().message();
  EXPECT_EQ((*schema)->hash(), sha256_hex(text));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sluice::testing
