// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

#include "runtime/record/arena.h"
#include "runtime/record/compact.h"
#include "runtime/record/pointer.h"

namespace sluice {
namespace {

class DocumentTest : public ::testing::Test {
 protected:
  void parse(const std::string& text) {
    text_ = text;
    const ParseResult result = document_.parse(text_, ParseLimits{});
    ASSERT_TRUE(result) << result.message;
  }
  std::string text_;
  Document document_;
  Arena arena_;
};

TEST_F(DocumentTest, IntegersThatFitAreExact) {
  const struct {
    const char* text;
    bool fits;
    int64_t value;
  } cases[] = {{"0", true, 0},
               {"-0", true, 0},
               {"9223372036854775807", true, INT64_MAX},
               {"-9223372036854775808", true, INT64_MIN},
               {"9223372036854775808", false, 0},
               {"-9223372036854775809", false, 0},
               {"99999999999999999999", false, 0},
               {"123456789012345678901234567890", false, 0},
               {"1.0", false, 0},
               {"1e3", false, 0},
               {"\"1\"", false, 0}};
  for (const auto& c : cases) {
    parse(c.text);
    int64_t value = 0;
    EXPECT_EQ(document_.int64(0, &value), c.fits) << c.text;
    EXPECT_EQ(value, c.value) << c.text;
  }
}

TEST_F(DocumentTest, NaturalNumbersReachSixtyFourBits) {
  uint64_t value = 0;
  parse("18446744073709551615");
  EXPECT_TRUE(document_.uint64(0, &value));
  EXPECT_EQ(value, UINT64_MAX);
  parse("18446744073709551616");
  EXPECT_FALSE(document_.uint64(0, &value));
  parse("-1");
  EXPECT_FALSE(document_.uint64(0, &value));
}

TEST_F(DocumentTest, DoublesAreTheNearest) {
  for (const char* text :
       {"0.1", "-0.0", "1e22", "1e23", "123456789.123", "9007199254740993", "5e-324", "2.5e-324",
        "2.2250738585072014e-308", "1.7976931348623157e308", "0.30000000000000004", "1e-400",
        "0e999999999999", "0.000000000000000000000000000000000000000000001e45",
        "3.14159265358979323846", "100000000000000000000000000000000000000000",
        "1e-99999999999999999999"}) {
    parse(text);
    double value = -1;
    EXPECT_TRUE(document_.number(0, &value)) << text;
    EXPECT_EQ(value, std::strtod(text, nullptr)) << text;
    EXPECT_EQ(std::signbit(value), text[0] == '-') << text;
  }
  std::mt19937_64 random(7);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = std::to_string(random() >> (random() % 60)) + "." +
                             std::to_string(random() >> (random() % 60)) + "e" +
                             std::to_string(static_cast<int>(random() % 700) - 350);
    const double expected = std::strtod(text.c_str(), nullptr);
    parse(text);
    double value = -1;
    EXPECT_EQ(document_.number(0, &value), std::isfinite(expected)) << text;
    EXPECT_EQ(value, expected) << text;
  }
}

TEST_F(DocumentTest, NumbersPastTheLargestDoubleSaySo) {
  for (const char* text : {"1e309", "-1e400", "1e99999999999999999999", "1.8e308"}) {
    parse(text);
    double value = 0;
    EXPECT_FALSE(document_.number(0, &value)) << text;
    EXPECT_TRUE(std::isinf(value)) << text;
    EXPECT_EQ(value < 0, text[0] == '-');
  }
}

TEST_F(DocumentTest, StringsAreDecodedOnUse) {
  parse(R"("a\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00z")");
  const std::string decoded = "a\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
  EXPECT_EQ(document_.string(0, arena_), decoded);
  EXPECT_TRUE(document_.string_equals(0, decoded));
  EXPECT_FALSE(document_.string_equals(0, decoded + "z"));
  EXPECT_FALSE(document_.string_equals(0, decoded.substr(1)));
  parse("\"plain\"");
  EXPECT_EQ(document_.string(0, arena_).data(), text_.data() + 1);  // a slice, not a copy
}

TEST_F(DocumentTest, MovingADocumentKeepsIt) {
  parse(R"({"a":[1]})");
  Document other = std::move(document_);
  EXPECT_EQ(other.json(other.find(0, "a")), "[1]");
}

TEST_F(DocumentTest, CompactCopyDropsSpaceOutsideStrings) {
  const std::string text = "{ \"a b\" :\t[ 1 ,\r\n \"x \\\" y\" ] }";
  EXPECT_EQ(compact_json(text, arena_), "{\"a b\":[1,\"x \\\" y\"]}");
}

TEST_F(DocumentTest, PointersFollowRfc6901) {
  parse(R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"m~n":8,"é":{"x":[{"y":9}]},"01":5,"~1":6})");
  const struct {
    const char* pointer;
    const char* json;
  } cases[] = {{"/foo", R"(["bar","baz"])"},
               {"/foo/0", "\"bar\""},
               {"/", "0"},
               {"/a~1b", "1"},
               {"/c%d", "2"},
               {"/m~0n", "8"},
               {"/é/x/0/y", "9"},
               {"/01", "5"},
               {"/~01", "6"}};
  for (const auto& c : cases) {
    auto pointer = JsonPointer::parse(c.pointer);
    ASSERT_TRUE(pointer) << c.pointer;
    EXPECT_EQ(pointer->text(), c.pointer);
    const NodeIndex node = pointer->find(document_);
    ASSERT_NE(node, kNoNode) << c.pointer;
    EXPECT_EQ(document_.json(node), c.json);
  }
  for (const char* absent : {"/foo/2", "/foo/01", "/foo/-", "/foo/+1", "/foo/x", "/none",
                             "/foo/0/x", "/foo/99999999999999999999"}) {
    EXPECT_EQ(JsonPointer::parse(absent)->find(document_), kNoNode) << absent;
  }
  EXPECT_EQ(JsonPointer::parse("")->find(document_), Document::root());
}

