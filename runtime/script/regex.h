// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct lua_State;

namespace sluice::script {

struct State;

// A compiled regular expression (RE2 syntax, on UTF-8 text). Immutable.
class Regex {
 public:
  static constexpr int kMaxGroups = 32;
  static constexpr size_t kLongestPattern = 2048;
  using Groups = re2::StringPiece[kMaxGroups + 1];  // the whole match, then the groups

  explicit Regex(std::string_view pattern);

  [[nodiscard]] bool ok() const { return error_.empty(); }
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] const std::string& pattern() const { return pattern_; }
  [[nodiscard]] int groups() const { return groups_; }
  // By number: "" for a group without a name.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] bool has_names() const { return has_names_; }
  // The number of a group, or -1.
  [[nodiscard]] int group_named(std::string_view name) const;

  // The first match at or after `from`. RE2 cannot be interrupted and takes at worst cost_ns() a
  // byte: a text that could take longer than a call may is refused beforehand, by an error that
  // begins with `function`. No groups are found for nullptr, which is faster.
  bool match(lua_State* L, State& state, const char* function, std::string_view text, size_t from,
             Groups* groups) const;

  [[nodiscard]] uint64_t cost_ns() const { return cost_ns_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }  // of memory, estimated

 private:
  static re2::RE2::Options options();
  [[nodiscard]] std::string find_error() const;

  std::string pattern_;
  re2::RE2 re_;
  std::string error_;
  int groups_ = 0;
  bool has_names_ = false;
  std::vector<std::string> names_;
  uint64_t cost_ns_ = 0;
  uint64_t bytes_ = 0;
};

// The patterns that a script used last, of one Lua state. Their memory counts against the script's.
class RegexCache {
 public:
  static constexpr size_t kMost = 64;

  // Compiles the pattern unless it is there. Raises an error that names `function` and the pattern.
  // Shared, since a replacement function may use more patterns than the cache holds.
  std::shared_ptr<const Regex> get(lua_State* L, State& state, const char* function,
                                   std::string_view pattern);

 private:
  struct Entry {
    std::shared_ptr<const Regex> regex;
    uint64_t last_use = 0;
  };
  void make_room(State& state, uint64_t bytes);

  std::unordered_map<std::string_view, Entry> entries_;  // the key lies in the Regex
  uint64_t uses_ = 0;
  uint64_t held_ = 0;
};

}  // namespace sluice::script
