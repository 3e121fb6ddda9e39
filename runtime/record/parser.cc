// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/parser.h"

#include <algorithm>
#include <cstring>

#include "runtime/record/scan.h"

namespace sluice {
namespace {

constexpr uint64_t kMaxText = (1ULL << 31) - 1;

bool space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

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

}  // namespace sluice
