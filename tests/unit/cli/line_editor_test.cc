// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/line_editor.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

// What stands in the line after these keys, with the cursor as '|'.
std::string typed(LineBuffer& buffer, std::string_view keys) {
  for (const char key : keys) buffer.feed(key);
  std::string out = buffer.text();
  out.insert(buffer.cursor(), "|");
  return out;
}
std::string typed(std::string_view keys) {
  LineBuffer buffer;
  buffer.start();
  return typed(buffer, keys);
}

TEST(LineBuffer, KeysMoveByCharactersNotBytes) {
  EXPECT_EQ(typed("abc"), "abc|");
  EXPECT_EQ(typed("a\xc3\xa9o\x1b[D\x1b[D"), "a|\xc3\xa9o");
  EXPECT_EQ(typed("a\xc3\xa9\x7f"), "a|");
  EXPECT_EQ(typed("\xc3\xa9o\x01\x1b[3~"), "|o");
  EXPECT_EQ(typed("ab\x02\x02\x02x"), "x|ab");
  EXPECT_EQ(typed("ab\x1b[H\x1b[C\x1b[C\x1b[C"), "ab|");
}

TEST(LineBuffer, PartsOfALineAreErased) {
  EXPECT_EQ(typed("one two  \x17"), "one |");
  EXPECT_EQ(typed("one two\x02\x02\x02\x0b"), "one |");
  EXPECT_EQ(typed("one two\x02\x02\x02\x15"), "|two");
  EXPECT_EQ(typed("\x7f\x04"), "|");
}

TEST(LineBuffer, HistoryKeepsTheNewLine) {
  LineBuffer buffer;
  buffer.remember("first");
  buffer.remember("second");
  buffer.remember("second");
  buffer.remember("");
  EXPECT_EQ(buffer.history().size(), 2U);
  buffer.start();
  EXPECT_EQ(typed(buffer, "new\x1b[A"), "second|");
  EXPECT_EQ(typed(buffer, "\x1b[A\x1b[A"), "first|");
  EXPECT_EQ(typed(buffer, "\x1b[B\x1b[B\x1b[B"), "new|");
}

TEST(LineBuffer, SomeKeysAreEvents) {
  LineBuffer buffer;
  buffer.start();
  EXPECT_EQ(buffer.feed('\x04'), LineBuffer::Event::kEnd);
  EXPECT_EQ(buffer.feed('a'), LineBuffer::Event::kChanged);
  EXPECT_EQ(buffer.feed('\t'), LineBuffer::Event::kComplete);
  EXPECT_EQ(buffer.feed('\x03'), LineBuffer::Event::kInterrupt);
  EXPECT_EQ(buffer.feed('\r'), LineBuffer::Event::kLine);
  EXPECT_EQ(buffer.text(), "a");
}

TEST(LineBuffer, UnknownKeysLeaveNothingBehind) {
  EXPECT_EQ(typed("a\x1b[15~b\x1b[1;5Cc\x1bOPd"), "abcd|");
}

}  // namespace
}  // namespace sluice::cli
