// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "runtime/record/parser.h"
#include "runtime/record/scan.h"

// Member names off the beaten track, and whether an object has one twice.
namespace sluice {
namespace {

// A number of 8 bits from a name's length and its first and last bytes: cheap, and good enough to
// say "certainly new" for nearly every member. `end` is where the text ends.
inline uint32_t name_bits(const char* p, size_t n, const char* end) {
  uint64_t word = 0;
  if (end - p >= 8) [[likely]] {
    std::memcpy(&word, p, 8);
    if (n < 8) {
      word &= (1ULL << (n * 8)) - 1;
    } else {
      uint64_t tail = 0;
      std::memcpy(&tail, p + n - 8, 8);
      word ^= tail << 29 | tail >> 35;
    }
  } else if (n > 0) {
    std::memcpy(&word, p, n);  // fewer than 8 bytes are left, so n is below 8
  }
  return static_cast<uint32_t>(((word ^ n) * 0x9E3779B97F4A7C15ULL) >> 56);
}

// Notes the name in the object's Bloom filter; was something like it there?
inline bool note_name(uint64_t (&seen)[4], const char* p, size_t n, const char* end) {
  const uint32_t bits = name_bits(p, n, end);
  uint64_t& word = seen[bits >> 6];
  const uint64_t before = word >> (bits & 63) & 1;
  word |= 1ULL << (bits & 63);
  return before != 0;
}

}  // namespace

// Reads a name that is not the usual one at its place; *p is behind its opening quote, then at its
// closing one. False: error_ is set.
bool TapeParser::unfamiliar_name(Frame& frame, uint32_t name, uint32_t count, const char** p) {
  TapeNode* const tape = document_.tape_.get();
  if (frame.familiar || count == 0) {
    // The filter was not kept so far. Names that are usual have no escapes.
    std::fill(std::begin(frame.seen), std::end(frame.seen), 0);
    NodeIndex at = frame.node + 1;
    for (uint32_t i = 0; i < count; ++i, at = tape[at + 1].next) {
      note_name(frame.seen, begin_ + tape[at].offset, tape[at].length, end_);
    }
  }
  const char* const start = *p;
  uint32_t info = static_cast<uint32_t>(JsonKind::kString) | TapeNode::kName;
  const char* stop = scan::plain_end(start, end_);
  if (stop == end_ || *stop != '"') {
    stop = string_rest(stop, &info);
    if (stop == nullptr) return false;
  }
  *p = stop;
  const uint32_t distance = name - frame.node;
  if (distance <= TapeNode::kMaxCount) info |= distance << TapeNode::kCountShift;
  tape[name] = {static_cast<uint32_t>(start - begin_), static_cast<uint32_t>(stop - start),
                name + 1, info};
  const bool seen = note_name(frame.seen, start, static_cast<size_t>(stop - start), end_);
  // Nearly always a small object, and a name that no earlier one resembles.
  const bool look = seen || frame.thorough || (info & TapeNode::kEscaped) != 0;
  if (look && duplicate(frame, name, count)) {
    error_ =
        fail(ParseCode::kDuplicateKey, start - 1, "a member name that occurs twice in its object");
    return false;
  }
  learn(frame, name, count);
  return true;
}

// The name becomes the usual one at its place if all before it are; those behind it, which need not
// differ from it, are forgotten. The rest of this object keeps to the filter.
void TapeParser::learn(Frame& frame, uint32_t name, uint32_t count) {
  UsualNames& usual = *frame.usual;
  const TapeNode& node = document_.tape_[name];
  const bool follows = frame.familiar || frame.learning;
  frame.familiar = false;
  frame.learning = follows && count < UsualNames::kMost && node.length <= UsualNames::kLongest &&
                   (node.info & TapeNode::kEscaped) == 0;
  if (follows) usual.count = std::min(usual.count, count);
  if (!frame.learning) return;
  UsualNames::Name& kept = usual.names[count];
  kept.length = static_cast<uint8_t>(node.length);
  std::memcpy(kept.text, begin_ + node.offset, node.length + 1);  // the quote is there
  usual.count = count + 1;
}

// Is the member name at `name` (the newest node) already among the `count` members before it? A
// thorough look: the bits of an escaped name say nothing, so from the first of them on every name
// of the object is looked up.
bool TapeParser::duplicate(Frame& frame, uint32_t name, uint32_t count) {
  const TapeNode& node = document_.tape_[name];
  std::string_view text(begin_ + node.offset, node.length);
  if ((node.info & TapeNode::kEscaped) != 0) {
    frame.thorough = true;
    scratch_.arena.reset();
    text = decode_json_string(text, scratch_.arena);
  }
  return count < kWalkMembers ? walk_finds(frame, name, text) : set_finds(frame, name, count, text);
}

bool TapeParser::walk_finds(const Frame& frame, uint32_t name, std::string_view text) const {
  for (NodeIndex i = frame.node + 1; i < name; i = document_.tape_[i + 1].next) {
    if (document_.string_equals(i, text)) return true;
  }
  return false;
}

bool TapeParser::set_finds(const Frame& frame, uint32_t name, uint32_t count,
                           std::string_view text) {
  const auto same_as = [&](std::string_view wanted) {
    return [this, wanted](uint32_t other) { return document_.string_equals(other, wanted); };
  };
  if (count == kWalkMembers) {  // the walk proved these to be unique
    for (NodeIndex i = frame.node + 1; i < name; i = document_.tape_[i + 1].next) {
      const std::string_view earlier = document_.string(i, scratch_.arena);
      scratch_.names.insert(frame.node, i, NameSet::hash(frame.node, earlier), same_as(earlier));
    }
  }
  return scratch_.names.insert(frame.node, name, NameSet::hash(frame.node, text), same_as(text));
}

}  // namespace sluice
