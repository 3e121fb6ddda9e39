// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <filesystem>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/schema/uri.h"
#include "tests/unit/schema/fixture.h"

// Schemas in several files: found in their folder and through the map, and nowhere else.
namespace sluice::testing {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  Files() : root_(fs::path(::testing::TempDir()) / ("sluice_ref_" + std::to_string(::getpid()))) {
    fs::create_directories(root_ / "schema" / "parts");
    fs::create_directories(root_ / "elsewhere");
  }
  ~Files() override { fs::remove_all(root_); }

  fs::path write(const fs::path& name, const std::string& text) {
    EXPECT_TRUE(write_file_atomic(root_ / name, text).is_ok());
    return root_ / name;
  }
  std::string refusal_of(const fs::path& file, const SchemaOptions& options = {}) {
    const auto compiled = compile_schema_file(file, options);
    return compiled ? "" : compiled.status().message();
  }
  void expect_says(const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message << "\nlacks: " << part;
  }

  const fs::path root_;
};

TEST_F(Files, BesideTheSchemaAndBelowAreFound) {
  write(
      "schema/parts/common.json",
      R"({"definitions":{"id":{"type":"integer"},"back":{"$ref":"../orders.json#/definitions/s"}}})");
  const fs::path file = write("schema/orders.json", R"({"definitions":{"s":{"type":"string"}},
      "properties":{"id":{"$ref":"parts/common.json#/definitions/id"},
                    "s":{"$ref":"parts/common.json#/definitions/back"}}})");
  const auto schema = compile_schema_file(file);
  Checker checker(schema);
  EXPECT_TRUE(checker.fits(R"({"id":1,"s":"x"})"));
  EXPECT_FALSE(checker.fits(R"({"id":"1"})"));
  EXPECT_EQ(checker.explain(R"({"id":"1"})").front().schema,
            "parts/common.json#/definitions/id/type");
  EXPECT_EQ(checker.explain(R"({"s":1})").front().schema, "/definitions/s/type");
  ASSERT_EQ((*schema)->files().size(), 2U);
  EXPECT_EQ((*schema)->files()[0], file);
  EXPECT_EQ((*schema)->files()[1].filename(), "common.json");
  // A change of either file is a change of the schema.
  const std::string before = (*schema)->hash();
  write("schema/parts/common.json", R"({"definitions":{"id":{"type":"number"},"back":true}})");
  EXPECT_NE((*compile_schema_file(file))->hash(), before);
}

TEST_F(Files, WithUrisOfTheirOwnHaveTheirNeighboursBesideThem) {
  write("schema/common.json", R"({"$id":"https://x.test/schemas/common.json","type":"integer"})");
  const fs::path file = write("schema/orders.json", R"({"$id":"https://x.test/schemas/orders.json",
      "items":{"$ref":"common.json"},"contains":{"$ref":"https://x.test/schemas/common.json"}})");
  Checker checker(compile_schema_file(file));
  EXPECT_TRUE(checker.fits("[1]"));
  EXPECT_FALSE(checker.fits("[\"1\"]"));
}

TEST_F(Files, OutsideTheFolderAreRefused) {
  write("elsewhere/secret.json", "true");
  fs::create_symlink(root_ / "elsewhere/secret.json", root_ / "schema/link.json");
  for (const char* reference : {"../elsewhere/secret.json", "link.json", "parts/../../elsewhere/x",
                                "%2e%2e/elsewhere/secret.json"}) {
    const fs::path file =
        write("schema/a.json", R"({"items":{"$ref":")" + std::string(reference) + R"("}})");
    const std::string message = refusal_of(file);
    expect_says(message, "a.json: not a usable schema: at /items/$ref: the reference");
    expect_says(message, "out of the folder");
  }
  SchemaOptions wider;
  wider.folder = root_;
  EXPECT_EQ(refusal_of(write("schema/a.json", R"({"$ref":"../elsewhere/secret.json"})"), wider),
            "");
}

