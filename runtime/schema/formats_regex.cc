// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "runtime/schema/formats_parts.h"

// Is a text a regular expression of ECMA-262? Its grammar alone, in one pass: a value may hold
// look-around and back references that `pattern` could not run. Where the grammar has a strict
// (Unicode) and a lax reading, an escaped letter must mean something, and brackets that close
// nothing are characters.
namespace sluice::schema::formats {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool read() {
    while (!text_.empty()) {
      if (!term()) return false;
    }
    return depth_ == 0;
  }

 private:
  bool term() {
    const char c = text_.front();
    if (c == '(') return open_group();
    if (c == ')') {
      text_.remove_prefix(1);
      repeatable_ = true;
      return depth_-- > 0;
    }
    if (c == '*' || c == '+' || c == '?') return quantifier(1);
    if (c == '{') {
      const size_t length = braces();
      if (length > 0) return length != SIZE_MAX && quantifier(length);
    }
    repeatable_ = c != '^' && c != '$' && c != '|';
    if (c == '[') return character_class();
    if (c == '\\') return escape(false);
    text_.remove_prefix(1);
    return true;
  }

  bool quantifier(size_t length) {
    if (!repeatable_) return false;
    text_.remove_prefix(length);
    take(text_, '?');  // the lazy form
    repeatable_ = false;
    return true;
  }

  // Length of "{2}", "{2,}" or "{2,3}" at the front; 0 if it is none; SIZE_MAX if 3 < 2.
  [[nodiscard]] size_t braces() const {
    std::string_view rest = text_.substr(1);
    const auto number = [&rest](uint64_t* value) {
      const std::string_view from = rest;
      const size_t digits = skip_digits(rest);
      *value = 0;
      for (const char c : from.substr(0, digits)) {
        if (*value < UINT32_MAX) *value = *value * 10 + static_cast<uint64_t>(c - '0');
      }
      return digits > 0;
    };
    uint64_t least = 0;
    uint64_t most = UINT64_MAX;
    if (!number(&least)) return 0;
    if (take(rest, ',')) {
      if (!number(&most)) most = UINT64_MAX;
    } else {
      most = least;
    }
    if (!take(rest, '}')) return 0;
    return most < least ? SIZE_MAX : text_.size() - rest.size();
  }

  bool open_group() {
    text_.remove_prefix(1);
    ++depth_;
    repeatable_ = false;
    if (!take(text_, '?')) return true;
    for (const std::string_view kind : {":", "=", "!", "<=", "<!"}) {
      if (!text_.starts_with(kind)) continue;
      text_.remove_prefix(kind.size());
      return true;
    }
    return take(text_, '<') && name();
  }

  // "name>" of a group.
  bool name() {
    size_t length = 0;
    while (!text_.empty() && (is_alnum(text_.front()) || is_one_of(text_.front(), "_$") ||
                              !is_ascii(text_.front()))) {
      if (length == 0 && is_digit(text_.front())) return false;
      text_.remove_prefix(1);
      ++length;
    }
    return length > 0 && take(text_, '>');
  }

  bool hex(size_t count) {
    for (; count > 0; --count) {
      if (text_.empty() || !is_hex(text_.front())) return false;
      text_.remove_prefix(1);
    }
    return true;
  }

  bool in_braces() {
    const size_t end = text_.find('}');
    if (!take(text_, '{') || end == std::string_view::npos || end < 2) return false;
    text_.remove_prefix(end);
    return true;
  }

  bool escape(bool in_class) {
    text_.remove_prefix(1);
    if (text_.empty()) return false;
    const char c = text_.front();
    text_.remove_prefix(1);
    if (!is_alnum(c)) return true;
    switch (c) {
      case 'x':
        return hex(2);
      case 'u':
        return text_.starts_with('{') ? in_braces() : hex(4);
      case 'c':
        if (text_.empty() || !is_alpha(text_.front())) return false;
        text_.remove_prefix(1);
        return true;
      case 'p':
      case 'P':
        return in_braces();
      case 'k':
        return !in_class && take(text_, '<') && name();
      default:
        break;
    }
    if (in_class && c == 'B') return false;
    if (!in_class && (c == 'b' || c == 'B')) repeatable_ = false;
    return is_digit(c) || is_one_of(c, "dDwWsSbBfnrtv");
  }

  // One character of a class and its value; -1 for a set such as \d.
  bool class_atom(int64_t* value) {
    *value = -1;
    if (text_.front() == '\\') {
      const bool itself = text_.size() > 1 && !is_alnum(text_[1]) && is_ascii(text_[1]);
      if (itself) *value = static_cast<unsigned char>(text_[1]);
      return escape(true);
    }
    *value = take_code_point(text_);
    return true;
  }

  bool character_class() {
    text_.remove_prefix(1);
    take(text_, '^');
    while (!text_.empty() && text_.front() != ']') {
      int64_t low = 0;
      if (!class_atom(&low)) return false;
      if (text_.size() < 2 || text_[0] != '-' || text_[1] == ']') continue;
      text_.remove_prefix(1);
      int64_t high = 0;
      if (!class_atom(&high) || (low >= 0 && high >= 0 && high < low)) return false;
    }
    return take(text_, ']');
  }

  std::string_view text_;
  size_t depth_ = 0;
  bool repeatable_ = false;  // what stands before may be repeated
};

}  // namespace

bool regex(std::string_view text) { return Reader(text).read(); }

}  // namespace sluice::schema::formats
