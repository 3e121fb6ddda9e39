// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/regex.h"

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/script/state.h"

namespace sluice::script {
namespace {

constexpr int64_t kRegexMemory = 1 << 20;  // of RE2: instructions, and states of its automaton
// What an instruction costs at a byte when RE2 falls back to its slowest way, in nanoseconds.
constexpr uint64_t kInstructionNs = 5;
// Letters beyond ASCII are hundreds of instructions of which few are ever looked at: the pattern's
// size for a text of single bytes tells more then, at so many nanoseconds.
constexpr uint64_t kPlainInstructionNs = 25;
constexpr uint64_t kGroupsOfAStep = 8;  // keeping so many groups costs as much again

}  // namespace

re2::RE2::Options Regex::options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemory);
  return options;
}

Regex::Regex(std::string_view pattern)
    : pattern_(pattern), re_(re2::StringPiece(pattern.data(), pattern.size()), options()) {
  error_ = find_error();
  if (!ok()) return;
  groups_ = re_.NumberOfCapturingGroups();
  names_.resize(static_cast<size_t>(groups_) + 1);
  for (const auto& [name, number] : re_.NamedCapturingGroups()) {
    names_[static_cast<size_t>(number)] = name;
    has_names_ = true;
  }
  const auto size = static_cast<uint64_t>(std::max(re_.ProgramSize(), 1));
  bytes_ = sizeof(Regex) + pattern_.size() * 8 + size * 128 + 16 * 1024;
  cost_ns_ = size * kInstructionNs;
  re2::RE2::Options plain = options();
  plain.set_encoding(re2::RE2::Options::EncodingLatin1);
  const re2::RE2 single_bytes(pattern_, plain);
  if (!single_bytes.ok()) return;
  const auto plain_size = static_cast<uint64_t>(std::max(single_bytes.ProgramSize(), 1));
  cost_ns_ = std::min(cost_ns_, plain_size * kPlainInstructionNs);
}

std::string Regex::find_error() const {
  if (!re_.ok()) return re_.error();
  if (re_.NumberOfCapturingGroups() > kMaxGroups) {
    return "it has " + std::to_string(re_.NumberOfCapturingGroups()) +
           " groups, more than 32; write (?:...) for those whose text is not needed";
  }
  return {};
}

int Regex::group_named(std::string_view name) const {
  const auto found = name.empty() ? names_.end() : std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
}

bool Regex::match(lua_State* L, State& state, const char* function, std::string_view text,
                  size_t from, Groups* groups) const {
  const uint64_t kept = groups == nullptr ? 0 : static_cast<uint64_t>(groups_) / kGroupsOfAStep;
  const uint64_t ns = (text.size() - from + 1) * cost_ns_ * (1 + kept);
  if (ns / 1000 > static_cast<uint64_t>(std::max<int64_t>(state.guard.limits().cpu_us, 1))) {
    raise_error(L, std::string(function) + ": a text of " + std::to_string(text.size() - from) +
                       " bytes is too long for the pattern \"" + shorten(pattern_, 60) +
                       "\": the search could take " + std::to_string(ns / 1'000'000) +
                       " ms, longer than a call may (cpu_us); cut the text, or use a simpler "
                       "pattern");
  }
  // Mostly RE2 needs two steps a byte: the clock is read rather than the worst believed.
  state.guard.spend(ns + 200);
  return re_.Match(re2::StringPiece(text.data(), text.size()), from, text.size(),
                   re2::RE2::UNANCHORED, groups == nullptr ? nullptr : &(*groups)[0],
                   groups == nullptr ? 0 : groups_ + 1);
}

std::shared_ptr<const Regex> RegexCache::get(lua_State* L, State& state, const char* function,
                                             std::string_view pattern) {
  if (const auto found = entries_.find(pattern); found != entries_.end()) {
    found->second.last_use = ++uses_;
    return found->second.regex;
  }
  if (pattern.size() > Regex::kLongestPattern) {
    raise_error(L, std::string(function) + ": a pattern of " + std::to_string(pattern.size()) +
                       " bytes; at most " + std::to_string(Regex::kLongestPattern) +
                       " are allowed");
  }
  state.guard.expect(static_cast<uint64_t>(kRegexMemory));
  state.guard.spend(kRegexMemory);
  auto regex = std::make_shared<const Regex>(pattern);
  state.guard.spend(kRegexMemory);  // compiling can take as long: the clock is read again
  if (!regex->ok()) {
    raise_error(L, std::string(function) + ": the pattern \"" + shorten(pattern, 80) +
                       "\" is not valid: " + shorten(regex->error(), 200));
  }
  make_room(state, regex->bytes());
  state.guard.hold(regex->bytes());
  held_ += regex->bytes();
  entries_.emplace(regex->pattern(), Entry{regex, ++uses_});
  return regex;
}

void RegexCache::make_room(State& state, uint64_t bytes) {
  const uint64_t most = state.guard.limits().memory_bytes / 4;
  while (!entries_.empty() && (entries_.size() >= kMost || held_ + bytes > most)) {
    const auto oldest = std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.last_use < b.second.last_use; });
    state.guard.release(oldest->second.regex->bytes());
    held_ -= oldest->second.regex->bytes();
    entries_.erase(oldest);
  }
}

}  // namespace sluice::script