TEST_F(Files, ThatCannotBeUsedAreNamed) {
  write("schema/broken.json", "{\n \"type\": oops}");
  write("schema/wrong.json", R"({"properties":{"a":{"type":"int"}}})");
  write("schema/circle.json", R"({"$ref":"a.json"})");
  expect_says(refusal_of(write("schema/a.json", R"({"$ref":"gone.json"})")), "cannot be read");
  expect_says(refusal_of(write("schema/a.json", R"({"$ref":"broken.json"})")),
              "broken.json:2:10: ");
  expect_says(refusal_of(write("schema/a.json", R"({"$ref":"wrong.json"})")),
              "in wrong.json at /properties/a/type: expected one of null");
  expect_says(refusal_of(write("schema/a.json", R"({"$ref":"circle.json"})")), "in a circle");
  expect_says(refusal_of(write("schema/a.json", R"({"$ref":"wrong.json#/none"})")), "");
}

TEST_F(Files, BehindAUriPrefixAreFoundThroughTheMap) {
  write("elsewhere/deep.json", R"({"type":"null"})");
  write("schema/int.json", R"({"type":"integer"})");
  SchemaOptions options;
  options.map = {{"https://x.test/", root_ / "schema"},
                 {"https://x.test/deep/", root_ / "elsewhere"}};
  const std::string schema = R"({"items":{"$ref":"https://x.test/int.json"},
                                 "additionalProperties":{"$ref":"https://x.test/deep/deep.json"}})";
  Checker checker(schema, options);
  EXPECT_TRUE(checker.fits("[1]"));
  EXPECT_FALSE(checker.fits("[null]"));
  EXPECT_FALSE(checker.fits(R"({"a":1})"));
  expect_says(refusal(R"({"$ref":"https://x.test/../a"})", options), "out of the folder");
  expect_says(refusal(R"({"$ref":"https://y.test/a"})", options), "nothing is fetched");
  // A text has no folder of its own.
  expect_says(refusal(R"({"$ref":"file:///etc/hostname"})", options), "has no folder");
}

TEST_F(Files, CanBeMetaschemasThatChooseVocabularies) {
  write("schema/lax.json", R"({"$schema":"https://json-schema.org/draft/2020-12/schema",
      "$id":"https://x.test/lax","$vocabulary":{
      "https://json-schema.org/draft/2020-12/vocab/core":true,
      "https://json-schema.org/draft/2020-12/vocab/applicator":true,
      "https://json-schema.org/draft/2020-12/vocab/format-assertion":false,
      "https://x.test/vocab/colours":false}})");
  write("schema/odd.json", R"({"$schema":"https://json-schema.org/draft/2020-12/schema",
      "$vocabulary":{"https://x.test/vocab/colours":true}})");
  SchemaOptions options;
  options.map = {{"https://x.test/", root_ / "schema"}};
  Checker checker(R"({"$schema":"https://x.test/lax.json","properties":{"a":{"minimum":5},
                      "b":{"format":"ipv4"}}})",
                  options);
  EXPECT_TRUE(checker.fits(R"({"a":1})"));
  EXPECT_FALSE(checker.fits(R"({"b":"x"})"));
  expect_says(refusal(R"({"$schema":"https://x.test/odd.json"})", options),
              "requires the vocabulary \"https://x.test/vocab/colours\"");
  expect_says(refusal(R"({"$schema":"https://x.test/gone.json"})", options), "cannot be read");
  expect_says(refusal(R"({"$schema":"https://y.test/a"})"), "at /$schema: expected 2020-12");
}

TEST(Uris, AreResolvedAsRfc3986Says) {
  const char* base = "http://a/b/c/d;p?q";
  const std::vector<std::pair<const char*, const char*>> cases = {{"g:h", "g:h"},
                                                                  {"g", "http://a/b/c/g"},
                                                                  {"./g", "http://a/b/c/g"},
                                                                  {"g/", "http://a/b/c/g/"},
                                                                  {"/g", "http://a/g"},
                                                                  {"//g", "http://g"},
                                                                  {"?y", "http://a/b/c/d;p?y"},
                                                                  {"g?y", "http://a/b/c/g?y"},
                                                                  {";x", "http://a/b/c/;x"},
                                                                  {"", "http://a/b/c/d;p?q"},
                                                                  {".", "http://a/b/c/"},
                                                                  {"..", "http://a/b/"},
                                                                  {"../g", "http://a/b/g"},
                                                                  {"../../../g", "http://a/g"},
                                                                  {"/./g", "http://a/g"},
                                                                  {"g/./h", "http://a/b/c/g/h"},
                                                                  {"g/../h", "http://a/b/c/h"},
                                                                  {"g.", "http://a/b/c/g."}};
  for (const auto& [reference, expected] : cases) {
    EXPECT_EQ(schema::resolve_uri(base, reference), expected) << reference;
  }
  EXPECT_EQ(schema::resolve_uri("urn:uuid:1", ""), "urn:uuid:1");
  EXPECT_EQ(schema::resolve_uri("", "a.json"), "a.json");
  EXPECT_EQ(schema::resolve_uri("http://a", "b"), "http://a/b");
  EXPECT_EQ(schema::path_of_file_uri(schema::file_uri("/a b/\xC3\xA9%.json")),
            fs::path("/a b/\xC3\xA9%.json"));
  EXPECT_FALSE(schema::path_of_file_uri("file:///a%00b").has_value());
}

}  // namespace
}  // namespace sluice::testing
