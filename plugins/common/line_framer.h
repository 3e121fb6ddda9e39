// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "plugins/common/block.h"

namespace sluice::common {

// One line of a stream, without its line end.
struct Line {
  std::string_view text;  // points into the framer's block
  std::uint64_t end = 0;  // offset just past the line and its line end, in the decoded stream
};

// Cuts a byte stream into lines, in place: what is read goes straight into a block, and a line is a
// slice of it; only the unfinished line at the end of a full block is copied to the next one.
//
// Lines end with LF or CRLF. Empty lines are skipped, though their bytes count in offsets. A line
// longer than max_record is handed out as its first max_record + 1 bytes, so that whoever limits
// the size of a record refuses it (and accounts for it); the rest is read over without being
// kept, so memory stays bounded by max_record.
//
// Use: room(), read into it, filled(); then peek() and take() until peek() says no. Not
// thread-safe.
class LineFramer {
 public:
  // start: the stream offset of the first byte that will be filled in.
  LineFramer(std::shared_ptr<BlockPool> pool, std::uint64_t max_record, std::uint64_t start = 0);

  // Where to read to; never empty. `expected`: how much is likely to come, which sizes new memory.
  // A line peeked at but not taken moves: peek again.
  [[nodiscard]] std::span<char> room(std::size_t expected = BlockPool::kStandard);
  // The first n bytes of the last room() now hold input.
  void filled(std::size_t n);

  // The next whole line, left in place until take().
  [[nodiscard]] bool peek(Line* out);
  // At the end of the stream: the unfinished last line as a line, left in place until take().
  [[nodiscard]] bool peek_rest(Line* out);
  void take();

  // The memory that holds the line last peeked at.
  [[nodiscard]] const BlockRef& block() const { return block_; }
  // Offset just past the last line taken or empty line skipped.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  // Offset just past all bytes filled in.
  [[nodiscard]] std::uint64_t received() const { return received_; }
  // Nothing waits: no whole line, no begun one.
  [[nodiscard]] bool empty() const { return !cut_ && begin_ == end_; }

  // The stream pauses: gives back the memory that is not needed meanwhile.
  void rest();

 private:
  void step_over(std::size_t next_begin, std::uint64_t next_position);
  void begin_cut();
  void move_to(std::size_t capacity);

  std::shared_ptr<BlockPool> pool_;
  const std::uint64_t max_record_;
  BlockRef block_;
  std::size_t begin_ = 0;  // first byte not yet taken
  std::size_t scan_ = 0;   // no newline in [begin_, scan_)
  std::size_t end_ = 0;    // end of the bytes filled in
  std::uint64_t position_;
  std::uint64_t received_;

  // A line over the limit: its kept bytes are [begin_, begin_ + kept()), what follows is dropped.
  bool cut_ = false;
  bool cut_done_ = false;          // its newline was found
  std::uint64_t cut_dropped_ = 0;  // bytes read over, with the newline
  std::size_t cut_next_ = 0;       // where the next line begins, once done

  std::size_t peeked_next_ = 0;
  std::uint64_t peeked_position_ = 0;
};

}  // namespace sluice::common
