// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/line_framer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::common {
namespace {

using Lines = std::vector<std::pair<std::string, std::uint64_t>>;

// Feeds `text` in pieces of `piece` bytes and takes every line as it comes.
Lines frame(std::string_view text, std::size_t piece, std::uint64_t max_record = 1 << 20,
            std::uint64_t start = 0, bool rest_between = false) {
  LineFramer framer(BlockPool::create(), max_record, start);
  Lines lines;
  Line line;
  while (!text.empty()) {
    const auto room = framer.room(4096);
    const std::size_t n = std::min({piece, text.size(), room.size()});
    std::memcpy(room.data(), text.data(), n);
    framer.filled(n);
    text.remove_prefix(n);
    while (framer.peek(&line)) {
      lines.emplace_back(line.text, line.end);
      framer.take();
    }
    if (rest_between) framer.rest();
  }
  if (framer.peek_rest(&line)) {
    lines.emplace_back(line.text, line.end);
    framer.take();
  }
  EXPECT_TRUE(framer.empty());
  return lines;
}

TEST(LineFramer, CutsLinesWithTheOffsetJustPastEach) {
  const Lines expected{{"a", 2}, {"bc", 5}, {"d", 7}};
  EXPECT_EQ(frame("a\nbc\nd\n", 100), expected);
}

TEST(LineFramer, GivesTheSameLinesWhateverThePiecesAre) {
  const std::string text = "{\"a\":1}\r\n\n\r\n{\"b\":2}\n  \nlast";
  const Lines expected{{"{\"a\":1}", 9}, {"{\"b\":2}", 20}, {"  ", 23}, {"last", 27}};
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    EXPECT_EQ(frame(text, piece), expected) << piece;
    EXPECT_EQ(frame(text, piece, 1 << 20, 0, true), expected) << piece;
  }
}

TEST(LineFramer, CountsPositionsFromItsStart) {
  const Lines expected{{"x", 102}};
  EXPECT_EQ(frame("x\n", 1, 1024, 100), expected);
}

TEST(LineFramer, LeavesAByteOrderMarkAndNulAlone) {
  const std::string text("\xEF\xBB\xBF{}\na\0b\n", 10);
  const Lines expected{{"\xEF\xBB\xBF{}", 6}, {std::string("a\0b", 3), 10}};
  EXPECT_EQ(frame(text, 3), expected);
}

TEST(LineFramer, KeepsACarriageReturnInsideALine) {
  const Lines expected{{"a\rb", 4}, {"c\r", 8}};
  EXPECT_EQ(frame("a\rb\nc\r\r\n", 2), expected);
}

TEST(LineFramer, SkipsARestOfOnlyACarriageReturn) {
  const Lines expected{{"a", 2}};
  EXPECT_EQ(frame("a\n\r", 1), expected);
}

TEST(LineFramer, CutsALineOverTheLimitToOneByteMoreThanTheLimit) {
  for (const std::size_t length : {10U, 11U, 12U, 13U, 50U, 200000U}) {
    const std::string text = std::string(length, 'x') + "\nnext\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
      if (piece == 1 && length > 1000) continue;
      const Lines expected{{std::string(std::min<std::size_t>(length, 11), 'x'), length + 1},
                           {"next", length + 6}};
      EXPECT_EQ(frame(text, piece, 10), expected) << length << " in pieces of " << piece;
    }
  }
}

TEST(LineFramer, TakesALineOfExactlyTheLimitWholeWithEitherLineEnd) {
  const Lines expected{{"0123456789", 11}, {"abcdefghij", 23}};
  for (const std::size_t piece : {1U, 5U, 100U}) {
    EXPECT_EQ(frame("0123456789\nabcdefghij\r\n", piece, 10), expected);
  }
}

TEST(LineFramer, CutsAnOverlongLastLineWithoutNewline) {
  const Lines expected{{std::string(11, 'x'), 5000}};
  EXPECT_EQ(frame(std::string(5000, 'x'), 700, 10), expected);
}

TEST(LineFramer, ReadsOverAnEndlessLineInBoundedMemory) {
  LineFramer framer(BlockPool::create(), 1 << 16);
  std::size_t largest = 0;
  Line line;
  for (int i = 0; i < 2000; ++i) {
    const auto room = framer.room();
    std::memset(room.data(), 'x', room.size());
    framer.filled(room.size());
    EXPECT_FALSE(framer.peek(&line));
    largest = std::max(largest, framer.block()->capacity());
  }
  EXPECT_GT(framer.received(), std::uint64_t{100} << 20);
  EXPECT_LE(largest, std::size_t{2} << 20);
}

TEST(LineFramer, LinesHandedOutStayWhenReadingGoesOn) {
  LineFramer framer(BlockPool::create(), 1 << 20);
  std::vector<std::pair<std::string_view, BlockRef>> held;
  Line line;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = "line number " + std::to_string(i) + std::string(500, '.') + "\n";
    const auto room = framer.room(text.size());
    ASSERT_GE(room.size(), text.size());
    std::memcpy(room.data(), text.data(), text.size());
    framer.filled(text.size());
    ASSERT_TRUE(framer.peek(&line));
    held.emplace_back(line.text, framer.block());
    framer.take();
  }
  for (std::size_t i = 0; i < held.size(); ++i) {
    EXPECT_TRUE(held[i].first.starts_with("line number " + std::to_string(i) + ".")) << i;
  }
}

TEST(LineFramer, GivesMemoryBackWhenItRests) {
  LineFramer framer(BlockPool::create(), 1 << 20);
  const auto room = framer.room();
  std::memcpy(room.data(), "whole\npart", 10);
  framer.filled(10);
  Line line;
  ASSERT_TRUE(framer.peek(&line));
  framer.take();
  ASSERT_FALSE(framer.peek(&line));
  framer.rest();
  EXPECT_LE(framer.block()->capacity(), 8192U);
  ASSERT_TRUE(framer.peek_rest(&line));
  EXPECT_EQ(line.text, "part");
  framer.take();
  framer.rest();
  EXPECT_EQ(framer.block(), nullptr);
}

TEST(BlockPool, UsesAReleasedBlockAgainAndOutlivesNothing) {
  auto pool = BlockPool::create(1);
  BlockRef first = pool->take(BlockPool::kStandard);
  const char* address = first->data();
  first.reset();
  BlockRef second = pool->take(BlockPool::kStandard);
  EXPECT_EQ(second->data(), address);
  pool.reset();
  std::memset(second->data(), 1, second->capacity());  // still ours
}

}  // namespace
}  // namespace sluice::common
