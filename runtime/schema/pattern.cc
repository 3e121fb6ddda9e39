// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "runtime/base/text.h"
#include "runtime/schema/formats_parts.h"
#include "runtime/schema/pattern_steps.h"

namespace sluice::schema {
namespace {

constexpr size_t kMaxPatternBytes = 64 * 1024;

// ECMA-262 white space and line ends, and everything else, as the inside of a class.
constexpr std::string_view kSpace =
    R"(\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff})";
constexpr std::string_view kNotSpace =
    R"(\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027})"
    R"(\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff})";
constexpr std::string_view kAnyButLineEnd = R"([^\n\r\x{2028}\x{2029}])";
constexpr std::string_view kAnything = R"([\x{0}-\x{10ffff}])";
constexpr std::string_view kNothing = R"([^\x{0}-\x{10ffff}])";

// RE2 knows general categories by their short names alone.
struct Category {
  std::string_view name;
  std::string_view abbreviation;
};
constexpr std::array kCategories = {
    Category{"Cased_Letter", "LC"},
    Category{"Close_Punctuation", "Pe"},
    Category{"Connector_Punctuation", "Pc"},
    Category{"Control", "Cc"},
    Category{"cntrl", "Cc"},
    Category{"Currency_Symbol", "Sc"},
    Category{"Dash_Punctuation", "Pd"},
    Category{"Decimal_Number", "Nd"},
    Category{"digit", "Nd"},
    Category{"Enclosing_Mark", "Me"},
    Category{"Final_Punctuation", "Pf"},
    Category{"Format", "Cf"},
    Category{"Initial_Punctuation", "Pi"},
    Category{"Letter", "L"},
    Category{"Letter_Number", "Nl"},
    Category{"Line_Separator", "Zl"},
    Category{"Lowercase_Letter", "Ll"},
    Category{"Mark", "M"},
    Category{"Combining_Mark", "M"},
    Category{"Math_Symbol", "Sm"},
    Category{"Modifier_Letter", "Lm"},
    Category{"Modifier_Symbol", "Sk"},
    Category{"Nonspacing_Mark", "Mn"},
    Category{"Number", "N"},
    Category{"Open_Punctuation", "Ps"},
    Category{"Other_Letter", "Lo"},
    Category{"Other_Number", "No"},
    Category{"Other_Punctuation", "Po"},
    Category{"Other_Symbol", "So"},
    Category{"Paragraph_Separator", "Zp"},
    Category{"Private_Use", "Co"},
    Category{"Punctuation", "P"},
    Category{"punct", "P"},
    Category{"Separator", "Z"},
    Category{"Space_Separator", "Zs"},
    Category{"Spacing_Mark", "Mc"},
    Category{"Symbol", "S"},
    Category{"Titlecase_Letter", "Lt"},
    Category{"Uppercase_Letter", "Lu"},
};

class Translator {
 public:
  explicit Translator(std::string_view in) : in_(in) {}

  Result<std::string> run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      Status status;
      if (c == '\\') {
        status = escape();
      } else if (c == '[') {
        status = open_class();
      } else if (c == ']') {
        // Alone it is a literal in both; inside, it ends the class.
        out_ += in_class_ ? "]" : "\\]";
        in_class_ = false;
        ++at_;
      } else if (!in_class_ && c == '(') {
        status = group();
      } else if (!in_class_ && c == '.') {
        out_ += kAnyButLineEnd;
        ++at_;
      } else {
        out_ += c;
        ++at_;
      }
      SLUICE_RETURN_IF_ERROR(status);
    }
    if (in_class_) return invalid("a '[' is never closed");
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return in_.substr(at_); }

  Status open_class() {
    if (in_class_) {
      out_ += "\\[";  // RE2 would look for [:name:] here
      ++at_;
    } else if (rest().starts_with("[^]")) {
      out_ += kAnything;
      at_ += 3;
    } else if (rest().starts_with("[]")) {
      out_ += kNothing;
      at_ += 2;
    } else {
      in_class_ = true;
      const bool negated = rest().starts_with("[^");
      out_ += negated ? "[^" : "[";
      at_ += negated ? 2 : 1;
    }
    return Status::ok();
  }

