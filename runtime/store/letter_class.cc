// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/letter_class.h"

#include <algorithm>

#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/store/dead_letter.h"

namespace sluice {
namespace {

constexpr size_t kMostPath = 200;
constexpr size_t kMostShape = 240;
constexpr size_t kDots = 3;          // that shorten() adds
constexpr size_t kMostRead = 2048;   // of a message
constexpr size_t kShortestId = 8;    // letters and digits that make an id
constexpr size_t kLongestName = 40;  // of a member, in quotes

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_digit(c) || is_letter(c) || c == '_'; }

// A number, or something that only a machine would have written: letters and digits mixed, long.
bool looks_like_id(std::string_view word) {
  size_t digits = 0;
  bool letters = false;
  for (const char c : word) {
    if (is_digit(c)) {
      ++digits;
    } else if (is_letter(c)) {
      letters = true;
    } else if (c != '-' && c != '_' && c != '.' && c != ':' && c != '+') {
      return false;
    }
  }
  if (digits == 0) return false;
  return !letters || (word.size() >= kShortestId && digits * 4 >= word.size());
}

// A name that a schema or a script could have written.
bool looks_like_name(std::string_view text) {
  if (text.empty() || text.size() > kLongestName || is_digit(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_word(c) || c == '/'; }) &&
         !looks_like_id(text);
}

class ShapeWriter {
 public:
  explicit ShapeWriter(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size() && out_.size() < kMostShape) {
      // Of several failures the first says enough; the rest would make a group of every mixture.
      if (text_.substr(at_).starts_with("; ")) break;
      if (text_[at_] == '"' || text_[at_] == '\'') {
        quoted();
      } else if (is_word(text_[at_])) {
        word();
      } else {
        out_ += text_[at_++];
      }
    }
    return shorten(out_, kMostShape - kDots);
  }

 private:
  // In quotes: what a record held is left out; what a schema or script names stays.
  void quoted() {
    const char quote = text_[at_];
    const bool opens = quote == '"' || at_ == 0 || !is_word(text_[at_ - 1]);
    const size_t end = opens ? closing(quote) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out_ += text_[at_++];
      return;
    }
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    const bool keep = expecting_ || (!found_ && looks_like_name(inside));
    out_ += quote;
    out_.append(keep ? inside : std::string_view("*"));
    out_ += quote;
    at_ = end + 1;
  }

  [[nodiscard]] size_t closing(char quote) const {
    for (size_t at = at_ + 1; at < text_.size(); ++at) {
      if (text_[at] == '\\' && quote == '"') {
        ++at;
      } else if (text_[at] == quote && (at + 1 == text_.size() || !is_word(text_[at + 1]))) {
        return at;
      }
    }
    return std::string_view::npos;
  }

  void word() {
    size_t end = at_;
    while (end < text_.size() && in_word(end)) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    // "expected at least 3, found number 1": the first number is the schema's, the second is not.
    if (word == "expected") expecting_ = true;
    if (word == "found") {
      expecting_ = false;
      found_ = true;
    }
    // A line of a script is part of what went wrong.
    const bool line = out_.ends_with(".lua:");
    out_.append(!expecting_ && !line && looks_like_id(word) ? std::string_view("#") : word);
    at_ = end;
  }

  // Words take in what holds ids and numbers together, when more of the word follows.
  [[nodiscard]] bool in_word(size_t at) const {
    if (is_word(text_[at])) return true;
    const char c = text_[at];
    return (c == '-' || c == '.' || c == ':') && at + 1 < text_.size() && is_digit(text_[at + 1]) &&
           at > at_ && (is_digit(text_[at - 1]) || c == '-');
  }

  const std::string_view text_;
  size_t at_ = 0;
  bool expecting_ = false;  // between "expected" and "found"
  bool found_ = false;      // behind it
  std::string out_;
};

}  // namespace

std::string letter_path(std::string_view pointer) {
  std::string out;
  while (!pointer.empty() && out.size() < kMostPath) {
    const size_t end = std::min(pointer.find('/', 1), pointer.size());
    const std::string_view step = pointer.substr(pointer.front() == '/' ? 1 : 0, end - 1);
    out += '/';
    out.append(looks_like_id(step) ? std::string_view("*") : step);
    pointer.remove_prefix(end);
  }
  return shorten(out, kMostPath - kDots);
}

std::string letter_shape(std::string_view detail) {
  return ShapeWriter(detail.substr(0, kMostRead)).run();
}

std::string letter_group(std::string_view pipeline, std::string_view reason, std::string_view stage,
                         std::string_view sink, std::string_view path, std::string_view shape) {
  std::string text;
  for (const std::string_view part : {pipeline, reason, stage, sink, path, shape}) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
  }
  return sha256_hex(text).substr(0, 12);
}

LetterClass class_of(const DeadLetter& letter) {
  LetterClass out;
  out.tenant = letter.tenant;
  out.pipeline = letter.pipeline;
  out.source = letter.source;
  out.reason = letter.reason;
  out.stage = letter.stage;
  out.sink = letter.sink;
  out.path = letter_path(letter.pointer);
  out.shape = letter_shape(letter.detail);
  out.schema_version = letter.schema_version;
  out.script_hash = letter.script_hash;
  out.bundle_hash = letter.bundle_hash;
  out.group = letter_group(out.pipeline, out.reason, out.stage, out.sink, out.path, out.shape);
  return out;
}

}  // namespace sluice
