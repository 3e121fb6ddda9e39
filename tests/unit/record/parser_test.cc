// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/document.h"

namespace sluice {
namespace {

// A view: the document goes on reading the caller's text.
ParseResult parse(Document& document, std::string_view text, uint64_t max_bytes = 1ULL << 30,
                  uint32_t max_depth = 128) {
  return document.parse(text, ParseLimits{max_bytes, max_depth});
}

struct Case {
  std::string text;
  ParseCode code = ParseCode::kOk;
  uint32_t offset = 0;
  std::string message;  // a part of it
};

class InvalidText : public ::testing::TestWithParam<Case> {};

TEST_P(InvalidText, IsRefusedWithOffsetAndReason) {
  Document document;
  const Case& c = GetParam();
  const ParseResult result = parse(document, c.text);
  EXPECT_EQ(result.code, c.code) << result.message;
  EXPECT_EQ(result.offset, c.offset) << result.message;
  EXPECT_NE(std::string(result.message).find(c.message), std::string::npos) << result.message;
  EXPECT_EQ(document.size(), 0U);
}

constexpr auto kSyntax = ParseCode::kSyntax;
constexpr auto kEncoding = ParseCode::kEncoding;
constexpr auto kDuplicate = ParseCode::kDuplicateKey;
using std::string_literals::operator""s;

INSTANTIATE_TEST_SUITE_P(
    Corpus, InvalidText,
    ::testing::Values(
        Case{"", ParseCode::kEmpty, 0, "empty"}, Case{" \t\r\n", ParseCode::kEmpty, 4, "empty"},
        Case{"\xEF\xBB\xBF", ParseCode::kEmpty, 3, "empty"}, Case{"{", kSyntax, 1, "member name"},
        Case{"[", kSyntax, 1, "ends where a value"}, Case{"{}x", kSyntax, 2, "nothing after"},
        Case{"1 2", kSyntax, 2, "nothing after"}, Case{"{\"a\"}", kSyntax, 4, "':'"},
        Case{"{\"a\":}", kSyntax, 5, "expected a value"},
        Case{"{\"a\":1,}", kSyntax, 7, "member name"}, Case{"{a:1}", kSyntax, 1, "member name"},
        Case{"{\"a\":1 \"b\":2}", kSyntax, 7, "',' or '}'"},
        Case{"{\"a\":1]", kSyntax, 6, "',' or '}'"}, Case{"[1}", kSyntax, 2, "',' or ']'"},
        Case{"[1,]", kSyntax, 3, "expected a value"}, Case{"[1 2]", kSyntax, 3, "',' or ']'"},
        Case{"[1", kSyntax, 2, "ends inside"}, Case{"{\"a\":1", kSyntax, 6, "ends inside"},
        Case{"]", kSyntax, 0, "expected a value"}, Case{"nul", kSyntax, 0, "expected a value"},
        Case{"tru", kSyntax, 0, "expected a value"}, Case{"fals", kSyntax, 0, "expected a value"},
        Case{"True", kSyntax, 0, "expected a value"}, Case{"NaN", kSyntax, 0, "expected a value"},
        Case{"Infinity", kSyntax, 0, "expected a value"}, Case{"-", kSyntax, 1, "digit after '-'"},
        Case{"+1", kSyntax, 0, "expected a value"}, Case{"01", kSyntax, 0, "leading zero"},
        Case{"-012", kSyntax, 1, "leading zero"}, Case{"1.", kSyntax, 2, "digit after '.'"},
        Case{".5", kSyntax, 0, "expected a value"}, Case{"1e", kSyntax, 2, "exponent"},
        Case{"1e+", kSyntax, 3, "exponent"}, Case{"0x10", kSyntax, 1, "nothing after"},
        Case{"-Infinity", kSyntax, 1, "digit after '-'"}, Case{"'a'", kSyntax, 0, "expected"},
        Case{"\"a", kSyntax, 2, "ends inside a string"},
        Case{"\"a\\", kSyntax, 3, "ends inside a string"},
        Case{"\"\\x\"", kSyntax, 1, "unknown escape"},
        Case{"\"\\u12\"", kSyntax, 1, "four hex digits"},
        Case{"\"\\u12G4\"", kSyntax, 1, "four hex digits"},
        Case{"\"a\nb\"", kSyntax, 2, "control character"},
        Case{"\"0123456789abcdef\t\"", kSyntax, 17, "control character"},
        Case{"\"a\0b\""s, kSyntax, 2, "control character"},
        Case{"{\"a\":1}\0"s, kSyntax, 7, "nothing after"},
        Case{"\0"s, kSyntax, 0, "expected a value"}, Case{"{\0}"s, kSyntax, 1, "member name"},
        Case{"// x\n1", kSyntax, 0, "expected a value"}, Case{"[1,,2]", kSyntax, 3, "value"}));

INSTANTIATE_TEST_SUITE_P(
    Encoding, InvalidText,
    ::testing::Values(Case{"\"\xFF\"", kEncoding, 1, "UTF-8"},
                      Case{"\"a\x80\"", kEncoding, 2, "UTF-8"},
                      Case{"\"\xC0\xAF\"", kEncoding, 1, "UTF-8"},
                      Case{"\"\xE0\x9F\xBF\"", kEncoding, 1, "UTF-8"},
                      Case{"\"\xED\xA0\x80\"", kEncoding, 1, "UTF-8"},
                      Case{"\"\xF0\x8F\xBF\xBF\"", kEncoding, 1, "UTF-8"},
                      Case{"\"\xF4\x90\x80\x80\"", kEncoding, 1, "UTF-8"},
                      Case{"\"\xC3\"", kEncoding, 1, "UTF-8"},
                      Case{"\"\xE2\x82\"", kEncoding, 1, "UTF-8"},
                      Case{"{\"\xFF\":1}", kEncoding, 2, "UTF-8"},
                      Case{"\"\xC3\xA9\xC3\xA9\xFE\"", kEncoding, 5, "UTF-8"},
                      Case{"\"\\uD800\"", kEncoding, 1, "lone surrogate"},
                      Case{"\"\\uDC00\"", kEncoding, 1, "lone surrogate"},
                      Case{"\"\\uD800\\u0041\"", kEncoding, 1, "lone surrogate"},
                      Case{"\"\\uD800x\"", kEncoding, 1, "lone surrogate"},
                      Case{"{\"\\uDFFF\":1}", kEncoding, 2, "lone surrogate"}));

INSTANTIATE_TEST_SUITE_P(Duplicates, InvalidText,
                         ::testing::Values(Case{"{\"a\":1,\"a\":2}", kDuplicate, 7, "twice"},
                                           Case{"{\"a\":1,\"\\u0061\":2}", kDuplicate, 7, "twice"},
                                           Case{"{\"\\u0061\":1,\"a\":2}", kDuplicate, 12, "twice"},
                                           Case{"{\"\":1,\"\":2}", kDuplicate, 6, "twice"},
                                           Case{"[{\"k\":{},\"m\":[{}],\"k\":0}]", kDuplicate, 18,
                                                "twice"}));

TEST(Parser, BuildsTheTapeInOrder) {
  Document d;
  const std::string text = R"( {"a":[1,-2.5e3,"x\n"],"b":{},"c":null,"d":true,"e":false} )";
  ASSERT_TRUE(parse(d, text));
  EXPECT_EQ(d.kind(0), JsonKind::kObject);
  EXPECT_EQ(d.count(0), 5U);
  EXPECT_EQ(d.next(0), d.size());
  const NodeIndex a = d.find(0, "a");
  ASSERT_NE(a, kNoNode);
  EXPECT_EQ(d.kind(a), JsonKind::kArray);
  EXPECT_EQ(d.count(a), 3U);
  EXPECT_EQ(d.json(a), R"([1,-2.5e3,"x\n"])");
  const NodeIndex x = d.next(d.next(d.first_child(a)));
  EXPECT_EQ(d.slice(x), "x\\n");
  EXPECT_EQ(d.json(x), "\"x\\n\"");
  EXPECT_EQ(d.next(a), d.find(0, "b") - 1);
  EXPECT_EQ(d.kind(d.find(0, "c")), JsonKind::kNull);
  EXPECT_EQ(d.kind(d.find(0, "d")), JsonKind::kTrue);
  EXPECT_EQ(d.kind(d.find(0, "e")), JsonKind::kFalse);
  EXPECT_EQ(d.find(0, "f"), kNoNode);
  EXPECT_EQ(d.find(a, "f"), kNoNode);
  EXPECT_EQ(d.depth(), 2U);
  EXPECT_EQ(d.node(a - 1).info >> TapeNode::kCountShift, a - 1);
}

TEST(Parser, AcceptsEveryScalarAsARoot) {
  Document d;
  for (const char* text :
       {"0", "-0", "1e5", "1E+5", "1.25e-7", "true", "false", "null", "\"\"", "\"\\u0000\"",
        "\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\"", "{}", "[]"}) {
    EXPECT_TRUE(parse(d, text)) << text;
    EXPECT_EQ(d.size(), 1U) << text;
    EXPECT_EQ(d.json(0), text);
  }
}

TEST(Parser, SkipsAByteOrderMarkAndSurroundingSpace) {
  Document d;
  ASSERT_TRUE(parse(d, "\xEF\xBB\xBF {\"a\":1}\r\n"));
  EXPECT_FALSE(d.has_line_breaks());
  EXPECT_EQ(d.json(0), "{\"a\":1}");
  EXPECT_FALSE(parse(d, "{\"a\":\xEF\xBB\xBF 1}"));
}

TEST(Parser, SeesLineBreaksInsideTheRecordOnly) {
  Document d;
  ASSERT_TRUE(parse(d, "\n{\"a\": 1}\n"));
  EXPECT_FALSE(d.has_line_breaks());
  ASSERT_TRUE(parse(d, "{\"a\":\r\n1}"));
  EXPECT_TRUE(d.has_line_breaks());
  ASSERT_TRUE(parse(d, "[\n]"));
  EXPECT_TRUE(d.has_line_breaks());
  ASSERT_TRUE(parse(d, "[\"a\\nb\"]"));
  EXPECT_FALSE(d.has_line_breaks());
}

TEST(Parser, RefusesNestingBeyondTheLimit) {
  Document d;
  EXPECT_TRUE(parse(d, std::string(128, '[') + std::string(128, ']')));
  EXPECT_EQ(d.depth(), 128U);
  const ParseResult deep = parse(d, std::string(129, '['));
  EXPECT_EQ(deep.code, ParseCode::kTooDeep);
  EXPECT_EQ(deep.offset, 128U);
  EXPECT_EQ(parse(d, std::string(1'000'000, '[')).code, ParseCode::kTooDeep);
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(parse(d, objects).code, ParseCode::kTooDeep);
}

TEST(Parser, MillionNestedArraysParseWhenTheLimitAllowsThem) {
  Document d;
  const std::string text = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_TRUE(parse(d, text, 1ULL << 30, 2'000'000));
  EXPECT_EQ(d.depth(), 1'000'000U);
}

TEST(Parser, RefusesTextBeyondTheSizeLimit) {
  Document d;
  std::string text(10'000'002, 'x');
  text.front() = text.back() = '"';
  const ParseResult result = d.parse(text, ParseLimits{});
  EXPECT_EQ(result.code, ParseCode::kTooLarge);
  EXPECT_TRUE(parse(d, text, text.size()));
  EXPECT_EQ(d.slice(0).size(), 10'000'000U);
}

std::string many_names(int n, const std::string& extra) {
  std::string text = "{";
  for (int i = 0; i < n; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  return text + extra + "}";
}

TEST(Parser, FindsADuplicateAmongMany) {
  Document d;
  for (const int n : {1, 5, 31, 32, 33, 34, 64, 1000}) {
    EXPECT_TRUE(parse(d, many_names(n, "\"z\":1"))) << n;
    for (const int twin : {0, n / 2, n - 1}) {
      std::string extra = "\"k";
      extra += std::to_string(twin) + "\":1";
      EXPECT_EQ(parse(d, many_names(n, extra)).code, ParseCode::kDuplicateKey) << n << ' ' << twin;
      EXPECT_EQ(parse(d, many_names(n, "\"\\u006b" + extra.substr(2))).code,
                ParseCode::kDuplicateKey);
    }
  }
}

TEST(Parser, LargeObjectsInsideLargeObjectsKeepTheirNamesApart) {
  Document d;
  std::string text = "{";
  for (int i = 0; i < 50; ++i) {
    text += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":" + many_names(50, "\"z\":1");
  }
  ASSERT_TRUE(parse(d, text + "}"));
  EXPECT_EQ(parse(d, text + ",\"k3\":1}").code, ParseCode::kDuplicateKey);
}

TEST(Parser, MillionNamesTakeLinearTime) {
  // A walk or a poor hash would need hours: the test's time limit is the check.
  Document d;
  ASSERT_TRUE(parse(d, many_names(1'000'000, "\"z\":1")));
  EXPECT_EQ(d.count(0), 1'000'001U);
  EXPECT_EQ(parse(d, many_names(1'000'000, "\"k999999\":1")).code, ParseCode::kDuplicateKey);
}

TEST(Parser, ReadsNeverPassTheEndOfTheText) {
  // Every prefix in a buffer of its own size: the address sanitizer watches.
  const std::string text = R"({"id":"evt_0000000001","n":-12.5e+3,"s":"a\u00e9\ud83d\ude00)"
                           "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"
                           R"(","l":[true,false,null,{}],"o":{"x":[]}})";
  Document d;
  for (size_t n = 0; n < text.size(); ++n) {
    const std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_FALSE(d.parse({exact.data(), n}, ParseLimits{})) << n;
  }
  EXPECT_TRUE(parse(d, text));
}

}  // namespace
}  // namespace sluice
