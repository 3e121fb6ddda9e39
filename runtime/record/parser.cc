// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/parser.h"

#include <algorithm>
#include <cstring>

#include "runtime/record/scan.h"

namespace sluice {
namespace {

constexpr uint64_t kMaxText = (1ULL << 31) - 1;
// Objects of more members than this find duplicates by NameSet instead of a walk.
constexpr uint32_t kWalkMembers = 32;

bool space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

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

}  // namespace

TapeParser::TapeParser(Document& document, std::string_view text, const ParseLimits& limits)
    : document_(document),
      scratch_(*document.scratch_),
      limits_(limits),
      begin_(text.data()),
      end_(text.data() + text.size()),
      at_(begin_) {}

ParseResult TapeParser::fail(ParseCode code, const char* where, const char* message) {
  document_.size_ = 0;
  return {code, static_cast<uint32_t>(where - begin_), message};
}

ParseResult TapeParser::parse() {
  const auto size = static_cast<uint64_t>(end_ - begin_);
  if (size > limits_.max_bytes || size > kMaxText) {
    return fail(ParseCode::kTooLarge, begin_, "the record is larger than the limit");
  }
  if (size >= 3 && std::memcmp(begin_, "\xEF\xBB\xBF", 3) == 0) at_ += 3;
  while (at_ < end_ && space(*at_)) ++at_;
  if (at_ == end_) return fail(ParseCode::kEmpty, at_, "no value: empty text");
  // A text of n bytes cannot open more than n containers, whatever the limit.
  const auto depth = static_cast<size_t>(std::min<uint64_t>(limits_.max_depth, size));
  if (scratch_.frames.size() < depth) scratch_.frames.resize(depth);
  scratch_.names.forget();
  ParseResult result = values();
  if (!result) return result;
  while (at_ < end_ && space(*at_)) ++at_;
  if (at_ != end_)
    return fail(ParseCode::kSyntax, at_, "expected nothing after the record's value");
  return result;
}

// The whole grammar as one loop over a stack of open containers: no recursion, one look at each
// byte. `p` and `n` stay in registers; members are touched on rare paths only.
ParseResult TapeParser::values() {
  const char* p = at_;
  uint32_t n = 0;          // nodes so far
  Frame* frame = nullptr;  // the innermost open container
  uint32_t depth = 0;
  uint32_t deepest = 0;
  TapeNode* tape = document_.tape_.get();
  uint32_t capacity = document_.capacity_;
  const auto room = [&] {
    if (n < capacity) [[likely]]
      return;
    grow(n);
    tape = document_.tape_.get();
    capacity = document_.capacity_;
  };
  const auto offset = [&](const char* where) { return static_cast<uint32_t>(where - begin_); };
  const auto blank = [](const char* where) { return static_cast<unsigned char>(*where) <= 0x20; };

value:
  if (p < end_ && blank(p)) p = skip_space(p);
  if (p == end_) return fail(ParseCode::kSyntax, p, "the text ends where a value was expected");
  room();
  switch (*p) {
    case '"': {
      const char* const start = ++p;
      uint32_t info = static_cast<uint32_t>(JsonKind::kString);
      p = scan::plain_end(p, end_);
      if (p == end_ || *p != '"') {
        p = string_rest(p, &info);
        if (p == nullptr) return error_;
      }
      tape[n] = {offset(start), static_cast<uint32_t>(p - start), n + 1, info};
      ++n;
      ++p;
      goto after_value;
    }
    case '{':
    case '[': {
      const bool object = *p == '{';
      if (depth == limits_.max_depth) {
        return fail(ParseCode::kTooDeep, p, "containers are nested deeper than the limit");
      }
      frame = &scratch_.frames[depth++];
      *frame = Frame{n, 0, false, {}};
      if (depth > deepest) deepest = depth;
      const JsonKind kind = object ? JsonKind::kObject : JsonKind::kArray;
      tape[n] = {offset(p), 0, 0, static_cast<uint32_t>(kind)};
      ++n;
      ++p;
      if (p < end_ && blank(p)) p = skip_space(p);
      if (p < end_ && *p == (object ? '}' : ']')) goto close;
      if (object) goto member;
      goto value;
    }
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': {
      const char* const start = p;
      uint32_t info = static_cast<uint32_t>(JsonKind::kNumber);
      p = number(p, &info);
      if (p == nullptr) return error_;
      tape[n] = {offset(start), static_cast<uint32_t>(p - start), n + 1, info};
      ++n;
      goto after_value;
    }
    case 't':
      if (end_ - p < 4 || std::memcmp(p, "true", 4) != 0) return fail_value(p);
      tape[n] = {offset(p), 4, n + 1, static_cast<uint32_t>(JsonKind::kTrue)};
      ++n;
      p += 4;
      goto after_value;
    case 'f':
      if (end_ - p < 5 || std::memcmp(p, "false", 5) != 0) return fail_value(p);
      tape[n] = {offset(p), 5, n + 1, static_cast<uint32_t>(JsonKind::kFalse)};
      ++n;
      p += 5;
      goto after_value;
    case 'n':
      if (end_ - p < 4 || std::memcmp(p, "null", 4) != 0) return fail_value(p);
      tape[n] = {offset(p), 4, n + 1, static_cast<uint32_t>(JsonKind::kNull)};
      ++n;
      p += 4;
      goto after_value;
    default:
      return fail_value(p);
  }

member : {
  if (p < end_ && blank(p)) p = skip_space(p);
  if (p == end_ || *p != '"') {
    return fail(ParseCode::kSyntax, p, "expected a member name in double quotes");
  }
  room();
  const char* const start = ++p;
  uint32_t info = static_cast<uint32_t>(JsonKind::kString) | TapeNode::kName;
  // Records resemble each other: the name at this place had this length last time.
  uint8_t& length = scratch_.lengths[(depth * 32 + (frame->count & 31)) % scratch_.lengths.size()];
  if (scan::plain_string_of(p, end_, length)) [[likely]] {
    p += length;
  } else {
    p = scan::plain_end(p, end_);
    if (p == end_ || *p != '"') {
      p = string_rest(p, &info);
      if (p == nullptr) return error_;
    }
    length = static_cast<uint8_t>(std::min<size_t>(static_cast<size_t>(p - start), 255));
  }
  const uint32_t distance = n - frame->node;
  if (distance <= TapeNode::kMaxCount) info |= distance << TapeNode::kCountShift;
  tape[n] = {offset(start), static_cast<uint32_t>(p - start), n + 1, info};
  const uint32_t bits = name_bits(start, static_cast<size_t>(p - start), end_);
  uint64_t& word = frame->seen[bits >> 6];
  const uint64_t bit = 1ULL << (bits & 63);
  // Nearly always a small object, and a name that no earlier one resembles.
  const bool look = (word & bit) != 0 || frame->count >= kWalkMembers || frame->escaped_names ||
                    (info & TapeNode::kEscaped) != 0;
  word |= bit;
  if (look && duplicate(*frame, n)) [[unlikely]] {
    return fail(ParseCode::kDuplicateKey, start - 1,
                "a member name that occurs twice in its object");
  }
  ++n;
  ++p;
  if (p < end_ && blank(p)) p = skip_space(p);
  if (p == end_ || *p != ':') {
    return fail(ParseCode::kSyntax, p, "expected ':' after a member name");
  }
  ++p;
  goto value;
}

after_value:
  if (depth == 0) goto done;
  if (++frame->count > TapeNode::kMaxCount) {
    return fail(ParseCode::kTooLarge, p, "a container has more than 16777215 children");
  }
  if (p < end_ && blank(p)) p = skip_space(p);
  if (p == end_) return fail(ParseCode::kSyntax, p, "the text ends inside an object or array");
  if ((tape[frame->node].info & TapeNode::kKindMask) == static_cast<uint32_t>(JsonKind::kObject)) {
    if (*p == ',') {
      ++p;
      goto member;
    }
    if (*p != '}') return fail(ParseCode::kSyntax, p, "expected ',' or '}' after a member");
  } else {
    if (*p == ',') {
      ++p;
      goto value;
    }
    if (*p != ']') return fail(ParseCode::kSyntax, p, "expected ',' or ']' after an element");
  }

close : {
  ++p;
  TapeNode& node = tape[frame->node];
  node.length = offset(p) - node.offset;
  node.next = n;
  node.info |= frame->count << TapeNode::kCountShift;
  --depth;
  frame = depth == 0 ? nullptr : frame - 1;
  goto after_value;
}

done:
  at_ = p;
  document_.size_ = n;
  document_.depth_ = deepest;
  document_.has_line_breaks_ = line_break_;
  return {};
}

