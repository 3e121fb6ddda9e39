// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/document.h"

#include <cstring>

#include "runtime/record/arena.h"
#include "runtime/record/parser.h"
#include "runtime/record/scan.h"

namespace sluice {
namespace {

// Writes the UTF-8 form of a code point; answers the byte after it.
char* put_utf8(char* to, uint32_t c) {
  if (c < 0x80) {
    *to++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *to++ = static_cast<char>(0xC0 | (c >> 6));
    *to++ = static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *to++ = static_cast<char>(0xE0 | (c >> 12));
    *to++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *to++ = static_cast<char>(0x80 | (c & 0x3F));
  } else {
    *to++ = static_cast<char>(0xF0 | (c >> 18));
    *to++ = static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    *to++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *to++ = static_cast<char>(0x80 | (c & 0x3F));
  }
  return to;
}

// Decodes the escape at `p` (checked by a parse) to `to`, at most 4 bytes; both move on.
void decode_escape(const char*& p, char*& to) {
  const char kind = p[1];
  p += 2;
  switch (kind) {
    case 'b':
      *to++ = '\b';
      return;
    case 'f':
      *to++ = '\f';
      return;
    case 'n':
      *to++ = '\n';
      return;
    case 'r':
      *to++ = '\r';
      return;
    case 't':
      *to++ = '\t';
      return;
    case 'u':
      break;
    default:
      *to++ = kind;
      return;
  }
  auto code = static_cast<uint32_t>(scan::hex4(p));
  p += 4;
  if (code >= 0xD800 && code <= 0xDBFF) {
    const auto low = static_cast<uint32_t>(scan::hex4(p + 2));
    p += 6;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  to = put_utf8(to, code);
}

bool escaped_equals(std::string_view escaped, std::string_view other) {
  if (other.size() > escaped.size()) return false;  // decoding only shortens
  const char* p = escaped.data();
  const char* const end = p + escaped.size();
  const char* q = other.data();
  const char* const other_end = q + other.size();
  while (p < end) {
    char decoded[4];
    char* to = decoded;
    if (*p == '\\') {
      decode_escape(p, to);
    } else {
      *to++ = *p++;
    }
    const auto n = static_cast<size_t>(to - decoded);
    if (static_cast<size_t>(other_end - q) < n || std::memcmp(q, decoded, n) != 0) return false;
    q += n;
  }
  return q == other_end;
}

}  // namespace

Document::Document() = default;
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

ParseResult Document::parse(std::string_view text, const ParseLimits& limits) {
  if (!scratch_) scratch_ = std::make_unique<Scratch>();
  text_ = text;
  size_ = 0;
  depth_ = 0;
  has_line_breaks_ = false;
  return TapeParser(*this, text, limits).parse();
}

std::string_view Document::json(NodeIndex i) const {
  const TapeNode& node = tape_[i];
  if (kind(i) != JsonKind::kString) return {text_.data() + node.offset, node.length};
  return {text_.data() + node.offset - 1, size_t{node.length} + 2};
}

NodeIndex Document::find(NodeIndex object, std::string_view name) const {
  if (kind(object) != JsonKind::kObject) return kNoNode;
  const NodeIndex end = tape_[object].next;
  for (NodeIndex i = object + 1; i < end; i = tape_[i + 1].next) {
    if (string_equals(i, name)) return i + 1;
  }
  return kNoNode;
}

bool Document::string_equals(NodeIndex i, std::string_view other) const {
  const TapeNode& node = tape_[i];
  if ((node.info & TapeNode::kEscaped) == 0) {
    return node.length == other.size() &&
           scan::same_bytes(text_.data() + node.offset, other.data(), other.size());
  }
  return escaped_equals(slice(i), other);
}

std::string_view Document::string(NodeIndex i, Arena& arena) const {
  if ((tape_[i].info & TapeNode::kEscaped) == 0) return slice(i);
  return decode_json_string(slice(i), arena);
}

std::string_view decode_json_string(std::string_view escaped, Arena& arena) {
  if (escaped.empty()) return {"", 0};
  char* const start = arena.reserve(escaped.size());  // decoding only shortens
  char* to = start;
  const char* p = escaped.data();
  const char* const end = p + escaped.size();
  while (p < end) {
    const auto* next = static_cast<const char*>(std::memchr(p, '\\', static_cast<size_t>(end - p)));
    if (next == nullptr) next = end;
    const auto run = static_cast<size_t>(next - p);
    std::memcpy(to, p, run);
    to += run;
    p = next;
    if (p < end) decode_escape(p, to);
  }
  const auto size = static_cast<size_t>(to - start);
  arena.commit(size);
  return {start, size};
}

}  // namespace sluice
