// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "runtime/record/parser.h"
#include "runtime/record/scan.h"

// The hot loop of the parser.
namespace sluice {
namespace {

inline const char* digits_end(const char* p, const char* end) {
  while (p < end && scan::digit(*p)) ++p;
  return p;
}

// The grammar of RFC 8259 section 6, without converting. Answers the byte after the number and sets
// kInteger, or null with *where and *message set.
inline const char* number_end(const char* p, const char* end, uint32_t* flags, const char** where,
                              const char** message) {
  const auto fail = [&](const char* at, const char* text) -> const char* {
    *where = at;
    *message = text;
    return nullptr;
  };
  if (*p == '-') ++p;
  const char* const first = p;
  p = digits_end(p, end);
  if (p == first) return fail(p, "expected a digit after '-'");
  if (*first == '0' && p - first > 1) return fail(first, "a number with a leading zero");
  if (p == end || (*p != '.' && (*p | 0x20) != 'e')) {
    *flags |= TapeNode::kInteger;
    return p;
  }
  if (*p == '.') {
    const char* const fraction = ++p;
    p = digits_end(p, end);
    if (p == fraction) return fail(p, "expected a digit after '.'");
    if (p == end || (*p | 0x20) != 'e') return p;
  }
  ++p;
  if (p < end && (*p == '+' || *p == '-')) ++p;
  const char* const exponent = p;
  p = digits_end(p, end);
  return p == exponent ? fail(p, "expected a digit in the exponent") : p;
}

}  // namespace

// The whole grammar as one loop over a stack of open containers: no recursion, one look at each
// byte. What changes stays in local variables (registers), members are touched on rare paths only;
// white space is looked for only where something else than the expected byte was met.
ParseResult TapeParser::values() {
  const char* const begin = begin_;
  const char* const end = end_;
  const char* p = at_;
  uint32_t n = 0;          // nodes so far
  uint32_t count = 0;      // children so far of the innermost open container
  bool object = false;     // that container is one
  Frame* frame = nullptr;  // and its frame; null when none is open
  uint32_t depth = 0;
  uint32_t deepest = 0;
  TapeNode* tape = document_.tape_.get();
  uint32_t capacity = document_.capacity_;
  const auto put = [&](const char* start, const char* stop, uint32_t info) {
    TapeNode& node = tape[n];
    node.offset = static_cast<uint32_t>(start - begin);
    node.length = static_cast<uint32_t>(stop - start);
    node.next = ++n;
    node.info = info;
  };
  const auto blank = [](const char* where) { return static_cast<unsigned char>(*where) <= 0x20; };
  const auto info_of = [](JsonKind kind) { return static_cast<uint32_t>(kind); };

value:
  if (n + 2 > capacity) [[unlikely]] {
    grow(n);
    tape = document_.tape_.get();
    capacity = document_.capacity_;
  }
value_again:
  if (p == end) return fail(ParseCode::kSyntax, p, "the text ends where a value was expected");
  if (*p == '"') {
    const char* const start = ++p;
    uint32_t info = info_of(JsonKind::kString);
    p = scan::plain_end(p, end);
    if (p == end || *p != '"') [[unlikely]] {
      p = string_rest(p, &info);
      if (p == nullptr) return error_;
    }
    put(start, p, info);
    ++p;
    goto after_value;
  }
  if (scan::digit(*p) || *p == '-') {
    const char* const start = p;
    uint32_t info = info_of(JsonKind::kNumber);
    const char* where = nullptr;
    const char* message = nullptr;
    p = number_end(p, end, &info, &where, &message);
    if (p == nullptr) return fail(ParseCode::kSyntax, where, message);
    put(start, p, info);
    goto after_value;
  }
  switch (*p) {
    case '{':
    case '[':
      if (depth == limits_.max_depth) {
        return fail(ParseCode::kTooDeep, p, "containers are nested deeper than the limit");
      }
      if (frame != nullptr) frame->count = count;
      object = *p == '{';
      frame = &scratch_.frames[depth];
      frame->node = n;
      frame->object = object;
      frame->learning = false;
      frame->thorough = false;
      frame->familiar = object && depth < kDepths;
      frame->usual = &scratch_.usual[depth % kDepths];
      count = 0;
      if (++depth > deepest) deepest = depth;
      put(p, p, info_of(object ? JsonKind::kObject : JsonKind::kArray));
      ++p;
      if (p < end && blank(p)) p = skip_space(p);
      if (p < end && *p == (object ? '}' : ']')) goto close;
      if (object) goto member;
      goto value;
    case 't':
      if (end - p < 4 || std::memcmp(p, "true", 4) != 0) return fail_value(p);
      put(p, p + 4, info_of(JsonKind::kTrue));
      p += 4;
      goto after_value;
    case 'f':
      if (end - p < 5 || std::memcmp(p, "false", 5) != 0) return fail_value(p);
      put(p, p + 5, info_of(JsonKind::kFalse));
      p += 5;
      goto after_value;
    case 'n':
      if (end - p < 4 || std::memcmp(p, "null", 4) != 0) return fail_value(p);
      put(p, p + 4, info_of(JsonKind::kNull));
      p += 4;
      goto after_value;
    case ' ':
    case '\t':
    case '\n':
    case '\r':
      p = skip_space(p);
      goto value_again;
    default:
      return fail_value(p);
  }

member : {
  if (n + 2 > capacity) [[unlikely]] {
    grow(n);
    tape = document_.tape_.get();
    capacity = document_.capacity_;
  }
  if (p == end || *p != '"') [[unlikely]] {
    p = skip_space(p);
    if (p == end || *p != '"') {
      return fail(ParseCode::kSyntax, p, "expected a member name in double quotes");
    }
  }
  ++p;
  const UsualNames& usual = *frame->usual;
  if (frame->familiar && count < usual.count && usual.names[count].is_at(p, end)) [[likely]] {
    const uint32_t distance = n - frame->node;
    put(p, p + usual.names[count].length,
        info_of(JsonKind::kString) | TapeNode::kName |
            (distance <= TapeNode::kMaxCount ? distance << TapeNode::kCountShift : 0));
    p += usual.names[count].length;
  } else if (unfamiliar_name(*frame, n, count, &p)) {
    ++n;
  } else {
    return error_;
  }
  ++p;
  if (p == end || *p != ':') [[unlikely]] {
    p = skip_space(p);
    if (p == end || *p != ':') {
      return fail(ParseCode::kSyntax, p, "expected ':' after a member name");
    }
  }
  ++p;
  goto value_again;
}

after_value:
  if (frame == nullptr) goto done;
  ++count;
  if (count >= kWalkMembers) [[unlikely]] {
    frame->thorough = true;
    if (count > TapeNode::kMaxCount) {
      return fail(ParseCode::kTooLarge, p, "a container has more than 16777215 children");
    }
  }
after_again:
  if (p == end) return fail(ParseCode::kSyntax, p, "the text ends inside an object or array");
  if (*p == ',') {
    ++p;
    if (object) goto member;
    goto value;
  }
  if (*p == (object ? '}' : ']')) goto close;
  if (blank(p)) {
    const char* const behind = skip_space(p);
    if (behind != p) {
      p = behind;
      goto after_again;
    }
  }
  return fail(
      ParseCode::kSyntax, p,
      object ? "expected ',' or '}' after a member" : "expected ',' or ']' after an element");

close : {
  ++p;
  TapeNode& node = tape[frame->node];
  node.length = static_cast<uint32_t>(p - begin) - node.offset;
  node.next = n;
  node.info |= count << TapeNode::kCountShift;
  if (--depth == 0) {
    frame = nullptr;
    goto done;
  }
  --frame;
  count = frame->count;
  object = frame->object;
  goto after_value;
}

done:
  at_ = p;
  document_.size_ = n;
  document_.depth_ = deepest;
  document_.has_line_breaks_ = line_break_;
  return {};
}

}  // namespace sluice
