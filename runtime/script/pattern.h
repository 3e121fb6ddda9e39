// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

struct lua_State;

namespace sluice::script {

class Guard;

// Lua patterns (reference manual 6.4.1) with a bound: every step is charged to the guard, so that
// a pattern that backtracks without end runs into the time cap like any loop. Raises Lua errors
// for malformed patterns and hit caps.
class Pattern {
 public:
  static constexpr int kMaxCaptures = 32;
  static constexpr std::ptrdiff_t kOpen = -1;
  static constexpr std::ptrdiff_t kPosition = -2;

  struct Capture {
    const char* start = nullptr;
    std::ptrdiff_t length = 0;  // or kOpen, kPosition
  };

  // `text` and `pattern` (without its leading '^') must outlive the object.
  Pattern(lua_State* L, Guard& guard, std::string_view text, std::string_view pattern);

  // Matches at exactly this place; answers the end of the match or null.
  const char* match_at(const char* at);

  [[nodiscard]] int captures() const { return level_; }
  // Pushes capture i (from 0); with no captures at all, 0 is the whole match [start, end).
  void push_capture(int i, const char* start, const char* end) const;
  // Pushes all captures, or the whole match when there are none and `start` is given.
  int push_captures(const char* start, const char* end) const;

 private:
  const char* match(const char* s, const char* p);
  const char* match_item(const char* s, const char* p, const char* item_end, bool* done,
                         const char** next);
  const char* expand_most(const char* s, const char* p, const char* item_end);
  const char* expand_least(const char* s, const char* p, const char* item_end);
  const char* start_capture(const char* s, const char* p, std::ptrdiff_t what);
  const char* end_capture(const char* s, const char* p);
  const char* match_balance(const char* s, const char* p) const;
  const char* match_capture(const char* s, int name) const;
  [[nodiscard]] const char* item_end(const char* p) const;
  [[nodiscard]] bool single(const char* s, const char* p, const char* item_end) const;
  void step();

  lua_State* L_;
  Guard& guard_;
  const char* const begin_;
  const char* const end_;
  const char* const pattern_;
  const char* const pattern_end_;
  int level_ = 0;
  int depth_ = 0;
  std::array<Capture, kMaxCaptures> captures_{};
};

}  // namespace sluice::script
