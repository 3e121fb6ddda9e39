// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/workshop/coverage.h"

#include <lua.hpp>

#include <cstring>

#include "runtime/script/script_source.h"

namespace sluice::workshop {
namespace {

// Reads what lua_dump wrote, in the format of Lua 5.4 (ldump.c). Only the interface's own functions
// would not do: a function that no code made yet is reachable nowhere else. The bytes come from our
// own compiler; a format this does not know is an error, not a crash.
class DumpReader {
 public:
  explicit DumpReader(std::string_view bytes) : bytes_(bytes) {}

  // The lines of the main function and of all functions inside.
  bool read(std::set<int>* lines) {
    constexpr size_t kHeader = 4 + 1 + 1 + 6 + 3 + sizeof(lua_Integer) + sizeof(lua_Number) + 1;
    if (bytes_.substr(0, 4) != LUA_SIGNATURE || bytes_.size() < kHeader || bytes_[4] != 0x54) {
      return false;
    }
    skip(kHeader);
    return function(lines, 0) && good_;
  }

 private:
  static constexpr int kDeepest = 250;  // Lua's own bound on functions in functions is lower
  static constexpr int kAbsolute = -0x80;

  bool function(std::set<int>* lines, int depth) {
    if (depth > kDeepest) return false;
    string();  // source
    int line = static_cast<int>(number());
    number();  // last line
    skip(1);   // parameters
    const bool vararg = byte() != 0;
    skip(1);  // registers
    skip(number() * 4);
    constants();
    skip(number() * 3);  // upvalues
    for (uint64_t i = number(); i > 0 && good_; --i) {
      if (!function(lines, depth + 1)) return false;
    }
    line_info(line, vararg, lines);
    for (uint64_t i = number(); i > 0 && good_; --i) {  // locals
      string();
      number();
      number();
    }
    for (uint64_t i = number(); i > 0 && good_; --i) string();  // names of upvalues
    return good_;
  }

  void constants() {
    for (uint64_t i = number(); i > 0 && good_; --i) {
      switch (byte()) {
        case 0x03:  // an integer
          skip(sizeof(lua_Integer));
          break;
        case 0x13:  // a float
          skip(sizeof(lua_Number));
          break;
        case 0x04:
        case 0x14:
          string();
          break;
        case 0x00:
        case 0x01:
        case 0x11:
          break;
        default:
          good_ = false;
      }
    }
  }

  // A byte an instruction: what its line is more than the one before; for some the line itself
  // stands in a second list.
  void line_info(int line, bool vararg, std::set<int>* lines) {
    const uint64_t count = number();
    const std::string_view deltas = bytes_.substr(std::min(at_, bytes_.size()), count);
    skip(count);
    std::vector<int> absolute;
    for (uint64_t i = number(); i > 0 && good_; --i) {
      number();  // the instruction
      absolute.push_back(static_cast<int>(number()));
    }
    size_t next = 0;
    for (size_t i = 0; i < deltas.size() && good_; ++i) {
      const auto delta = static_cast<signed char>(deltas[i]);
      if (delta != kAbsolute) {
        line += delta;
      } else if (next < absolute.size()) {
        line = absolute[next++];
      }
      // The first instruction of a function with "..." only arranges its arguments.
      if (i > 0 || !vararg) lines->insert(line);
    }
  }

  void skip(uint64_t n) {
    if (n > bytes_.size() - at_) {
      good_ = false;
      at_ = bytes_.size();
    } else {
      at_ += n;
    }
  }
  uint8_t byte() {
    if (at_ >= bytes_.size()) {
      good_ = false;
      return 0;
    }
    return static_cast<uint8_t>(bytes_[at_++]);
  }
  // Seven bits a byte, the highest first; the last byte has the eighth bit.
  uint64_t number() {
    uint64_t value = 0;
    for (uint8_t b = 0; (b & 0x80U) == 0 && good_;) {
      b = byte();
      value = value << 7 | (b & 0x7FU);
    }
    return value;
  }
  void string() {
    const uint64_t size = number();
    if (size > 0) skip(size - 1);
  }

  std::string_view bytes_;
  size_t at_ = 0;
  bool good_ = true;
};

int append_dump(lua_State* /*L*/, const void* bytes, size_t size, void* out) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return 0;
}

}  // namespace

Result<std::vector<int>> executable_lines(const std::string& name, const std::string& text) {
  const std::unique_ptr<lua_State, decltype(&lua_close)> L(luaL_newstate(), &lua_close);
  if (!L) return Status(Code::kExhausted, "no memory for a Lua state");
  const std::string chunk = "@" + name;
  if (luaL_loadbufferx(L.get(), text.data(), text.size(), chunk.c_str(), "t") != LUA_OK) {
    return invalid(lua_tostring(L.get(), -1));
  }
  std::string bytes;
  std::set<int> lines;
  if (lua_dump(L.get(), append_dump, &bytes, 0) != 0 || !DumpReader(bytes).read(&lines)) {
    return internal("the compiled form of " + name + " is not that of Lua 5.4");
  }
  return std::vector<int>(lines.begin(), lines.end());
}

std::vector<FileCoverage> cover(const Script& script,
                                const std::map<std::string, std::set<int>, std::less<>>& hit) {
  std::vector<FileCoverage> out;
  const auto* const source = dynamic_cast<const script::ScriptSource*>(&script);
  if (source == nullptr) return out;
  const auto add = [&](const std::string& name, const std::string& text) {
    auto lines = executable_lines(name, text);
    if (!lines) return;
    FileCoverage& file = out.emplace_back();
    file.name = name;
    file.lines = std::move(*lines);
    const auto found = hit.find(name);
    for (const int line : file.lines) {
      if (found == hit.end() || !found->second.contains(line)) file.missed.push_back(line);
    }
  };
  add(source->name(), source->text());
  for (const auto& [name, text] : source->libraries()) add(name, text);
  return out;
}

}  // namespace sluice::workshop
