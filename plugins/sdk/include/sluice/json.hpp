// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

// A reader for configuration: small, strict, without dependency. Not meant for records.
namespace sluice {
inline namespace sdk {
namespace detail {

enum class JsonKind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

// A value: where its text lies, and its place among its siblings. Index 0 is the root, so 0 as a
// link means "none".
struct JsonNode {
  JsonKind kind = JsonKind::kNull;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint32_t first = 0;
  std::uint32_t next = 0;
  std::string key;

  [[nodiscard]] std::string_view slice(std::string_view text) const {
    return text.substr(begin, end - begin);
  }
};

inline void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

inline std::optional<std::uint32_t> hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  std::uint32_t code = 0;
  const char* end = text.data() + at + 4;
  const auto [last, error] = std::from_chars(text.data() + at, end, code, 16);
  if (error != std::errc() || last != end) return std::nullopt;
  return code;
}

// Decodes a string slice with its quotes; the reader has checked its form.
inline std::string json_string(std::string_view slice) {
  std::string out;
  for (std::size_t i = 1; i + 1 < slice.size(); ++i) {
    if (slice[i] != '\\') {
      out += slice[i];
      continue;
    }
    switch (const char c = slice[++i]; c) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        std::uint32_t code = hex4(slice, i + 1).value_or(0xFFFD);
        i += 4;
        const auto low = code >= 0xD800 && code < 0xDC00 && i + 2 < slice.size() &&
                                 slice[i + 1] == '\\' && slice[i + 2] == 'u'
                             ? hex4(slice, i + 3)
                             : std::nullopt;
        if (low && *low >= 0xDC00 && *low < 0xE000) {
          code = 0x10000 + ((code - 0xD800) << 10) + (*low - 0xDC00);
          i += 6;
        } else if (code >= 0xD800 && code < 0xE000) {
          code = 0xFFFD;
        }
        append_utf8(out, code);
        break;
      }
      default:
        out += c;
    }
  }
  return out;
}

class JsonReader {
 public:
  JsonReader(std::string_view text, std::vector<JsonNode>& nodes) : text_(text), nodes_(nodes) {}

  // nullptr, or what is wrong.
  const char* read() {
    nodes_.clear();
    nodes_.emplace_back();
    if (!value(0, 0)) return problem_;
    space();
    return at_ == text_.size() ? nullptr : "there is text after the value";
  }

 private:
  static constexpr int kMaxDepth = 64;

  bool fail(const char* problem) {
    problem_ = problem;
    return false;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void space() {
    while (at_ < text_.size() &&
           (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r'))
      ++at_;
  }

  bool value(std::uint32_t node, int depth) {
    if (depth > kMaxDepth) return fail("it is nested deeper than 64");
    space();
    nodes_[node].begin = at_;
    bool good = false;
    switch (peek()) {
      case '{':
        good = container(node, depth, JsonKind::kObject, '}');
        break;
      case '[':
        good = container(node, depth, JsonKind::kArray, ']');
        break;
      case '"':
        nodes_[node].kind = JsonKind::kString;
        good = string();
        break;
      case 't':
        good = word(node, JsonKind::kBool, "true");
        break;
      case 'f':
        good = word(node, JsonKind::kBool, "false");
        break;
      case 'n':
        good = word(node, JsonKind::kNull, "null");
        break;
      default:
        nodes_[node].kind = JsonKind::kNumber;
        good = number();
    }
    nodes_[node].end = at_;
    return good;
  }

  bool word(std::uint32_t node, JsonKind kind, std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return fail("a value was expected");
    nodes_[node].kind = kind;
    at_ += expected.size();
    return true;
  }

  bool digits() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > start;
  }
  bool number() {
    if (peek() == '-') ++at_;
    const bool zero = peek() == '0';
    const std::size_t start = at_;
    if (!digits()) return fail("a value was expected");
    if (zero && at_ - start > 1) return fail("a number starts with 0");
    if (peek() == '.') {
      ++at_;
      if (!digits()) return fail("a number ends with a point");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) return fail("a number has no exponent after e");
    }
    return true;
  }

  bool string() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (peek() == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(peek()) < 0x20)
        return fail("a string holds a control character");
      if (peek() != '\\') continue;
      ++at_;
      if (peek() == 'u') {
        if (!hex4(text_, at_ + 1)) return fail("a string holds a bad \\u escape");
        at_ += 4;
      } else if (std::string_view("\"\\/bfnrt").find(peek()) == std::string_view::npos ||
                 at_ >= text_.size()) {
        return fail("a string holds an unknown escape");
      }
    }
    return fail("a string has no end");
  }

  bool container(std::uint32_t node, int depth, JsonKind kind, char close) {
    nodes_[node].kind = kind;
    ++at_;
    space();
    if (peek() == close) {
      ++at_;
      return true;
    }
    std::uint32_t last = 0;
    for (;;) {
      const auto child = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
      if (kind == JsonKind::kObject && !key(child)) return false;
      if (!value(child, depth + 1)) return false;
      (last == 0 ? nodes_[node].first : nodes_[last].next) = child;
      last = child;
      space();
      if (peek() == close) {
        ++at_;
        return true;
      }
      if (peek() != ',') return fail("a comma or the end of a list or object was expected");
      ++at_;
    }
  }

  bool key(std::uint32_t child) {
    space();
    const std::size_t start = at_;
    if (peek() != '"') return fail("a member name was expected");
    if (!string()) return false;
    nodes_[child].key = json_string(text_.substr(start, at_ - start));
    space();
    if (peek() != ':') return fail("a colon was expected");
    ++at_;
    return true;
  }

  std::string_view text_;
  std::vector<JsonNode>& nodes_;
  std::size_t at_ = 0;
  const char* problem_ = nullptr;
};