ParseResult TapeParser::fail_value(const char* where) {
  return fail(ParseCode::kSyntax, where,
              "expected a value: object, array, string, number, true, false or null");
}

// Room for one more node after the first `used`.
void TapeParser::grow(uint32_t used) {
  const auto capacity = std::max<uint64_t>(256, uint64_t{document_.capacity_} * 2);
  auto larger = std::unique_ptr<TapeNode[]>(new TapeNode[capacity]);
  if (used > 0) std::memcpy(larger.get(), document_.tape_.get(), used * sizeof(TapeNode));
  document_.tape_ = std::move(larger);
  document_.capacity_ = static_cast<uint32_t>(capacity);
}

const char* TapeParser::skip_space(const char* p) {
  for (; p < end_ && space(*p); ++p) line_break_ |= *p == '\n' || *p == '\r';
  return p;
}

// Goes on where plain_end() stopped; answers the closing quote, or null with error_ set.
const char* TapeParser::string_rest(const char* p, uint32_t* flags) {
  for (;;) {
    if (p == end_) return string_error(ParseCode::kSyntax, p, "the text ends inside a string");
    const auto c = static_cast<unsigned char>(*p);
    if (c == '"') return p;
    if (c >= 0x80) {
      const size_t length = scan::utf8_sequence(p, end_);
      if (length == 0) return string_error(ParseCode::kEncoding, p, "not valid UTF-8");
      p += length;
      if (p < end_ && static_cast<unsigned char>(*p) >= 0x80) continue;
    } else if (c == '\\') {
      *flags |= TapeNode::kEscaped;
      p = escape(p);
      if (p == nullptr) return nullptr;
    } else {
      return string_error(ParseCode::kSyntax, p,
                          "a control character inside a string; write it as \\u00XX");
    }
    p = scan::plain_end(p, end_);
  }
}

