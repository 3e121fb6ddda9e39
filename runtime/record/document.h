// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "runtime/record/arena.h"

namespace sluice {

enum class JsonKind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

// One value (or member name) of a parsed record. Numbers and strings are slices of the original
// text, decoded on use, so that every digit survives and an untouched sub-tree can be copied.
//
// Order on the tape: a container is followed by its children; an object's children alternate name,
// value. `next` leaps over a whole sub-tree; of a member name it is the index of its value.
struct TapeNode {
  uint32_t offset;  // first byte in the text; of a string: the byte after the opening quote
  uint32_t length;  // bytes in the text; of a string: without quotes
  uint32_t next;    // index of the node after this value's sub-tree
  uint32_t info;  // JsonKind in bits 0-2, flags in bits 3-7, in bits 8-31 the child count (members
                  // of an object, elements of an array); of a member name its distance from the
                  // object's node, 0 if that does not fit; of other values 0
  static constexpr uint32_t kKindMask = 0x7;
  static constexpr uint32_t kPatched = 1U << 3;  // a member name whose value was changed (while a
                                                 // script runs): `next` then names the change
  static constexpr uint32_t kEscaped = 1U << 4;  // a string with at least one backslash
  static constexpr uint32_t kInteger = 1U << 5;  // a number without fraction and exponent
  static constexpr uint32_t kName = 1U << 6;     // a string that is a member name
  static constexpr uint32_t kEdited = 1U << 7;   // a container with changes laid over it, as above:
                                                 // `length` is then not a length
  static constexpr uint32_t kCountShift = 8;
  static constexpr uint32_t kMaxCount = (1U << 24) - 1;
};
static_assert(sizeof(TapeNode) == 16);

using NodeIndex = uint32_t;
inline constexpr NodeIndex kNoNode = UINT32_MAX;

struct ParseLimits {
  uint64_t max_bytes = 1ULL << 20;
  uint32_t max_depth = 128;
};

enum class ParseCode : uint8_t {
  kOk,
  kTooLarge,
  kTooDeep,
  kSyntax,
  kEncoding,
  kDuplicateKey,
  kEmpty
};

struct ParseResult {
  ParseCode code = ParseCode::kOk;
  uint32_t offset = 0;       // where in the text
  const char* message = "";  // constant text: "expected ':' after a member name"
  explicit operator bool() const { return code == ParseCode::kOk; }
};

// One JSON record (RFC 8259) as a flat tape over its text. A leading byte order mark is skipped.
// Strings are checked as UTF-8 and for lone surrogates, names for being unique within their object:
// two readers of the same bytes must not see different records. Parsing is iterative, in one pass;
// memory is kept between parses, so a steady load allocates nothing. Texts of 2 GiB and more, and
// containers of more than 2^24-1 children, are kTooLarge whatever the limits say.
//
// The text is borrowed: it must stay and not change while the document is used. Not thread-safe.
class Document {
 public:
  Document();
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;

  // On an error the document is empty: size() is 0 and no node may be asked for.
  ParseResult parse(std::string_view text, const ParseLimits& limits);

  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] static constexpr NodeIndex root() { return 0; }
  [[nodiscard]] uint32_t size() const { return size_; }  // nodes on the tape
  // True if the record's text outside strings holds a line break (those before and after the root
  // value do not count): it cannot be copied into a JSON line.
  [[nodiscard]] bool has_line_breaks() const { return has_line_breaks_; }

  [[nodiscard]] const TapeNode& node(NodeIndex i) const { return tape_[i]; }
  [[nodiscard]] JsonKind kind(NodeIndex i) const {
    return static_cast<JsonKind>(tape_[i].info & TapeNode::kKindMask);
  }
  // Members of an object or elements of an array.
  [[nodiscard]] uint32_t count(NodeIndex i) const { return tape_[i].info >> 8; }
  [[nodiscard]] NodeIndex first_child(NodeIndex i) const { return i + 1; }
  [[nodiscard]] NodeIndex next(NodeIndex i) const { return tape_[i].next; }
  // The exact text of a value; of a string without its quotes, still escaped.
  [[nodiscard]] std::string_view slice(NodeIndex i) const {
    return text_.substr(tape_[i].offset, tape_[i].length);
  }
  // The exact text of a value with a string's quotes: valid JSON by itself.
  [[nodiscard]] std::string_view json(NodeIndex i) const;

  // The value of a member, or kNoNode. `name` is decoded text.
  [[nodiscard]] NodeIndex find(NodeIndex object, std::string_view name) const;
  // Is this member name (or string value) equal to the decoded text `other`?
  [[nodiscard]] bool string_equals(NodeIndex i, std::string_view other) const;
  // The decoded string: a slice of the text when nothing is escaped, else built in `arena`.
  [[nodiscard]] std::string_view string(NodeIndex i, Arena& arena) const;

  // True if the number is an integer that fits (1.0 and 1e3 are not integers here).
  [[nodiscard]] bool int64(NodeIndex i, int64_t* out) const;
  [[nodiscard]] bool uint64(NodeIndex i, uint64_t* out) const;
  // Nearest double; false when the magnitude is past the largest double.
  [[nodiscard]] bool number(NodeIndex i, double* out) const;

  // Containers nested in each other at the deepest place; 0 when the root is a scalar.
  [[nodiscard]] uint32_t depth() const { return depth_; }
  // For the script's view, which lays changes over the tape and takes them back.
  [[nodiscard]] TapeNode& mutable_node(NodeIndex i) { return tape_[i]; }
  [[nodiscard]] const TapeNode* tape() const { return tape_.get(); }

 private:
  friend class TapeParser;
  struct Scratch;

  std::string_view text_;
  std::unique_ptr<TapeNode[]> tape_;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
  uint32_t depth_ = 0;
  bool has_line_breaks_ = false;
  std::unique_ptr<Scratch> scratch_;
};

// Decodes the inside of a JSON string (already checked by a parse) into `arena`.
std::string_view decode_json_string(std::string_view escaped, Arena& arena);

}  // namespace sluice
