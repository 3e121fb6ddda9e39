// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/schema/registry/identity.h"

namespace sluice::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using Kind = SchemaAnswer::Kind;

SchemaAnswer read_ok(const std::string& body) {
  auto answer = read_schema({200, body, false});
  EXPECT_TRUE(answer) << answer.status().message();
  return answer ? *answer : SchemaAnswer{};
}

std::string trouble(const HttpAnswer& answer) {
  const auto found = read_schema(answer);
  EXPECT_FALSE(found) << answer.body;
  if (found) return "";
  EXPECT_EQ(found.status().code(), Code::kUnavailable);
  return found.status().message();
}

TEST(SchemaIdentity, IgnoresHowASchemaIsWritten) {
  const auto plain =
      schema_identity(R"({"type":"object","minimum":1,"enum":["A/",null,true,[0]]})");
  ASSERT_TRUE(plain);
  for (
      const char* same :
      {R"({ "enum" : ["A/", null, true, [ 0.0 ]], "minimum": 1e0, "type": "object" })",
       R"({"$id":"https://x.example/a","type":"object","minimum":1.000,"enum":["\u0041\/",null,true,[-0]]})",
       R"({"id":"a","type":"object","minimum":10e-1,"enum":["A/",null,true,[0e9]]})"}) {
    EXPECT_EQ(schema_identity(same), plain) << same;
  }
}

TEST(SchemaIdentity, TellsSchemasApart) {
  const auto plain = schema_identity(R"({"type":"object","enum":[1,2]})");
  for (const char* other :
       {R"({"type":"object","enum":[2,1]})", R"({"type":"object","enum":[1,"2"]})",
        R"({"type":"object","enum":[1,-2]})", R"({"type":"object","enum":[1,20]})",
        R"({"type":"object","enum":[12]})", R"({"type":"object"})",
        R"({"id":{},"type":"object","enum":[1,2]})",
        R"({"type":"object","enum":[1,2],"title":"x"})", "true", "{}"}) {
    EXPECT_NE(schema_identity(other), plain) << other;
  }
  // A name below the top is another schema's.
  EXPECT_NE(schema_identity(R"({"not":{"$id":"a"}})"), schema_identity(R"({"not":{}})"));
}

