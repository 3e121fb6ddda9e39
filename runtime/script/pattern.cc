// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/pattern.h"

#include <lua.hpp>

#include <cctype>
#include <cstring>

#include "runtime/script/state.h"

namespace sluice::script {
namespace {

constexpr int kDeepest = 200;  // nested items; each costs a frame of the C++ stack
constexpr char kEscape = '%';

unsigned char byte(char c) { return static_cast<unsigned char>(c); }

bool in_class(unsigned char c, char name) {
  bool member = false;
  switch (name | 0x20) {
    case 'a':
      member = std::isalpha(c) != 0;
      break;
    case 'c':
      member = std::iscntrl(c) != 0;
      break;
    case 'd':
      member = std::isdigit(c) != 0;
      break;
    case 'g':
      member = std::isgraph(c) != 0;
      break;
    case 'l':
      member = std::islower(c) != 0;
      break;
    case 'p':
      member = std::ispunct(c) != 0;
      break;
    case 's':
      member = std::isspace(c) != 0;
      break;
    case 'u':
      member = std::isupper(c) != 0;
      break;
    case 'w':
      member = std::isalnum(c) != 0;
      break;
    case 'x':
      member = std::isxdigit(c) != 0;
      break;
    default:
      return byte(name) == c;  // an escaped character stands for itself
  }
  return std::isupper(byte(name)) != 0 ? !member : member;
}

// Is c in the set [...] whose '[' is at p and whose ']' is at last?
bool in_set(unsigned char c, const char* p, const char* last) {
  bool found = true;
  if (p[1] == '^') {
    found = false;
    ++p;
  }
  for (++p; p < last; ++p) {
    if (*p == kEscape) {
      ++p;
      if (in_class(c, *p)) return found;
    } else if (p + 2 < last && p[1] == '-') {
      if (byte(p[0]) <= c && c <= byte(p[2])) return found;
      p += 2;
    } else if (byte(*p) == c) {
      return found;
    }
  }
  return !found;
}

}  // namespace

Pattern::Pattern(lua_State* L, Guard& guard, std::string_view text, std::string_view pattern)
    : L_(L),
      guard_(guard),
      begin_(text.data()),
      end_(text.data() + text.size()),
      pattern_(pattern.data()),
      pattern_end_(pattern.data() + pattern.size()) {}

const char* Pattern::match_at(const char* at) {
  level_ = 0;
  depth_ = 0;
  return match(at, pattern_);
}

void Pattern::step() { guard_.spend(5); }

// The byte after the single-character item at p.
const char* Pattern::item_end(const char* p) const {
  if (*p == kEscape) {
    if (p + 1 == pattern_end_) raise_error(L_, "malformed pattern (ends with '%')");
    return p + 2;
  }
  if (*p++ != '[') return p;
  const char* const first = p;
  if (p < pattern_end_ && *p == '^') ++p;
  do {  // the first character may be a ']' that belongs to the set
    if (p == pattern_end_) raise_error(L_, "malformed pattern (missing ']')");
    if (*p++ == kEscape) {
      if (p == pattern_end_) raise_error(L_, "malformed pattern (missing ']')");
      ++p;
    }
  } while (p == pattern_end_ || *p != ']');
  guard_.spend(static_cast<uint64_t>(p - first));
  return p + 1;
}

bool Pattern::single(const char* s, const char* p, const char* item_end) const {
  if (s >= end_) return false;
  switch (*p) {
    case '.':
      return true;
    case kEscape:
      return in_class(byte(*s), p[1]);
    case '[':
      guard_.spend(static_cast<uint64_t>(item_end - p));
      return in_set(byte(*s), p, item_end - 1);
    default:
      return *p == *s;
  }
}

const char* Pattern::match(const char* s, const char* p) {
  if (++depth_ > kDeepest) raise_error(L_, "pattern too complex");
  const char* result = s;
  for (;;) {
    step();
    if (p == pattern_end_) {
      result = s;
      break;
    }
    if (*p == '(') {
      const bool position = p + 1 < pattern_end_ && p[1] == ')';
      result = position ? start_capture(s, p + 2, kPosition) : start_capture(s, p + 1, kOpen);
      break;
    }
    if (*p == ')') {
      result = end_capture(s, p + 1);
      break;
    }
    if (*p == '$' && p + 1 == pattern_end_) {
      result = s == end_ ? s : nullptr;
      break;
    }
    bool done = false;
    const char* next = nullptr;
    const char* const item = *p == kEscape && p + 1 < pattern_end_ &&
                                     (p[1] == 'b' || p[1] == 'f' || std::isdigit(byte(p[1])) != 0)
                                 ? p + 2
                                 : item_end(p);
    s = match_item(s, p, item, &done, &next);
    if (done) {
      result = s;
      break;
    }
    p = next;
  }
  --depth_;
  return result;
}

// One item with its suffix. Either the match of all the rest (done), or the place in the text from
// which the caller goes on with *next.
const char* Pattern::match_item(const char* s, const char* p, const char* item, bool* done,
                                const char** next) {
  *next = item;
  if (*p == kEscape && item == p + 2) {
    if (p[1] == 'b') {
      s = match_balance(s, item);
      *next = item + 2;
      *done = s == nullptr;
      return s;
    }
    if (p[1] == 'f') {
      if (item == pattern_end_ || *item != '[')
        raise_error(L_, "missing '[' after '%f' in pattern");
      const char* const set_end = item_end(item);
      guard_.spend(2 * static_cast<uint64_t>(set_end - item));
      const char before = s == begin_ ? '\0' : s[-1];
      const char here = s == end_ ? '\0' : *s;
      const bool border =
          !in_set(byte(before), item, set_end - 1) && in_set(byte(here), item, set_end - 1);
      *next = set_end;
      *done = !border;
      return border ? s : nullptr;
    }
    if (std::isdigit(byte(p[1])) != 0) {
      s = match_capture(s, p[1]);
      *done = s == nullptr;
      return s;
    }
  }
  const char suffix = item < pattern_end_ ? *item : '\0';
  switch (suffix) {
    case '?':
      if (single(s, p, item)) {
        if (const char* const rest = match(s + 1, item + 1)) {
          *done = true;
          return rest;
        }
      }
      *next = item + 1;
      return s;
    case '+':
      *done = true;
      return single(s, p, item) ? expand_most(s + 1, p, item) : nullptr;
    case '*':
      *done = true;
      return expand_most(s, p, item);
    case '-':
      *done = true;
      return expand_least(s, p, item);
    default:
      if (single(s, p, item)) return s + 1;
      *done = true;
      return nullptr;
  }
}

const char* Pattern::expand_most(const char* s, const char* p, const char* item) {
  std::ptrdiff_t count = 0;
  for (; single(s + count, p, item); ++count) step();
  for (; count >= 0; --count) {
    if (const char* const rest = match(s + count, item + 1)) return rest;
  }
  return nullptr;
}

const char* Pattern::expand_least(const char* s, const char* p, const char* item) {
  for (;;) {
    if (const char* const rest = match(s, item + 1)) return rest;
    if (!single(s, p, item)) return nullptr;
    ++s;
  }
}

const char* Pattern::start_capture(const char* s, const char* p, std::ptrdiff_t what) {
  if (level_ >= kMaxCaptures) raise_error(L_, "too many captures");
  captures_[static_cast<size_t>(level_)] = {s, what};
  ++level_;
  const char* const rest = match(s, p);
  if (rest == nullptr) --level_;
  return rest;
}

const char* Pattern::end_capture(const char* s, const char* p) {
  int open = level_ - 1;
  while (open >= 0 && captures_[static_cast<size_t>(open)].length != kOpen) --open;
  if (open < 0) raise_error(L_, "invalid pattern capture");
  Capture& capture = captures_[static_cast<size_t>(open)];
  capture.length = s - capture.start;
  const char* const rest = match(s, p);
  if (rest == nullptr) capture.length = kOpen;
  return rest;
}

const char* Pattern::match_balance(const char* s, const char* p) const {
  if (pattern_end_ - p < 2) raise_error(L_, "malformed pattern (missing arguments to '%b')");
  if (s == end_ || *s != p[0]) return nullptr;
  int depth = 1;
  for (++s; s < end_; ++s) {
    guard_.spend(2);
    if (*s == p[1]) {
      if (--depth == 0) return s + 1;
    } else if (*s == p[0]) {
      ++depth;
    }
  }
  return nullptr;
}

const char* Pattern::match_capture(const char* s, int name) const {
  const int i = name - '1';
  if (i < 0 || i >= level_ || captures_[static_cast<size_t>(i)].length < 0) {
    raise_error(L_, std::string("invalid capture index %") + static_cast<char>(name));
  }
  const Capture& capture = captures_[static_cast<size_t>(i)];
  const auto size = static_cast<size_t>(capture.length);
  guard_.spend(size / 8 + 1);
  if (static_cast<size_t>(end_ - s) < size || std::memcmp(s, capture.start, size) != 0) {
    return nullptr;
  }
  return s + size;
}

void Pattern::push_capture(int i, const char* start, const char* end) const {
  if (i >= level_) {
    if (i != 0) raise_error(L_, "invalid capture index %" + std::to_string(i + 1));
    lua_pushlstring(L_, start, static_cast<size_t>(end - start));
    return;
  }
  const Capture& capture = captures_[static_cast<size_t>(i)];
  if (capture.length == kPosition) {
    lua_pushinteger(L_, capture.start - begin_ + 1);
  } else if (capture.length == kOpen) {
    raise_error(L_, "unfinished capture");
  } else {
    lua_pushlstring(L_, capture.start, static_cast<size_t>(capture.length));
  }
}

int Pattern::push_captures(const char* start, const char* end) const {
  const int count = level_ == 0 && start != nullptr ? 1 : level_;
  luaL_checkstack(L_, count, "too many captures");
  for (int i = 0; i < count; ++i) push_capture(i, start, end);
  return count;
}

}  // namespace sluice::script
