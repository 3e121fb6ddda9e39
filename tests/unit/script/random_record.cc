// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/script/random_record.h"

#include <algorithm>
#include <set>

#include "runtime/base/text.h"

namespace sluice::testing {

const std::vector<std::string>& RandomRecord::names() {
  static const std::vector<std::string> pool = {
      "a",
      "b",
      "c",
      "id",
      "name",
      "",
      "a/b",
      "~",
      "x y",
      "\xC3\xA9",
      "\xF0\x9F\x98\x80",
      "\"q\"",
      "line\nbreak",
      std::string("zero\0byte", 9),
      "1",
      "items",
      "total",
      "\xEF\xBF\xBD",
      "a name longer than the forty bytes up to which Lua keeps one copy",
      "z"};
  return pool;
}

std::string RandomRecord::name() {
  if (chance(10)) return "n" + std::to_string(below(1000));
  return names()[below(static_cast<uint32_t>(names().size()))];
}

std::string RandomRecord::space() {
  if (!form_.spaced || !chance(8)) return "";
  static constexpr const char* kSpaces[] = {" ", "  ", "\t", "\n", "\r\n", "\n    "};
  return kSpaces[below(6)];
}

std::string RandomRecord::digits(uint32_t most) {
  std::string text;
  for (uint32_t n = 1 + below(most); n > 0; --n) text += static_cast<char>('0' + below(10));
  return text;
}

std::string RandomRecord::number() {
  static constexpr const char* kEdges[] = {"0",
                                           "9007199254740993",
                                           "9223372036854775807",
                                           "-9223372036854775808",
                                           "9223372036854775808",
                                           "18446744073709551616",
                                           "0.1",
                                           "1.10",
                                           "100",
                                           "1e2",
                                           "1E+2",
                                           "5e-324",
                                           "1.7976931348623157e308",
                                           "0.30000000000000004",
                                           "2.50",
                                           "1e-7",
                                           "123456789012345678901234567890"};
  static constexpr const char* kFar[] = {"-0", "1e400", "-1e999", "0e1000000", "1e-400"};
  if (!form_.within_double && chance(3)) return kFar[below(5)];
  if (chance(25)) return kEdges[below(sizeof kEdges / sizeof *kEdges)];
  std::string text = std::to_string(1 + below(9)) + (chance(50) ? digits(chance(10) ? 25 : 6) : "");
  if (chance(30)) text.insert(0, 1, '-');
  if (chance(30)) text += "." + digits(chance(10) ? 30 : 4);
  if (chance(8)) {
    text += chance(50) ? "e" : "E";
    static constexpr const char* kSigns[] = {"", "+", "-"};
    text += kSigns[below(3)] + std::to_string(below(20));
  }
  return text;
}

std::string RandomRecord::string() {
  static constexpr const char* kPieces[] = {"a",
                                            "Z",
                                            "0",
                                            " ",
                                            "/",
                                            "'",
                                            "\x7F",
                                            "\xC3\xA9",
                                            "\xE2\x82\xAC",
                                            "\xF0\x9F\x98\x80",
                                            "\\n",
                                            "\\t",
                                            "\\\"",
                                            "\\\\",
                                            "\\/",
                                            "\\b",
                                            "\\f",
                                            "\\r",
                                            "\\u0041",
                                            "\\u00e9",
                                            "\\u0000",
                                            "\\ud83d\\ude00",
                                            "\\u20AC"};
  const bool plain = chance(60);
  std::string text = "\"";
  const uint32_t length = chance(5) ? below(200) : below(12);
  for (uint32_t i = 0; i < length; ++i) text += kPieces[below(plain ? 10 : 23)];
  return text + "\"";
}

std::string RandomRecord::value(int depth) {
  switch (below(depth > 0 ? 11 : 8)) {
    case 0:
      return "null";
    case 1:
      return chance(50) ? "true" : "false";
    case 2:
    case 3:
    case 4:
      return number();
    case 5:
    case 6:
    case 7:
      return string();
    case 8:
      return list(depth - 1);
    default:
      return object(depth - 1);
  }
}

std::string RandomRecord::object(int depth) {
  std::set<std::string> used;
  std::string text = "{" + space();
  for (uint32_t n = depth > 1 && chance(5) ? 30 + below(30) : below(7); n > 0; --n) {
    const std::string key = name();
    if (!used.insert(key).second) continue;
    if (used.size() > 1) text += "," + space();
    std::string quoted;
    append_json_string(quoted, key);
    if (key == "a" && chance(30)) quoted = "\"\\u0061\"";
    text += quoted + space() + ":" + space() + value(depth) + space();
  }
  return text + "}";
}

std::string RandomRecord::list(int depth) {
  std::string text = "[" + space();
  const uint32_t kind = below(4);  // lists of one kind can be sorted and joined
  const uint32_t length = chance(8) ? 30 + below(12) : below(5);
  for (uint32_t i = 0; i < length; ++i) {
    if (i > 0) text += "," + space();
    if (kind == 0) {
      text += std::to_string(static_cast<int32_t>(below(2000)) - 1000);
    } else {
      text += kind == 1 ? string() : value(depth);
    }
    text += space();
  }
  return text + "]";
}

std::string RandomRecord::record() {
  const std::string front = space();
  std::string text = form_.object || chance(80) ? object(3) : list(3);
  return front + text + space();
}

}  // namespace sluice::testing
