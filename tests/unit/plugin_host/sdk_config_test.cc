// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sluice/plugin.hpp>

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string problem(const char* json) {
  try {
    const sluice::sdk::Config config(json);
  } catch (const sluice::BadConfig& e) {
    return e.what();
  }
  return "accepted";
}

TEST(SdkConfig, ReadsByPointer) {
  const sluice::sdk::Config config(R"( {"a": {"b/c": [1, "x", true, null, -2.5e1]},
    "s": "q\"\\\u00e4\ud83d\ude00\n", "list": ["a", "b"], "one": "a", "n": 9007199254740993} )");
  EXPECT_EQ(config.integer("/a/b~1c/0"), 1);
  EXPECT_EQ(config.string("/a/b~1c/1"), "x");
  EXPECT_TRUE(config.boolean("/a/b~1c/2"));
  EXPECT_FALSE(config.has("/a/b~1c/3"));
  EXPECT_EQ(config.integer("/a/b~1c/4"), -25);
  EXPECT_EQ(config.string("/s"), "q\"\\ä😀\n");
  EXPECT_EQ(config.integer("/n"), 9007199254740993);
  EXPECT_THAT(config.strings("/list"), ElementsAre("a", "b"));
  EXPECT_THAT(config.strings("/one"), ElementsAre("a"));
  EXPECT_THAT(config.strings("/none"), IsEmpty());
  EXPECT_THAT(config.keys(""), ElementsAre("a", "s", "list", "one", "n"));
  EXPECT_EQ(config.length("/a/b~1c"), 5U);
  EXPECT_EQ(config.json("/list"), R"(["a", "b"])");
  EXPECT_EQ(config.string("/none", "fallback"), "fallback");
  EXPECT_EQ(sluice::sdk::Config::at("/a", "x/y~z"), "/a/x~1y~0z");
}

TEST(SdkConfig, ReadsDurationsSizesAndRates) {
  const sluice::sdk::Config config(
      R"({"d": "1.5s", "zero": 0, "s": "64MiB", "plain": 4096, "r": "120/m", "bad": "5 s"})");
  EXPECT_EQ(config.duration("/d"), std::chrono::milliseconds(1500));
  EXPECT_EQ(config.duration("/zero"), std::chrono::milliseconds(0));
  EXPECT_EQ(config.size("/s"), 67108864U);
  EXPECT_EQ(config.size("/plain"), 4096U);
  EXPECT_DOUBLE_EQ(config.rate("/r"), 2);
  EXPECT_THROW((void)config.duration("/bad"), sluice::BadConfig);
  EXPECT_THROW((void)config.duration("/plain"), sluice::BadConfig);
}

TEST(SdkConfig, WrongTypeNamesPointerAndExpectation) {
  const sluice::sdk::Config config(R"({"port": "x"})");
  try {
    (void)config.integer("/port");
    FAIL() << "accepted";
  } catch (const sluice::BadConfig& e) {
    EXPECT_STREQ(e.what(), "/port: expected a whole number, found \"x\"");
  }
}

TEST(SdkConfig, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "{\"a\"}", "[1,]", "01", "1.", "tru", "\"\\x\"", "\"", "{} x",
                           "[\"\t\"]", "\"\\u12\"", "-"}) {
    EXPECT_THAT(problem(text), HasSubstr("not JSON")) << text;
  }
  EXPECT_THAT(problem(std::string(1000, '[').c_str()), HasSubstr("nested deeper"));
}

}  // namespace