inline const JsonNode* json_find(const std::vector<JsonNode>& nodes, std::string_view pointer) {
  std::uint32_t node = 0;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::string_view raw = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(raw.size());
    std::string token;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const bool escape = raw[i] == '~' && i + 1 < raw.size();
      if (escape) ++i;
      token += escape ? (raw[i] == '1' ? '/' : '~') : raw[i];
    }
    std::uint32_t child = nodes[node].first;
    if (nodes[node].kind == JsonKind::kObject) {
      while (child != 0 && nodes[child].key != token) child = nodes[child].next;
    } else {
      std::size_t index = 0;
      const char* end = token.data() + token.size();
      const auto [last, error] = std::from_chars(token.data(), end, index);
      if (error != std::errc() || last != end) return nullptr;
      for (; child != 0 && index > 0; --index) child = nodes[child].next;
    }
    if (child == 0) return nullptr;
    node = child;
  }
  return &nodes[node];
}

inline std::optional<double> plain_double(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || last != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

// The nearest double; infinite when the number is out of range.
inline double json_double(std::string_view slice) {
  return plain_double(slice).value_or(slice.front() == '-' ? -HUGE_VAL : HUGE_VAL);
}

inline std::optional<std::int64_t> json_integer(std::string_view slice) {
  std::int64_t value = 0;
  const char* end = slice.data() + slice.size();
  const auto [last, error] = std::from_chars(slice.data(), end, value);
  if (error == std::errc() && last == end) return value;
  const auto wide = plain_double(slice);
  if (!wide || std::trunc(*wide) != *wide || std::abs(*wide) > 9007199254740992.0) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*wide);
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// A whole or decimal number with a unit, as whole base units; nothing if it is malformed, negative
// or too large.
inline std::optional<std::int64_t> parse_quantity(std::string_view text, const Unit* units,
                                                  std::size_t count) {
  const std::size_t split = text.find_first_not_of("0123456789.");
  const std::string_view name = split == std::string_view::npos ? "" : text.substr(split);
  const auto value = plain_double(text.substr(0, split));
  if (!value) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    if (units[i].name != name) continue;
    const double total = std::round(*value * static_cast<double>(units[i].factor));
    if (total > 9.0e18) return std::nullopt;
    return static_cast<std::int64_t>(total);
  }
  if (name.empty() && *value == 0) return 0;
  return std::nullopt;
}

}  // namespace detail
}  // namespace sdk
}  // namespace sluice
