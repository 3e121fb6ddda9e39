// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/config_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSchema = R"({
  "type": "object", "additionalProperties": false, "required": ["path"],
  "definitions": {"port": {"type": "integer", "minimum": 1, "maximum": 65535, "default": 80}},
  "properties": {
    "path": {"type": "string", "minLength": 1, "pattern": "^[^ ]+$"},
    "port": {"$ref": "#/definitions/port"},
    "mode": {"enum": ["upsert", "append"], "default": "upsert"},
    "password": {"type": "string", "writeOnly": true, "maxLength": 8},
    "tls": {"type": "object", "additionalProperties": false, "default": {},
      "properties": {"verify": {"type": "boolean", "default": true},
                     "key": {"type": "string", "writeOnly": true}}},
    "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
    "columns": {"type": "object", "additionalProperties": {"oneOf": [
      {"type": "string"},
      {"type": "object", "additionalProperties": false, "required": ["from"], "properties": {
        "from": {"type": "string"}, "null": {"enum": ["reject", "allow"], "default": "allow"}}}]}}
  }})";

std::string complete(const char* config) {
  const auto done = complete_config(kSchema, config);
  return done ? done->json : done.status().message();
}

TEST(ConfigCheck, FillsInDefaultsAtEveryLevel) {
  EXPECT_EQ(complete(R"({"path": "a"})"),
            R"({"path":"a","port":80,"mode":"upsert","tls":{"verify":true}})");
  EXPECT_EQ(complete(R"({"tls": {"verify": false}, "mode": "append", "path": "a", "port": 1})"),
            R"({"tls":{"verify":false},"mode":"append","path":"a","port":1})");
  EXPECT_THAT(complete(R"({"path": "a", "columns": {"id": "/id", "x": {"from": "/x"}}})"),
              HasSubstr(R"("columns":{"id":"/id","x":{"from":"/x","null":"allow"}})"));
}

TEST(ConfigCheck, MissingOptionIsNamedWithWhatIsExpected) {
  EXPECT_THAT(complete("{}"), HasSubstr("/path: is missing, expected string, at least 1 bytes"));
  EXPECT_THAT(complete(R"({"path": "a", "columns": {"x": {}}})"),
              HasSubstr("/columns/x/from: is missing"));
}

TEST(ConfigCheck, UnknownOptionGetsASuggestion) {
  EXPECT_EQ(complete(R"({"path": "a", "prot": 1})"),
            "/prot: unknown option; did you mean \"port\"?");
  EXPECT_EQ(complete(R"({"path": "a", "tls": {"qqqqqq": 1}})"),
            "/tls/qqqqqq: unknown option; known are: verify, key");
  EXPECT_EQ(complete(R"({"path": "a", "path": "b"})"), "/path: is given twice");
}

TEST(ConfigCheck, WrongValueIsShownBesideWhatIsExpected) {
  EXPECT_EQ(complete(R"({"path": "a", "port": "x"})"),
            "/port: found \"x\", expected integer, 1 to 65535");
  EXPECT_EQ(complete(R"({"path": "a", "port": 70000})"),
            "/port: found 70000, expected integer, 1 to 65535");
  EXPECT_EQ(complete(R"({"path": "a", "mode": "insert"})"),
            "/mode: found \"insert\", expected one of upsert, append");
  EXPECT_EQ(complete(R"({"path": "a b"})"),
            "/path: found \"a b\", expected string, at least 1 bytes matching ^[^ ]+$");
  EXPECT_EQ(complete(R"({"path": "a", "tags": ["x", 1]})"), "/tags/1: found 1, expected string");
  EXPECT_THAT(complete(R"({"path": "a", "tls": []})"),
              HasSubstr("/tls: found [], expected object"));
  EXPECT_THAT(complete("[]"), HasSubstr("(top): found [], expected object"));
  EXPECT_THAT(complete(R"({"path": "a", "columns": {"x": 5}})"),
              HasSubstr("/columns/x: found 5, expected string or object"));
}

TEST(ConfigCheck, SecretsAreCollectedAndNeverShown) {
  const auto done =
      complete_config(kSchema, R"({"path": "a", "password": "hunter2", "tls": {"key": "k3y"}})");
  ASSERT_TRUE(done) << done.status().message();
  EXPECT_THAT(done->secrets, ElementsAre("hunter2", "k3y"));
  const std::string message = complete(R"({"path": "a", "password": "hunter2hunter2"})");
  EXPECT_EQ(message, "/password: found ********, expected string, at most 8 bytes");
  EXPECT_THAT(message, Not(HasSubstr("hunter2")));
}

TEST(ConfigCheck, ASchemaThatCannotBeUsedIsAnError) {
  const auto done = complete_config(
      R"({"type": "object", "properties": {"a": {"maximum": "many"}}})", R"({"a": 1})");
  ASSERT_FALSE(done);
  EXPECT_THAT(done.status().message(), HasSubstr("its schema cannot be used"));
}

TEST(ConfigCheck, TextThatIsNotJsonIsSaidSo) {
  EXPECT_THAT(complete("{\"path\": "), HasSubstr("is not JSON"));
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THAT(complete(deep.c_str()), HasSubstr("nested 100000 levels deep"));
}

TEST(ConfigCheck, LongTextIsNotGivenToAPattern) {
  const std::string config = R"({"path": ")" + std::string(50'000, 'x') + "\"}";
  EXPECT_THAT(complete(config.c_str()), HasSubstr("/path: is 50000 bytes long, at most 4096"));
}

}  // namespace
}  // namespace sluice
