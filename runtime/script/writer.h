// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/arena.h"
#include "runtime/record/scan.h"
#include "runtime/script/overlay.h"

struct lua_State;

namespace sluice::script {

struct State;

// Prints the result of a script as JSON on one line. What the script left alone is copied as text,
// neighbouring members in one piece. Integers stay integers; a float keeps a fraction or exponent
// (3.0, not 3) and has the fewest digits that read back as the same double. Members of a Lua table
// are sorted by name, so that equal results are equal bytes.
//
// The text is written at the end of an arena, and stays there once it is kept. write() may raise
// Lua errors (memory) when Lua tables take part.
class Writer {
 public:
  explicit Writer(State& state) : state_(state) {}

  // False: error() tells why, beginning with the JSON Pointer of the culprit.
  bool write(const Value& value, Arena& into, uint64_t max_bytes, uint32_t max_depth);
  // The same in memory of the writer, which the next write uses again.
  bool write(const Value& value, uint64_t max_bytes, uint32_t max_depth);
  // The same for the Lua table at the top of the stack.
  bool write_table_on_top(lua_State* L, Arena& into, uint64_t max_bytes, uint32_t max_depth);
  // The same for any value at the top of the stack, also while there is no record; in memory of the
  // writer.
  bool write_on_top(lua_State* L, uint64_t max_bytes, uint32_t max_depth);
  // What was written, until something else is allocated in the arena.
  [[nodiscard]] std::string_view text() const { return {buffer_, size_}; }
  // The same, to stay as long as the arena's content.
  [[nodiscard]] std::string_view keep() {
    arena_->commit(size_);
    return text();
  }
  [[nodiscard]] std::string error() const;

 private:
  void start(Arena& into, uint64_t max_bytes, uint32_t max_depth);
  bool finish(bool written);
  bool put(char c) {
    if (size_ == capacity_ && !grow(1)) [[unlikely]]
      return false;
    buffer_[size_++] = c;
    return true;
  }
  bool put(const char* text, size_t size) {
    if (size > capacity_ - size_ && !grow(size)) [[unlikely]]
      return false;
    scan::copy_bytes(buffer_ + size_, text, size);
    size_ += size;
    return true;
  }
  bool put(std::string_view text) { return put(text.data(), text.size()); }
  bool grow(size_t more);
  bool afford(uint64_t steps);
  bool put_integer(int64_t value);
  bool put_float(double value);
  bool put_text(std::string_view text, bool plain);
  bool put_escaped(std::string_view text);
  // Text of the record as it came, on one line. Up to 64 bytes are copied without a branch on their
  // number, which would be guessed wrongly; what is copied too much is written over.
  bool put_source(const char* from, const char* to) {
    constexpr size_t kWide = 64;
    const auto size = static_cast<size_t>(to - from);
    if (size > kWide || capacity_ - size_ < kWide || wide_end_ - from < ptrdiff_t{kWide}) {
      return put_source_slow(from, size);
    }
    std::memcpy(buffer_ + size_, from, kWide);
    size_ += size;
    return true;
  }
  bool put_source_slow(const char* from, size_t size);

  bool value(const Value& value, uint32_t depth);
  bool node(NodeIndex i, uint32_t depth);
  bool edited_node(NodeIndex i, uint32_t depth);
  bool edited_object(NodeIndex i, uint32_t depth);
  bool edited_array(NodeIndex i, uint32_t depth);
  bool touched(const Child& child, bool object, uint32_t position, uint32_t depth);
  bool span(NodeIndex base, const char* from, const char* to, NodeIndex low, NodeIndex high,
            uint32_t depth);
  // Where the text of a value or name begins and ends in the record.
  [[nodiscard]] const char* begin_of(NodeIndex i) const {
    const TapeNode& node = tape_[i];
    return source_ + node.offset - quote(node);
  }
  [[nodiscard]] const char* end_of(NodeIndex i) const {
    const TapeNode& node = tape_[i];
    const uint32_t length =
        (node.info & TapeNode::kEdited) == 0 ? node.length : overlay_->edit(i).length;
    return source_ + node.offset + length + quote(node);
  }
  static uint32_t quote(const TapeNode& node) {
    return (node.info & TapeNode::kKindMask) == static_cast<uint32_t>(JsonKind::kString) ? 1 : 0;
  }

  bool table(lua_State* L, uint32_t depth);
  bool table_list(lua_State* L, int at, int64_t size, uint32_t depth);
  bool table_members(lua_State* L, int at, size_t first_key, uint32_t depth);
  bool lua_value(lua_State* L, uint32_t depth);
  bool lua_proxy(lua_State* L, uint32_t depth);
  // Looks at every key; string keys go to keys_.
  bool table_keys(lua_State* L, int at, int64_t size, bool list);

  bool fail(std::string message);
  bool fail_at(std::string_view token);         // adds a token in front of the error's pointer
  bool fail_below(const std::string& pointer);  // the same for a whole pointer

  State& state_;
  const Overlay* overlay_ = nullptr;
  const TapeNode* tape_ = nullptr;  // of the document, as source_
  const char* source_ = nullptr;
  const char* wide_end_ = nullptr;  // end of the text, or its beginning if it has line breaks
  Arena own_{4096};
  Arena* arena_ = nullptr;  // holds the buffer, behind what is kept
  char* buffer_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t allocated_ = 0;
  uint64_t max_bytes_ = 0;
  uint32_t max_depth_ = 0;
  bool deepened_ = false;  // a node was printed elsewhere than in its place
  std::vector<std::string_view> keys_;
  std::string pointer_;
  std::string message_;
};

}  // namespace sluice::script
