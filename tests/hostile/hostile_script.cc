// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile/hostile_script.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace sluice::hostile {
namespace {

constexpr char kRecord[] =
    R"({"id":7,"name":"n","null":null,"big":9007199254740993,"o":{"a":1,"b":{"c":[1,2,3]}},)"
    R"("l":[1,"two",{"three":3}],"e":[]})";

// On the last line, so that the lines of the script keep their numbers.
constexpr char kTail[] =
    "\ndo local hostile = transform\n"
    "function transform(r, meta)\n"
    "if r.calm then r.seen = #r.calm return r end\n"
    "return hostile(r, meta) end end\n";

struct Limit {
  std::string_view name;
  void (*set)(ScriptLimits&, int64_t);
};
constexpr Limit kLimitNames[] = {
    {"cpu_us", [](ScriptLimits& l, int64_t v) { l.cpu_us = v; }},
    {"wall_us", [](ScriptLimits& l, int64_t v) { l.wall_us = v; }},
    {"memory_bytes", [](ScriptLimits& l, int64_t v) { l.memory_bytes = static_cast<uint64_t>(v); }},
    {"instructions", [](ScriptLimits& l, int64_t v) { l.instructions = static_cast<uint64_t>(v); }},
    {"output_bytes", [](ScriptLimits& l, int64_t v) { l.output_bytes = static_cast<uint64_t>(v); }},
    {"emitted", [](ScriptLimits& l, int64_t v) { l.emitted = static_cast<uint32_t>(v); }},
    {"log_lines", [](ScriptLimits& l, int64_t v) { l.log_lines = static_cast<uint32_t>(v); }},
    {"depth", [](ScriptLimits& l, int64_t v) { l.depth = static_cast<uint32_t>(v); }},
};

void read_limit(std::string_view text, HostileScript& script) {
  const size_t space = text.find(' ');
  const std::string_view name = text.substr(0, space);
  int64_t value = 0;
  if (space != std::string_view::npos) {
    std::from_chars(text.data() + space + 1, text.data() + text.size(), value);
  }
  for (const Limit& limit : kLimitNames) {
    if (limit.name == name && value > 0) return limit.set(script.overrides, value);
  }
  script.problem = "no limit: " + std::string(text);
}

// "@repeat 3 x" is xxx: for records too long to be written down. Several stand one after another,
// separated by " @repeat ".
std::string expanded(std::string_view text) {
  constexpr std::string_view kRepeat = "@repeat ";
  std::string out;
  for (size_t at = text.find(kRepeat); at != std::string_view::npos; at = text.find(kRepeat)) {
    out += text.substr(0, at);
    text.remove_prefix(at + kRepeat.size());
    int times = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), times);
    text.remove_prefix(static_cast<size_t>(number.ptr - text.data()) + 1);
    const size_t end = text.find('@');
    std::string_view unit = text.substr(0, end);
    for (int i = 0; i < times; ++i) {
      for (const char c : unit) {
        if (c == '#') {
          out += std::to_string(i);
        } else {
          out += c == '^' ? '\n' : c;
        }
      }
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out += text;
}

void read_word(std::string_view word, std::string_view value, HostileScript& script) {
  if (word == "tries" || word.starts_with("SPDX")) return;
  if (word == "expect") {
    script.expect = value;
  } else if (word == "cap") {
    script.cap = value;
  } else if (word == "record") {
    script.record = expanded(value);
  } else if (word == "before") {
    script.before = expanded(value);
  } else if (word == "ends" && (value == "refused" || value == "verdict")) {
    (value == "refused" ? script.at_load : script.verdict) = true;
  } else if (word == "limit") {
    read_limit(value, script);
  } else {
    script.problem = "no word of a head: " + std::string(word);
  }
}

HostileScript read_script(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  HostileScript script;
  script.name = path.stem().string();
  script.record = kRecord;
  script.text.assign(std::istreambuf_iterator<char>(file), {});
  std::istringstream lines(script.text);
  for (std::string line; std::getline(lines, line) && line.starts_with("-- ");) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    read_word(std::string_view(line).substr(3, colon - 3), std::string_view(line).substr(colon + 2),
              script);
  }
  if (script.expect.empty()) script.problem = "the head has no `-- expect: `";
  if (!script.at_load) script.text += kTail;
  return script;
}

}  // namespace

std::vector<HostileScript> read_catalogue() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/tests/hostile")) {
    if (entry.path().extension() == ".lua") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<HostileScript> scripts;
  scripts.reserve(files.size());
  for (const auto& file : files) scripts.push_back(read_script(file));
  return scripts;
}

ScriptLimits limits_of(const HostileScript& script, ScriptLimits base) {
  const ScriptLimits none;
  const ScriptLimits& wanted = script.overrides;
  const auto over = [](auto& to, auto from, auto unset) {
    if (from != unset) to = from;
  };
  over(base.cpu_us, wanted.cpu_us, none.cpu_us);
  over(base.wall_us, wanted.wall_us, none.wall_us);
  over(base.memory_bytes, wanted.memory_bytes, none.memory_bytes);
  over(base.instructions, wanted.instructions, none.instructions);
  over(base.output_bytes, wanted.output_bytes, none.output_bytes);
  over(base.emitted, wanted.emitted, none.emitted);
  over(base.log_lines, wanted.log_lines, none.log_lines);
  over(base.depth, wanted.depth, none.depth);
  return base;
}

}  // namespace sluice::hostile
