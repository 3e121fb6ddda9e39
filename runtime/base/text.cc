// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <limits>
#include <vector>

namespace sluice {
namespace {

bool is_continuation(unsigned char c) { return (c & 0xC0) == 0x80; }

// Length of the well-formed sequence at p, or 0. Ranges from table 3-7 of the Unicode standard.
size_t utf8_sequence(const unsigned char* p, size_t left) {
  const unsigned char c = p[0];
  if (c < 0x80) return 1;
  if (c < 0xC2) return 0;
  if (c < 0xE0) return left >= 2 && is_continuation(p[1]) ? 2 : 0;
  if (c < 0xF0) {
    if (left < 3 || !is_continuation(p[1]) || !is_continuation(p[2])) return 0;
    if (c == 0xE0 && p[1] < 0xA0) return 0;
    if (c == 0xED && p[1] > 0x9F) return 0;
    return 3;
  }
  if (c > 0xF4 || left < 4) return 0;
  if (!is_continuation(p[1]) || !is_continuation(p[2]) || !is_continuation(p[3])) return 0;
  if (c == 0xF0 && p[1] < 0x90) return 0;
  if (c == 0xF4 && p[1] > 0x8F) return 0;
  return 4;
}

struct Unit {
  std::string_view suffix;
  double factor;
};

// Splits "12.5MiB" into number and unit; nullopt if it is not a finite, non-negative number.
std::optional<std::pair<double, std::string_view>> split_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number) || number < 0) return std::nullopt;
  return std::pair(number, text.substr(static_cast<size_t>(end - text.data())));
}

std::optional<double> with_unit(std::string_view text, std::span<const Unit> units) {
  const auto parts = split_number(text);
  if (!parts) return std::nullopt;
  for (const Unit& unit : units) {
    if (parts->second == unit.suffix) return parts->first * unit.factor;
  }
  return std::nullopt;
}

constexpr std::array kDurationUnits = {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                                       Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
constexpr double kKi = 1024;
constexpr std::array kSizeUnits = {Unit{"", 1},
                                   Unit{"B", 1},
                                   Unit{"kB", 1e3},
                                   Unit{"MB", 1e6},
                                   Unit{"GB", 1e9},
                                   Unit{"TB", 1e12},
                                   Unit{"KiB", kKi},
                                   Unit{"MiB", kKi* kKi},
                                   Unit{"GiB", kKi* kKi* kKi},
                                   Unit{"TiB", kKi* kKi* kKi* kKi}};

}  // namespace

size_t utf8_valid_prefix(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = utf8_sequence(p + at, text.size() - at);
    if (length == 0) return at;
    at += length;
  }
  return at;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  for (size_t at = 0; at < text.size();) {
    const unsigned char c = p[at];
    const size_t length = utf8_sequence(p + at, text.size() - at);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++at;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", c);
      out += code.data();
    } else {
      out.append(text.substr(at, length));
    }
    at += length;
  }
  out += '"';
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char ch : text) {
    const auto c = static_cast<unsigned char>(ch);
    if (c < 0x20 || c == 0x7F) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\x%02x", c);
      out += code.data();
    } else {
      out += ch;
    }
  }
}

std::string shorten(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  size_t cut = max_bytes;
  while (cut > 0 && is_continuation(static_cast<unsigned char>(text[cut]))) --cut;
  return std::string(text.substr(0, cut)) + "...";
}

std::string to_hex(std::span<const unsigned char> bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const unsigned char b : bytes) {
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t left = std::min<size_t>(3, bytes.size() - at);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) {
      group = (group << 8) | (i < left ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (size_t i = 0; i < 4; ++i) {
      out += i <= left ? kDigits[(group >> (18 - 6 * i)) & 63] : '=';
    }
  }
  return out;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  const auto ms = with_unit(text, kDurationUnits);
  if (!ms || *ms > 1e15) {
    return invalid("expected a duration such as 200ms, 30s, 5m, 2h or 7d, found '" +
                   shorten(text, 40) + "'");
  }
  return std::chrono::milliseconds(static_cast<int64_t>(std::llround(*ms)));
}

std::string format_duration(std::chrono::milliseconds duration) {
  const int64_t ms = duration.count();
  for (auto unit = kDurationUnits.rbegin(); unit != kDurationUnits.rend(); ++unit) {
    const auto factor = static_cast<int64_t>(unit->factor);
    if (ms != 0 && ms % factor == 0) return std::to_string(ms / factor) + std::string(unit->suffix);
  }
  return "0s";
}

Result<uint64_t> parse_size(std::string_view text) {
  const auto bytes = with_unit(text, kSizeUnits);
  if (!bytes || *bytes > 9e18) {
    return invalid("expected a size such as 512KiB, 64MiB or 2GiB, found '" + shorten(text, 40) +
                   "'");
  }
  return static_cast<uint64_t>(*bytes);
}

std::string format_size(uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= kKi && unit + 1 < kUnits.size()) {
    value /= kKi;
    ++unit;
  }
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), value < 10 && unit > 0 ? "%.1f%s" : "%.0f%s", value,
                std::string(kUnits[unit]).c_str());
  return out.data();
}

Result<double> parse_rate(std::string_view text) {
  static constexpr std::array kUnits = {Unit{"/s", 1.0}, Unit{"/m", 1.0 / 60},
                                        Unit{"/h", 1.0 / 3600}};
  const auto rate = with_unit(text, kUnits);
  if (!rate) {
    return invalid("expected a rate such as 50000/s or 100/m, found '" + shorten(text, 40) + "'");
  }
  return *rate;
}

std::string format_time_us(int64_t us) {
  int64_t ms = us / 1000;
  if (us < 0 && us % 1000 != 0) --ms;
  int64_t seconds = ms / 1000;
  int64_t rest = ms % 1000;
  if (rest < 0) {
    rest += 1000;
    --seconds;
  }
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  if (gmtime_r(&time, &parts) == nullptr) return "out of range";
  std::array<char, 64> out{};
  const size_t n = std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(out.data() + n, out.size() - n, ".%03dZ", static_cast<int>(rest));
  return out.data();
}

std::optional<std::string> did_you_mean(std::string_view word,
                                        std::span<const std::string> candidates) {
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  std::vector<std::vector<size_t>> d;
  for (const std::string& other : candidates) {
    // Optimal string alignment distance; the words are short.
    if (word.size() > 64 || other.size() > 64) continue;
    d.assign(word.size() + 1, std::vector<size_t>(other.size() + 1));
    for (size_t i = 0; i <= word.size(); ++i) d[i][0] = i;
    for (size_t j = 0; j <= other.size(); ++j) d[0][j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      for (size_t j = 1; j <= other.size(); ++j) {
        const size_t cost = word[i - 1] == other[j - 1] ? 0 : 1;
        d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
        if (i > 1 && j > 1 && word[i - 1] == other[j - 2] && word[i - 2] == other[j - 1]) {
          d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    if (d[word.size()][other.size()] < best_distance) {
      best_distance = d[word.size()][other.size()];
      best = other;
    }
  }
  return best;
}

}  // namespace sluice
