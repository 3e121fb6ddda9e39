// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/number.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::schema {
namespace {

TEST(Decimal, ComparesExactly) {
  struct Case {
    const char* a;
    const char* b;
    int order;
  };
  for (const Case& one : std::initializer_list<Case>{{"0", "-0", 0},
                                                     {"0.000", "0e99", 0},
                                                     {"1", "1.000", 0},
                                                     {"1200e-2", "12", 0},
                                                     {"0.00012e5", "12", 0},
                                                     {"-1", "1", -1},
                                                     {"-2", "-1", -1},
                                                     {"10", "9.999999999999999999999999", 1},
                                                     {"9007199254740993", "9007199254740992", 1},
                                                     {"1e400", "9e399", 1},
                                                     {"-1e400", "-9e399", -1},
                                                     {"1e-400", "0", 1},
                                                     {"1e99999999999999999999999", "1e5", 1},
                                                     {"1e-99999999999999999999999", "1e-5", -1},
                                                     {"123", "1230", -1},
                                                     {"0.1", "0.10000000000000000000000001", -1}}) {
    const auto sign = [](int c) { return (c > 0) - (c < 0); };
    EXPECT_EQ(sign(compare(parse_decimal(one.a), parse_decimal(one.b))), one.order)
        << one.a << " " << one.b;
    EXPECT_EQ(sign(compare(parse_decimal(one.b), parse_decimal(one.a))), -one.order)
        << one.b << " " << one.a;
  }
}

TEST(Decimal, AgreesWithIntegersOfTheMachine) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const auto a = static_cast<int64_t>(random()) >> (random() % 63);
    const auto b = static_cast<int64_t>(random()) >> (random() % 63);
    const int expected = (a > b) - (a < b);
    const std::string text_a = std::to_string(a);
    const std::string text_b = std::to_string(b);
    const int found = compare(parse_decimal(text_a), parse_decimal(text_b));
    ASSERT_EQ((found > 0) - (found < 0), expected) << a << " " << b;
    if (b <= 0) continue;
    const auto divisor = Divisor::parse(text_b);
    if (!divisor) continue;  // 19 digits
    ASSERT_EQ(divisor->divides(text_a, a), a % b == 0) << a << " " << b;
    ASSERT_EQ(divisor->divides(text_a + ".0", std::nullopt), a % b == 0) << a << " " << b;
  }
}

TEST(Decimal, KnowsIntegers) {
  for (const char* text :
       {"1", "1.0", "1e3", "120e-1", "0.0", "0e-5", "123456789012345678901234.0"}) {
    EXPECT_TRUE(is_integer(parse_decimal(text))) << text;
  }
  for (const char* text : {"1.5", "1e-1", "123e-2", "0.0001", "1e-999999999999999999999"}) {
    EXPECT_FALSE(is_integer(parse_decimal(text))) << text;
  }
}

TEST(Divisor, RefusesWhatItCannotDoExactly) {
  EXPECT_FALSE(Divisor::parse("0"));
  EXPECT_FALSE(Divisor::parse("0.000"));
  EXPECT_FALSE(Divisor::parse("-1"));
  EXPECT_FALSE(Divisor::parse("1234567890123456789"));
  EXPECT_TRUE(Divisor::parse("123456789012345678"));
  EXPECT_TRUE(Divisor::parse("1e-999"));
  EXPECT_TRUE(Divisor::parse("100000000000000000000000000"));
}

TEST(Divisor, IsExactWhereDoublesAreNot) {
  EXPECT_TRUE(Divisor::parse("0.1")->divides("0.3", std::nullopt));
  EXPECT_TRUE(Divisor::parse("0.0001")->divides("0.0075", std::nullopt));
  EXPECT_FALSE(Divisor::parse("0.0001")->divides("0.00751", std::nullopt));
  EXPECT_TRUE(Divisor::parse("3")->divides("3e99999999999999", std::nullopt));
  EXPECT_FALSE(Divisor::parse("3")->divides("1e99999999999999", std::nullopt));
  EXPECT_TRUE(Divisor::parse("1e-999999999999")->divides("1", 1));
}

}  // namespace
}  // namespace sluice::schema