TEST_F(DocumentTest, BadPointersAreRefusedWithTheCure) {
  for (const char* bad : {"foo", "#/foo", "/a~", "/a~2", "/\xFF"}) {
    auto pointer = JsonPointer::parse(bad);
    ASSERT_FALSE(pointer) << bad;
    EXPECT_THAT(pointer.status().message(), ::testing::HasSubstr("is not a JSON Pointer"));
  }
  std::string built;
  append_pointer_token(built, "a/b~c");
  EXPECT_EQ(built, "/a~1b~0c");
}

TEST(Arena, KeepsWhatWasPutThereUntilReset) {
  Arena arena(64);
  std::vector<std::string_view> kept;
  for (int i = 0; i < 100; ++i) kept.push_back(arena.copy("text " + std::to_string(i)));
  const std::string_view large = arena.copy(std::string(1000, 'x'));
  for (size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i], "text " + std::to_string(i));
  EXPECT_EQ(large, std::string(1000, 'x'));
  EXPECT_EQ(arena.copy("").size(), 0U);
}

TEST(Arena, ReusesItsChunks) {
  Arena arena(256);
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i) arena.allocate(100);
    arena.allocate(5000);
    arena.reset();
  }
  const size_t capacity = arena.capacity();
  for (int i = 0; i < 20; ++i) arena.allocate(100);
  arena.allocate(5000);
  EXPECT_EQ(arena.capacity(), capacity);
  arena.reset(1000);
  EXPECT_LE(arena.capacity(), 1000U);
}

TEST(Arena, AlignsAsAsked) {
  Arena arena(128);
  for (const size_t align : {1U, 2U, 4U, 8U, 16U}) {
    arena.allocate(1, 1);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.allocate(7, align)) % align, 0U);
  }
}

TEST(Arena, ReservedRoomIsContiguous) {
  Arena arena(64);
  char* const room = arena.reserve(200);
  std::memset(room, 'a', 150);
  arena.commit(150);
  EXPECT_EQ(arena.copy("b")[0], 'b');
  EXPECT_EQ(room[149], 'a');
}

}  // namespace
}  // namespace sluice
