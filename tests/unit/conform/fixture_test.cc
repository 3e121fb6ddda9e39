// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::conform {
namespace {

using testing::HasSubstr;

TEST(Fixture, ReadsEveryMember) {
  const auto fixture = parse_fixture(R"({
    "valid": [{"path": "${DIR}/a"}],
    "invalid": [{"config": {"path": 1}, "pointer": "/path"}],
    "unopenable": [{"path": "/nowhere"}],
    "records": {"good": ["{}"], "bad": [{"value": "x", "reason": "not_json"}]},
    "setup": {"files": {"in/a.jsonl": ["one", "two"], "b": "as it is"}},
    "component": "file",
    "quirks": ["exclusive"]})");
  ASSERT_TRUE(fixture.is_ok()) << fixture.status().message();
  EXPECT_EQ(fixture->valid, std::vector<std::string>{R"({"path":"${DIR}/a"})"});
  EXPECT_EQ(fixture->invalid.at(0).pointer, "/path");
  EXPECT_EQ(fixture->unopenable.size(), 1U);
  EXPECT_EQ(fixture->good, std::vector<std::string>{"{}"});
  EXPECT_EQ(fixture->bad.at(0).reason, "not_json");
  EXPECT_EQ(fixture->files.at(0).second, "one\ntwo\n");
  EXPECT_EQ(fixture->files.at(1).second, "as it is");
  EXPECT_EQ(fixture->component, "file");
  EXPECT_TRUE(fixture->has("exclusive"));
}

std::string refusal(std::string_view json) {
  const auto fixture = parse_fixture(json);
  return fixture ? "accepted" : fixture.status().message();
}

TEST(Fixture, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(refusal(R"({"vaild": []})"), HasSubstr("did you mean \"valid\"?"));
  EXPECT_THAT(refusal(R"({"quirks": ["exclusiv"]})"), HasSubstr("did you mean \"exclusive\"?"));
  EXPECT_THAT(refusal(R"({"valid": ["x"]})"), HasSubstr("/valid/0: expected a configuration"));
  EXPECT_THAT(refusal(R"({"invalid": [{"pointer": "/x"}]})"), HasSubstr("\"config\" is missing"));
  EXPECT_THAT(refusal("[]"), HasSubstr("expected an object, found a list"));
  EXPECT_THAT(refusal("{\n\"valid\": [}"), HasSubstr("line 2: not JSON"));
}

TEST(Fixture, RefusesFilesOutsideOfTheFolder) {
  EXPECT_THAT(refusal(R"({"setup": {"files": {"../x": "y"}}})"), HasSubstr("inside the folder"));
  EXPECT_THAT(refusal(R"({"setup": {"files": {"/etc/x": "y"}}})"), HasSubstr("inside the folder"));
}

TEST(Fixture, PutsTheFolderIntoConfigurations) {
  EXPECT_EQ(expand_dir(R"(["${DIR}/a","${DIR}"])", "/tmp/x\"y"), R"(["/tmp/x\"y/a","/tmp/x\"y"])");
  EXPECT_EQ(expand_dir("{}", "/tmp"), "{}");
}

}  // namespace
}  // namespace sluice::conform