  static bool is_group_name(std::string_view name) {
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
    };
    return !name.empty() && (name.front() < '0' || name.front() > '9') &&
           std::all_of(name.begin(), name.end(), fits);
  }

  Status group() {
    if (!rest().starts_with("(?")) {
      out_ += "(?:";  // nobody asks for what a group captured
      ++at_;
      return Status::ok();
    }
    if (rest().starts_with("(?:")) {
      out_ += "(?:";
      at_ += 3;
      return Status::ok();
    }
    for (const std::string_view look : {"(?=", "(?!", "(?<=", "(?<!"}) {
      if (rest().starts_with(look)) {
        return invalid("look-around '" + std::string(look) +
                       "' cannot be matched in linear time; express it with several patterns in "
                       "allOf, anyOf or not");
      }
    }
    const size_t name_end = in_.find('>', at_);
    if (rest().starts_with("(?<") && name_end != std::string_view::npos) {
      if (!is_group_name(in_.substr(at_ + 3, name_end - at_ - 3))) {
        return invalid("'" + shorten(rest(), 16) + "' has no name that a group can have");
      }
      out_ += "(?:";
      at_ = name_end + 1;
      return Status::ok();
    }
    return invalid("'" + shorten(rest(), 8) + "' is not a group of ECMA-262");
  }

  void code_point(uint32_t code) {
    char text[16];
    std::snprintf(text, sizeof text, "\\x{%x}", code);
    out_ += text;
  }

  // Exactly `count` hex digits at `from`.
  [[nodiscard]] bool hex(size_t from, size_t count, uint32_t* value) const {
    if (from + count > in_.size()) return false;
    *value = 0;
    for (size_t i = from; i < from + count; ++i) {
      const char c = in_[i];
      uint32_t digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<uint32_t>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = static_cast<uint32_t>((c | 0x20) - 'a' + 10);
      } else {
        return false;
      }
      *value = *value * 16 + digit;
    }
    return true;
  }

  Status escape() {
    if (at_ + 1 >= in_.size()) return invalid("it ends in a lone '\\'");
    const char c = in_[at_ + 1];
    switch (c) {
      case 's':
      case 'S': {
        const std::string_view inside = c == 's' ? kSpace : kNotSpace;
        if (!in_class_) out_ += '[';
        out_ += inside;
        if (!in_class_) out_ += ']';
        at_ += 2;
        return Status::ok();
      }
      case 'u':
        return unicode_escape();
      case 'x':
        return hex_escape();
      case 'c':
        return control_escape();
      case 'p':
      case 'P':
        return property_escape();
      case 'b':
      case 'B':
        return boundary(c);
      case '0':
        if (at_ + 2 < in_.size() && in_[at_ + 2] >= '0' && in_[at_ + 2] <= '9') break;
        code_point(0);
        at_ += 2;
        return Status::ok();
      default:
        break;
    }
    if (c >= '0' && c <= '9') {
      return invalid(std::string("back reference or octal escape '\\") + c +
                     "' cannot be matched in linear time; write the alternatives out");
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    constexpr std::string_view kSame = "dDwWtnvfr";
    if (letter && kSame.find(c) == std::string_view::npos) {
      return invalid(std::string("'\\") + c + "' is not an escape of ECMA-262");
    }
    // RE2 knows no escaped underscore and nothing escaped outside ASCII; both are themselves.
    if (static_cast<unsigned char>(c) < 0x80 && c != '_') out_ += '\\';
    out_ += c;
    at_ += 2;
    return Status::ok();
  }

  Status unicode_escape() {
    uint32_t code = 0;
    if (at_ + 2 < in_.size() && in_[at_ + 2] == '{') {
      const size_t end = in_.find('}', at_);
      if (end == std::string_view::npos || end - at_ - 3 > 6 || end == at_ + 3 ||
          !hex(at_ + 3, end - at_ - 3, &code) || code > 0x10FFFF) {
        return invalid("'\\u{' needs a code point in hexadecimal and '}'");
      }
      at_ = end + 1;
    } else {
      if (!hex(at_ + 2, 4, &code)) return invalid("'\\u' needs four hexadecimal digits");
      at_ += 6;
      uint32_t low = 0;
      if (code >= 0xD800 && code < 0xDC00 && rest().starts_with("\\u") && hex(at_ + 2, 4, &low) &&
          low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
        at_ += 6;
      }
    }
    if (code >= 0xD800 && code < 0xE000) {
      return invalid("'\\u' of half a surrogate pair never matches a character; write the pair");
    }
    code_point(code);
    return Status::ok();
  }

  Status hex_escape() {
    uint32_t code = 0;
    if (!hex(at_ + 2, 2, &code)) return invalid("'\\x' needs two hexadecimal digits");
    code_point(code);
    at_ += 4;
    return Status::ok();
  }

  Status control_escape() {
    const char letter = at_ + 2 < in_.size() ? in_[at_ + 2] : '\0';
    if ((letter | 0x20) < 'a' || (letter | 0x20) > 'z') return invalid("'\\c' needs a letter");
    code_point(static_cast<uint32_t>(letter) % 32);
    at_ += 3;
    return Status::ok();
  }

  Status property_escape() {
    const size_t end = in_.find('}', at_);
    if (at_ + 2 >= in_.size() || in_[at_ + 2] != '{' || end == std::string_view::npos) {
      return invalid("'\\p' needs a property in braces, as in \\p{L}");
    }
    std::string_view name = in_.substr(at_ + 3, end - at_ - 3);
    for (const std::string_view prefix : {"Script=", "sc=", "General_Category=", "gc="}) {
      if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    for (const Category& category : kCategories) {
      if (name == category.name) name = category.abbreviation;
    }
    out_ += in_.substr(at_, 2);
    out_ += '{';
    out_ += name;
    out_ += '}';
    at_ = end + 1;
    return Status::ok();
  }

  Status boundary(char c) {
    if (in_class_ && c == 'B') return invalid("'\\B' has no meaning inside [ ]");
    out_ += in_class_ ? "\\x{8}" : (c == 'b' ? "\\b" : "\\B");
    at_ += 2;
    return Status::ok();
  }

  std::string_view in_;
  std::string out_;
  size_t at_ = 0;
  bool in_class_ = false;
};

class Re2Pattern final : public Pattern {
 public:
  Re2Pattern(std::string_view ecma, const std::string& text, const re2::RE2::Options& options)
      : re_(text, options), steps_(PatternSteps::parse(ecma)) {}
  [[nodiscard]] bool found_in(std::string_view text) const override {
    if (steps_) {
      const PatternSteps::Answer answer = steps_->match(text);
      if (answer != PatternSteps::Answer::kUnknown) return answer == PatternSteps::Answer::kYes;
    }
    return re_.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                     re2::RE2::UNANCHORED, nullptr, 0);
  }
  [[nodiscard]] uint64_t size() const override { return static_cast<uint64_t>(re_.ProgramSize()); }
  [[nodiscard]] const re2::RE2& re() const { return re_; }

 private:
  re2::RE2 re_;
  std::optional<PatternSteps> steps_;  // decides most texts, where there are some
};

}  // namespace

Result<std::string> translate_pattern(std::string_view ecma) { return Translator(ecma).run(); }

Result<std::unique_ptr<const Pattern>> compile_pattern(std::string_view ecma) {
  if (ecma.size() > kMaxPatternBytes) {
    return invalid("it has " + std::to_string(ecma.size()) + " bytes; at most " +
                   std::to_string(kMaxPatternBytes) + " are allowed");
  }
  SLUICE_ASSIGN_OR_RETURN(const std::string text, translate_pattern(ecma));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  auto compiled = std::make_unique<Re2Pattern>(ecma, text, options);
  if (!compiled->re().ok()) return invalid(compiled->re().error());
  // RE2 takes some that have no meaning there, such as a repeated '$'.
  if (!formats::regex(ecma)) {
    return invalid(
        "it is no regular expression of ECMA-262; look for repetitions of what cannot "
        "be repeated");
  }
  return std::unique_ptr<const Pattern>(std::move(compiled));
}

}  // namespace sluice::schema