// One escape at p; answers the byte after it, or null with error_ set.
const char* TapeParser::escape(const char* p) {
  if (end_ - p < 2) return string_error(ParseCode::kSyntax, end_, "the text ends inside a string");
  switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return p + 2;
    case 'u':
      break;
    default:
      return string_error(ParseCode::kSyntax, p, "unknown escape in a string");
  }
  const int unit = end_ - p >= 6 ? scan::hex4(p + 2) : -1;
  if (unit < 0) return string_error(ParseCode::kSyntax, p, "expected four hex digits after \\u");
  if (unit < 0xD800 || unit > 0xDFFF) return p + 6;
  const bool pair = unit < 0xDC00 && end_ - p >= 12 && p[6] == '\\' && p[7] == 'u';
  const int low = pair ? scan::hex4(p + 8) : -1;
  if (low < 0xDC00 || low > 0xDFFF) {
    return string_error(ParseCode::kEncoding, p, "a lone surrogate in a \\u escape");
  }
  return p + 12;
}

const char* TapeParser::string_error(ParseCode code, const char* where, const char* message) {
  error_ = fail(code, where, message);
  return nullptr;
}

// The grammar of RFC 8259 section 6, without converting; answers the byte after the number.
const char* TapeParser::number(const char* p, uint32_t* flags) {
  if (*p == '-') ++p;
  if (p == end_ || !scan::digit(*p)) {
    return string_error(ParseCode::kSyntax, p, "expected a digit after '-'");
  }
  if (*p == '0' && p + 1 < end_ && scan::digit(p[1])) {
    return string_error(ParseCode::kSyntax, p, "a number with a leading zero");
  }
  while (p < end_ && scan::digit(*p)) ++p;
  if (p == end_ || (*p != '.' && *p != 'e' && *p != 'E')) {
    *flags |= TapeNode::kInteger;
    return p;
  }
  if (*p == '.') {
    ++p;
    if (p == end_ || !scan::digit(*p)) {
      return string_error(ParseCode::kSyntax, p, "expected a digit after '.'");
    }
    while (p < end_ && scan::digit(*p)) ++p;
  }
  if (p < end_ && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p < end_ && (*p == '+' || *p == '-')) ++p;
    if (p == end_ || !scan::digit(*p)) {
      return string_error(ParseCode::kSyntax, p, "expected a digit in the exponent");
    }
    while (p < end_ && scan::digit(*p)) ++p;
  }
  return p;
}

// Is the member name at `name` (the newest node) already in the object of `frame`? A thorough look:
// the bits of an escaped name say nothing, so from the first of them on every name is looked up.
bool TapeParser::duplicate(Frame& frame, uint32_t name) {
  const TapeNode& node = document_.tape_[name];
  std::string_view text(begin_ + node.offset, node.length);
  if ((node.info & TapeNode::kEscaped) != 0) {
    frame.escaped_names = true;
    scratch_.arena.reset();
    text = decode_json_string(text, scratch_.arena);
  }
  if (frame.count < kWalkMembers) return walk_finds(frame, name, text);
  return set_finds(frame, name, text);
}

bool TapeParser::walk_finds(const Frame& frame, uint32_t name, std::string_view text) const {
  for (NodeIndex i = frame.node + 1; i < name; i = document_.tape_[i + 1].next) {
    if (document_.string_equals(i, text)) return true;
  }
  return false;
}

bool TapeParser::set_finds(const Frame& frame, uint32_t name, std::string_view text) {
  const auto same_as = [&](std::string_view wanted) {
    return [this, wanted](uint32_t other) { return document_.string_equals(other, wanted); };
  };
  if (frame.count == kWalkMembers) {  // the walk proved these to be unique
    for (NodeIndex i = frame.node + 1; i < name; i = document_.tape_[i + 1].next) {
      const std::string_view earlier = document_.string(i, scratch_.arena);
      scratch_.names.insert(frame.node, i, NameSet::hash(frame.node, earlier), same_as(earlier));
    }
  }
  return scratch_.names.insert(frame.node, name, NameSet::hash(frame.node, text), same_as(text));
}

}  // namespace sluice
