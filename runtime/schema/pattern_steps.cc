// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/pattern_steps.h"

#include <algorithm>
#include <cstddef>

namespace sluice::schema {

// Reads the pattern from left to right; anything it does not know ends the attempt.
class PatternSteps::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<PatternSteps> run() {
    if (!take('^')) return std::nullopt;
    PatternSteps out;
    while (!rest_.empty() && rest_.front() != '$') {
      Step step;
      if (!characters(&step) || !quantifier(&step) || out.steps_.size() == kMaxSteps) {
        return std::nullopt;
      }
      out.steps_.push_back(step);
    }
    if (!take('$') || !rest_.empty() || !greedy_is_exact(out.steps_)) return std::nullopt;
    return out;
  }

 private:
  static constexpr size_t kMaxSteps = 64;
  static constexpr uint32_t kMaxCount = 100'000;

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  static void add(Step* step, unsigned first, unsigned last) {
    for (unsigned c = first; c <= last; ++c) step->characters[c >> 6] |= uint64_t{1} << (c & 63);
  }

  static bool is_in(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

  bool characters(Step* step) {
    if (take('[')) return bracket(step);
    if (take('\\')) return escape(step, nullptr);
    const char c = rest_.front();
    if (static_cast<unsigned char>(c) >= 128 || is_in(c, ".^$|()[]{}*+?")) return false;
    add(step, static_cast<unsigned char>(c), static_cast<unsigned char>(c));
    rest_.remove_prefix(1);
    return true;
  }

  // After a backslash. `single` is set if it stands for one character.
  bool escape(Step* step, int* single) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == 'd') {
      add(step, '0', '9');
      return true;
    }
    if (c == 'w') {
      add(step, '0', '9');
      add(step, 'A', 'Z');
      add(step, 'a', 'z');
      add(step, '_', '_');
      return true;
    }
    if (!is_in(c, ".^$|()[]{}*+?/\\-")) return false;
    add(step, static_cast<unsigned char>(c), static_cast<unsigned char>(c));
    if (single != nullptr) *single = static_cast<unsigned char>(c);
    return true;
  }

  // After '['. A complement is left to RE2: it holds characters outside ASCII.
  bool bracket(Step* step) {
    if (rest_.empty() || rest_.front() == '^') return false;
    while (!rest_.empty() && rest_.front() != ']') {
      int first = -1;
      if (!member(step, &first)) return false;
      if (rest_.size() < 2 || rest_[0] != '-' || rest_[1] == ']') continue;
      rest_.remove_prefix(1);
      int last = -1;
      if (first < 0 || !member(step, &last) || last < first) return false;
      add(step, static_cast<unsigned>(first), static_cast<unsigned>(last));
    }
    return take(']');
  }

  bool member(Step* step, int* single) {
    if (take('\\')) return escape(step, single);
    const auto c = static_cast<unsigned char>(rest_.front());
    if (c >= 128 || c == '[') return false;
    *single = c;
    add(step, c, c);
    rest_.remove_prefix(1);
    return true;
  }

  bool quantifier(Step* step) {
    if (take('*')) {
      step->min = 0;
      step->max = UINT32_MAX;
    } else if (take('+')) {
      step->max = UINT32_MAX;
    } else if (take('?')) {
      step->min = 0;
    } else if (take('{')) {
      if (!number(&step->min)) return false;
      step->max = step->min;
      if (take(',') && !number(&step->max)) step->max = UINT32_MAX;
      if (!take('}') || step->max < step->min) return false;
    }
    return rest_.empty() || !is_in(rest_.front(), "*+?{");  // lazy ones, and mistakes
  }

  bool number(uint32_t* value) {
    uint32_t n = 0;
    size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      n = n * 10 + static_cast<uint32_t>(rest_[digits] - '0');
      if (n > kMaxCount) return false;
    }
    rest_.remove_prefix(digits);
    if (digits != 0) *value = n;
    return digits != 0;
  }

  // A step that may take more or fewer must not want what one of the next begins with.
  static bool greedy_is_exact(const std::vector<Step>& steps) {
    for (size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].min == steps[i].max) continue;
      for (size_t k = i + 1; k < steps.size(); ++k) {
        if ((steps[i].characters[0] & steps[k].characters[0]) != 0 ||
            (steps[i].characters[1] & steps[k].characters[1]) != 0) {
          return false;
        }
        if (steps[k].min > 0) break;
      }
    }
    return true;
  }

  std::string_view rest_;
};

std::optional<PatternSteps> PatternSteps::parse(std::string_view ecma) {
  return Parser(ecma).run();
}

PatternSteps::Answer PatternSteps::match(std::string_view text) const {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  const auto outside = [end](const unsigned char* from) {
    return std::any_of(from, end, [](unsigned char c) { return c >= 128; }) ? Answer::kUnknown
                                                                            : Answer::kNo;
  };
  for (const Step& step : steps_) {
    const auto most = static_cast<size_t>(end - p) < step.max ? static_cast<size_t>(end - p)
                                                              : static_cast<size_t>(step.max);
    size_t n = 0;
    while (n < most && step.has(p[n])) ++n;
    if (n < step.min) return outside(p);
    p += n;
  }
  return p == end ? Answer::kYes : outside(p);
}

}  // namespace sluice::schema