TEST(SchemaIdentity, HasNoneForWhatIsNoSchemaText) {
  EXPECT_FALSE(schema_identity(""));
  EXPECT_FALSE(schema_identity("{"));
  EXPECT_FALSE(schema_identity(R"({"a":1,"a":2})"));
  EXPECT_FALSE(schema_identity(std::string(100'000, '[')));
  EXPECT_FALSE(schema_identity("\"" + std::string(kMaxRegisteredBytes, 'x') + "\""));
}

TEST(RegistryAnswer, HasASchema) {
  const SchemaAnswer answer =
      read_ok(R"({"schema":"{\"type\": \"object\"}","schemaType":"JSON","references":[]})");
  EXPECT_EQ(answer.kind, Kind::kJson);
  EXPECT_EQ(answer.identity, schema_identity(R"({"type":"object"})"));
  EXPECT_TRUE(answer.lasting());
}

TEST(RegistryAnswer, OfAnotherTypeLasts) {
  const SchemaAnswer avro = read_ok(R"({"schema":"\"int\""})");
  EXPECT_EQ(avro.kind, Kind::kOtherType);
  EXPECT_EQ(avro.type, "AVRO");
  EXPECT_TRUE(avro.lasting());
  EXPECT_EQ(read_ok(R"({"schema":"","schemaType":"PROTOBUF"})").type, "PROTOBUF");
  EXPECT_EQ(read_ok(R"({"schema":"","schemaType":""})").type, "nameless");
  EXPECT_EQ(read_ok(R"({"schema":"","schemaType":"a\nb"})").type, "a\\x0ab");
  EXPECT_LT(read_ok(R"({"schema":"","schemaType":")" + std::string(5000, 'x') + "\"}").type.size(),
            200U);
}

TEST(RegistryAnswer, SaysThatAnIdIsUnknown) {
  const auto answer =
      read_schema({404, R"({"error_code":40403,"message":"Schema not found"})", false});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->kind, Kind::kUnknown);
  EXPECT_FALSE(answer->lasting());
}

// A wrong path or a proxy must never make dead letters of records.
TEST(RegistryAnswer, OfSomethingElseIsNoAnswer) {
  for (const char* body :
       {"", "Not Found", "[]", "{}", R"({"error_code":404})", R"({"error_code":"40403"})",
        R"({"error_code":40401})", R"({"error_code":40403)", "\xff\xfe"}) {
    EXPECT_THAT(trouble({404, body, false}), HasSubstr("does the url lead to a schema registry"))
        << body;
  }
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"schema":5})", R"({"schema":{"type":"object"}})", "{",
        R"({"schema":"x","schema":"y"})"}) {
    EXPECT_THAT(trouble({200, body, false}), HasSubstr("does the url lead to a schema registry"))
        << body;
  }
  EXPECT_THAT(trouble({302, "", false}), HasSubstr("answers 302 with nothing"));
  EXPECT_THAT(trouble({200, std::string(200'000, '['), false}), HasSubstr("answers 200"));
}

TEST(RegistryAnswer, SaysWhatKeepsItFromAnswering) {
  EXPECT_THAT(trouble({401, "", false}), HasSubstr("check user and password"));
  EXPECT_THAT(trouble({403, "x", false}), HasSubstr("check user and password"));
  EXPECT_THAT(trouble({503, "down\nfor now", false}),
              HasSubstr("answers 503 with down\\x0afor now"));
  EXPECT_THAT(trouble({429, "", false}), HasSubstr("answers 429"));
  EXPECT_LT(trouble({500, std::string(100'000, 'x'), false}).size(), 300U);
}

TEST(RegistryAnswer, ThatCannotBeReadIsSoForItsIdAlone) {
  const auto cut = read_schema({200, R"({"schema":")", true});
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->kind, Kind::kUnusable);
  EXPECT_THAT(cut->detail, HasSubstr("larger than"));
  EXPECT_FALSE(cut->lasting());
  const SchemaAnswer broken = read_ok(R"({"schema":"{","schemaType":"JSON"})");
  EXPECT_EQ(broken.kind, Kind::kUnusable);
  EXPECT_THAT(broken.detail, HasSubstr("is not JSON"));
}

TEST(RegistryPlaces, AreSubjectsWithVersions) {
  const auto places = read_places(
      {200, R"([{"subject":"a","version":1},{"version":4294967295,"subject":"b","x":0}])", false});
  ASSERT_TRUE(places);
  EXPECT_THAT(*places, ElementsAre(Pair("a", 1U), Pair("b", UINT32_MAX)));
  EXPECT_THAT(*read_places({404, R"({"error_code":40403})", false}), IsEmpty());
}

TEST(RegistryPlaces, AreBoundedAndChecked) {
  std::string many = "[";
  for (int i = 0; i < 5000; ++i)
    many += std::string(i == 0 ? "" : ",") + R"({"subject":"a","version":1})";
  EXPECT_EQ(read_places({200, many + "]", false})->size(), kMostPlaces);
  for (const char* body :
       {"{}", "[1]", R"([{"subject":"a"}])", R"([{"subject":1,"version":1}])",
        R"([{"subject":"a","version":4294967296}])", R"([{"subject":"a","version":-1}])", "["}) {
    EXPECT_FALSE(read_places({200, body, false})) << body;
  }
  EXPECT_FALSE(read_places(
      {200, R"([{"subject":")" + std::string(2000, 'x') + R"(","version":1}])", false}));
  EXPECT_FALSE(read_places({200, "[]", true}));
}

TEST(RegistryVersions, AreNumbersInTheirOrder) {
  EXPECT_THAT(*read_versions({200, "[3,1,2]", false}), ElementsAre(1U, 2U, 3U));
  EXPECT_EQ(read_versions({404, R"({"error_code":40401})", false}).status().code(), Code::kInvalid);
  for (const char* body : {"{}", R"(["1"])", "[-1]", "[1.5]", "[4294967296]", "[", ""}) {
    EXPECT_EQ(read_versions({200, body, false}).status().code(), Code::kUnavailable) << body;
  }
  EXPECT_EQ(read_versions({404, "", false}).status().code(), Code::kUnavailable);
}

TEST(RegistryVersions, HoldTheSchemaAsItWasRegistered) {
  const auto found =
      read_registered({200, R"({"id":7,"schemaType":"JSON","schema":" {\"a\" : 1}"})", false});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, 7U);
  EXPECT_EQ(found->type, "JSON");
  EXPECT_EQ(found->text, R"( {"a" : 1})");
  for (const char* body :
       {"[]", R"({"id":7})", R"({"schema":"x"})", R"({"schema":"x","id":"7"})"}) {
    EXPECT_EQ(read_registered({200, body, false}).status().code(), Code::kUnavailable) << body;
  }
  EXPECT_EQ(read_registered({200, "{", true}).status().code(), Code::kInvalid);
}

}  // namespace
}  // namespace sluice::registry
