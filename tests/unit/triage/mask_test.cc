// SPDX-License-Identifier: Apache-2.0
#include "runtime/triage/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::triage {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

DeadLetter letter(std::string raw) {
  DeadLetter out;
  out.raw = std::move(raw);
  return out;
}

std::string masked(std::vector<std::string> sensitive, std::string raw) {
  DeadLetter out = letter(std::move(raw));
  LetterMask(std::move(sensitive)).apply(out);
  return out.raw;
}

TEST(LetterMask, HidesValuesAtTheirPlacesAndNothingElse) {
  EXPECT_EQ(masked({"/customer/email"}, R"x({"id": 1, "customer": {"email": "a@b.c", "age": 7}})x"),
            R"x({"id": 1, "customer": {"email": "(hidden: sensitive)", "age": 7}})x");
  EXPECT_EQ(masked({"/pan", "/card"}, R"x({"card":{"pan":"4111"},"pan":4111})x"),
            R"x({"card":"(hidden: sensitive)","pan":"(hidden: sensitive)"})x");
  EXPECT_EQ(masked({"/items/*/pan"}, R"x({"items":[{"pan":1},{"x":2},{"pan":[3]}]})x"),
            R"x({"items":[{"pan":"(hidden: sensitive)"},{"x":2},{"pan":"(hidden: sensitive)"}]})x");
  EXPECT_EQ(masked({"/a", "/a/b"}, R"x({"a":{"b":1}})x"), R"x({"a":"(hidden: sensitive)"})x");
  EXPECT_EQ(masked({"/absent"}, R"x({"a":1})x"), R"x({"a":1})x");
  EXPECT_EQ(masked({""}, R"x({"a":1})x"), R"x("(hidden: sensitive)")x");
  EXPECT_EQ(masked({}, R"x({"a":1)x"), R"x({"a":1)x");
}

TEST(LetterMask, WhatCannotBeParsedIsHiddenWhole) {
  EXPECT_EQ(masked({"/email"}, R"x({"email":"a@b.c")x"), LetterMask::kHidden);
}

TEST(LetterMask, SaysWhetherSomethingWasHidden) {
  DeadLetter plain = letter(R"x({"a":1})x");
  LetterMask mask({"/email"});
  mask.apply(plain);
  EXPECT_FALSE(plain.masked);
  DeadLetter secret = letter(R"x({"email":"a@b.c"})x");
  mask.apply(secret);
  EXPECT_TRUE(secret.masked);
}

TEST(LetterMask, FollowsAValueWhereverItStands) {
  DeadLetter out = letter(R"x({"email":"ann@example.org","n":{"v":123456}})x");
  out.detail = "mail ann@example.org is taken by 123456";
  out.key = "ann@example.org";
  out.headers = {{"from", "<ann@example.org>"}};
  out.rendered = R"x({"contact":"ann@example.org","id":3})x";
  out.rendered_key = "k";
  out.fields = {{"/email", "ann@example.org"}, {"/n/v", "123456"}, {"/x", "y"}};
  LetterMask({"/email", "/n"}).apply(out);
  for (const std::string& text : {out.raw, out.detail, *out.key, out.headers[0].second,
                                  out.rendered, out.fields[0].second, out.fields[1].second}) {
    EXPECT_THAT(text, Not(HasSubstr("ann@"))) << text;
    EXPECT_THAT(text, Not(HasSubstr("123456"))) << text;
  }
  EXPECT_EQ(out.fields[2].second, "y");
  EXPECT_EQ(out.rendered_key, "k");
  EXPECT_THAT(out.rendered, HasSubstr(R"x("id":3)x"));
}

TEST(LetterMask, DeepAndWideRecordsAreNoMatter) {
  const std::string deep(200'000, '[');
  EXPECT_EQ(masked({"/a"}, deep), LetterMask::kHidden);
  std::string wide = "{\"a\":[";
  for (int i = 0; i < 50'000; ++i)
    wide += (i == 0 ? "\"value" : ",\"value") + std::to_string(i) + "\"";
  wide += "]}";
  EXPECT_EQ(masked({"/a"}, wide), R"x({"a":"(hidden: sensitive)"})x");
}

}  // namespace
}  // namespace sluice::triage
