// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/workshop/json_diff.h"

#include <gtest/gtest.h>

namespace sluice::workshop {
namespace {

// "/a: 1 -> 2" a line; "+" for what came, "-" for what went.
std::string diff(const std::string& before, const std::string& after, size_t most = 100) {
  Document a;
  Document b;
  EXPECT_TRUE(a.parse(before, ParseLimits{})) << before;
  EXPECT_TRUE(b.parse(after, ParseLimits{})) << after;
  const Differences all = diff_json(a, b, most);
  EXPECT_EQ(all.list.empty(), same_value(a, Document::root(), b, Document::root()));
  std::string out;
  for (const Difference& one : all.list) {
    if (!out.empty()) out += '\n';
    out += one.pointer + ": ";
    if (one.kind == Difference::Kind::kAdded) {
      out += "+" + std::string(one.after);
    } else if (one.kind == Difference::Kind::kRemoved) {
      out += "-" + std::string(one.before);
    } else {
      out += std::string(one.before) + " -> " + std::string(one.after);
    }
  }
  return out + (all.more ? "\n..." : "");
}

TEST(JsonDiff, EqualValuesHaveNoDifference) {
  EXPECT_EQ(diff(R"({"a":1,"b":[1,{"c":null}]})", R"({ "b" : [1, {"c":null}], "a" : 1 })"), "");
  EXPECT_EQ(diff(R"({"a":"é"})", R"({"a":"\u00e9"})"), "");
}

TEST(JsonDiff, MembersAreFoundByPointer) {
  EXPECT_EQ(diff(R"({"z":1,"a":{"x/y":2,"t~":3},"gone":[]})",
                 R"({"new":true,"a":{"x/y":"2","t~":3},"z":1,"more":{}})"),
            "/a/x~1y: 2 -> \"2\"\n/gone: -[]\n/new: +true\n/more: +{}");
  EXPECT_EQ(diff("1", "\"1\""), ": 1 -> \"1\"");
}

TEST(JsonDiff, OneElementThatCameOrWentIsOneDifference) {
  EXPECT_EQ(diff("[1,2,3,4]", "[2,3,4]"), "/0: -1");
  EXPECT_EQ(diff("[1,2,4]", "[1,2,3,4]"), "/2: +3");
  EXPECT_EQ(diff("[1,2]", "[1,3]"), "/1: 2 -> 3");
  EXPECT_EQ(diff("[]", "[7]"), "/0: +7");
}

TEST(JsonDiff, NumbersAreComparedDigitForDigit) {
  EXPECT_TRUE(same_number("1", "1.0"));
  EXPECT_TRUE(same_number("1", "10e-1"));
  EXPECT_TRUE(same_number("-0", "0.00e7"));
  EXPECT_TRUE(same_number("123000", "1.23E+5"));
  EXPECT_TRUE(same_number("0.10", "1e-1"));
  EXPECT_FALSE(same_number("1", "-1"));
  EXPECT_FALSE(same_number("12345678901234567890", "12345678901234567891"));
  EXPECT_FALSE(same_number("0.1", "0.1000000000000000000001"));
  EXPECT_TRUE(same_number("1e99999999999999999999", "1e99999999999999999999"));
  EXPECT_FALSE(same_number("1e99999999999999999999", "2e99999999999999999999"));
  EXPECT_TRUE(same_number("0e99999999999999999999", "0"));
}

TEST(JsonDiff, TheListIsBounded) {
  EXPECT_EQ(diff("[1,2,3]", "[4,5,6]", 2), "/0: 1 -> 4\n/1: 2 -> 5\n...");
  EXPECT_EQ(diff("[1,2]", "[4,5]", 2), "/0: 1 -> 4\n/1: 2 -> 5");
}

}  // namespace
}  // namespace sluice::workshop
