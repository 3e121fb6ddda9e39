// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace sluice::registry {
namespace {

using ::testing::HasSubstr;
using Kind = SchemaAnswer::Kind;

// Answers by path; others are not reached.
class ScriptedTransport final : public Transport {
 public:
  explicit ScriptedTransport(std::map<std::string, HttpAnswer> answers)
      : answers_(std::move(answers)) {}
  Result<HttpAnswer> get(const std::string& path) override {
    const auto found = answers_.find(path);
    if (found == answers_.end()) return unavailable("is not reached: " + path);
    return found->second;
  }

 private:
  const std::map<std::string, HttpAnswer> answers_;
};

const HttpAnswer kSchema{200, R"({"schema":"{}","schemaType":"JSON"})", false};
const HttpAnswer kPlaces{200, R"([{"subject":"a","version":3},{"subject":"b","version":5}])",
                         false};

RegistryClient client(std::map<std::string, HttpAnswer> answers, const std::string& subject = "") {
  RegistryConfig config;
  config.url = "http://registry";
  config.subject = subject;
  return {config, std::make_unique<ScriptedTransport>(std::move(answers))};
}

TEST(RegistryClient, SaysWhereAnIdIsRegistered) {
  auto asked = client({{"/schemas/ids/7", kSchema}, {"/schemas/ids/7/versions", kPlaces}});
  const auto answer = asked.ask(7);
  ASSERT_TRUE(answer) << answer.status().message();
  EXPECT_EQ(answer->kind, Kind::kJson);
  EXPECT_EQ(answer->subject, "a");
  EXPECT_EQ(answer->version, 3U);
}

TEST(RegistryClient, PrefersTheConfiguredSubject) {
  auto asked = client({{"/schemas/ids/7", kSchema}, {"/schemas/ids/7/versions", kPlaces}}, "b");
  EXPECT_EQ(asked.ask(7)->version, 5U);
}

TEST(RegistryClient, TakesNoIdOfAnotherSubject) {
  auto asked = client({{"/schemas/ids/7", kSchema}, {"/schemas/ids/7/versions", kPlaces}}, "c");
  const auto answer = asked.ask(7);
  EXPECT_EQ(answer->kind, Kind::kOtherSubject);
  EXPECT_EQ(answer->subject, "a");
  // It may be registered there tomorrow, under the same id.
  EXPECT_FALSE(answer->lasting());
}

TEST(RegistryClient, DoesWithoutPlacesUnlessTheyDecide) {
  const HttpAnswer old{404, "", false};
  const std::map<std::string, HttpAnswer> answers = {{"/schemas/ids/7", kSchema},
                                                     {"/schemas/ids/7/versions", old}};
  EXPECT_EQ(client(answers).ask(7)->kind, Kind::kJson);
  EXPECT_EQ(client(answers, "a").ask(7).status().code(), Code::kUnavailable);
}

TEST(RegistryClient, IsAskedAgainWhenItGoesAwayInBetween) {
  EXPECT_EQ(client({{"/schemas/ids/7", kSchema}}).ask(7).status().code(), Code::kUnavailable);
}

TEST(RegistryClient, AsksNoMoreOfAnUnknownId) {
  auto asked = client({{"/schemas/ids/4294967295", {404, R"({"error_code":40403})", false}}}, "a");
  EXPECT_EQ(asked.ask(UINT32_MAX)->kind, Kind::kUnknown);
}

TEST(RegistryClient, NamesTheRegistryInItsMessages) {
  const auto answer = client({}).ask(7);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.status().message(),
              HasSubstr("the schema registry http://registry is not reached"));
}

TEST(RegistryClient, ChecksThatThereIsARegistry) {
  EXPECT_TRUE(client({{"/subjects", {200, R"(["a"])", false}}}).check());
  EXPECT_THAT(client({{"/subjects", {200, "<html>", false}}}).check().message(),
              HasSubstr("does the url lead to"));
  EXPECT_THAT(client({{"/subjects", {401, "", false}}}).check().message(),
              HasSubstr("check user and password"));
  EXPECT_EQ(client({}).check().code(), Code::kUnavailable);
}

TEST(RegistryClient, ChecksThatTheSubjectIsThere) {
  EXPECT_TRUE(client({{"/subjects/a%2Fb%20c/versions", {200, "[1]", false}}}, "a/b c").check());
  const Status missing =
      client({{"/subjects/x/versions", {404, R"({"error_code":40401})", false}}}, "x").check();
  EXPECT_EQ(missing.code(), Code::kInvalid);
  EXPECT_THAT(missing.message(), HasSubstr("has no subject 'x'"));
}

}  // namespace
}  // namespace sluice::registry
