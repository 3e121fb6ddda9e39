// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/error.hpp>
#include <sluice/json.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sluice {
inline namespace sdk {

// The instance's configuration, read by JSON Pointer ("/path", "/columns/id"). The host has already
// checked it against the component's schema and filled in the defaults, so the getters are short;
// what does not fit all the same is BadConfig naming the pointer. Immutable, thread-safe.
class Config {
 public:
  explicit Config(std::string_view json) : text_(json) {
    if (const char* problem = detail::JsonReader(text_, nodes_).read()) {
      throw BadConfig(std::string("the configuration is not JSON: ") + problem);
    }
  }

  // The canonical JSON text the host passed.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // False: absent or null.
  [[nodiscard]] bool has(std::string_view pointer) const {
    const detail::JsonNode* node = find(pointer);
    return node != nullptr && node->kind != detail::JsonKind::kNull;
  }

  [[nodiscard]] std::string string(std::string_view pointer) const {
    return detail::json_string(need(pointer, detail::JsonKind::kString, "a string").slice(text_));
  }
  [[nodiscard]] std::string string(std::string_view pointer, std::string_view fallback) const {
    return has(pointer) ? string(pointer) : std::string(fallback);
  }
  [[nodiscard]] bool boolean(std::string_view pointer) const {
    return need(pointer, detail::JsonKind::kBool, "true or false").slice(text_) == "true";
  }
  [[nodiscard]] bool boolean(std::string_view pointer, bool fallback) const {
    return has(pointer) ? boolean(pointer) : fallback;
  }
  [[nodiscard]] double number(std::string_view pointer) const {
    const auto slice = need(pointer, detail::JsonKind::kNumber, "a number").slice(text_);
    return detail::json_double(slice);
  }
  [[nodiscard]] double number(std::string_view pointer, double fallback) const {
    return has(pointer) ? number(pointer) : fallback;
  }
  // A whole number; 1000.0 counts as one.
  [[nodiscard]] std::int64_t integer(std::string_view pointer) const {
    const auto slice = need(pointer, detail::JsonKind::kNumber, "a whole number").slice(text_);
    if (const auto value = detail::json_integer(slice)) return *value;
    throw wrong(pointer, "a whole number that fits 64 bits", slice);
  }
  [[nodiscard]] std::int64_t integer(std::string_view pointer, std::int64_t fallback) const {
    return has(pointer) ? integer(pointer) : fallback;
  }
  // The strings of a list; a single string counts as a list of one; absent is empty.
  [[nodiscard]] std::vector<std::string> strings(std::string_view pointer) const {
    std::vector<std::string> out;
    if (!has(pointer)) return out;
    const detail::JsonNode& node = *find(pointer);
    if (node.kind == detail::JsonKind::kString) return {string(pointer)};
    if (node.kind != detail::JsonKind::kArray) {
      throw wrong(pointer, "a list of strings", node.slice(text_));
    }
    for (std::size_t i = 0; i < length(pointer); ++i) out.push_back(string(at(pointer, i)));
    return out;
  }
  // "200ms", "30s", "5m", "2h", "7d"; the number 0 is fine too.
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view pointer) const {
    static constexpr detail::Unit kUnits[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
    return std::chrono::milliseconds(
        quantity(pointer, kUnits, "a duration such as 200ms, 30s, 5m, 2h or 7d", false));
  }
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view pointer,
                                                   std::chrono::milliseconds fallback) const {
    return has(pointer) ? duration(pointer) : fallback;
  }
  // "64MiB", "100kB", "4096" or the number 4096: bytes.
  [[nodiscard]] std::uint64_t size(std::string_view pointer) const {
    static constexpr detail::Unit kUnits[] = {{"", 1},
                                              {"B", 1},
                                              {"kB", 1000},
                                              {"MB", 1'000'000},
                                              {"KiB", 1024},
                                              {"MiB", 1024 << 10},
                                              {"GB", 1'000'000'000},
                                              {"GiB", 1024 << 20}};
    return static_cast<std::uint64_t>(
        quantity(pointer, kUnits, "a size such as 4096, 512KiB, 64MiB or 2GiB", true));
  }
  [[nodiscard]] std::uint64_t size(std::string_view pointer, std::uint64_t fallback) const {
    return has(pointer) ? size(pointer) : fallback;
  }
  // "50000/s", "100/m" or a number: per second.
  [[nodiscard]] double rate(std::string_view pointer) const {
    const detail::JsonNode* node = find(pointer);
    if (node != nullptr && node->kind == detail::JsonKind::kNumber) return number(pointer);
    const std::string text = string(pointer);
    const std::size_t slash = text.find('/');
    const std::string_view per = slash == std::string::npos
                                     ? std::string_view("s")
                                     : std::string_view(text).substr(slash + 1);
    const double seconds = per == "s" ? 1 : per == "m" ? 60 : per == "h" ? 3600 : 0;
    const auto value = detail::plain_double(std::string_view(text).substr(0, slash));
    if (seconds == 0 || !value || *value < 0) {
      throw wrong(pointer, "a rate such as 50000/s or 100/m", text);
    }
    return *value / seconds;
  }
  [[nodiscard]] double rate(std::string_view pointer, double fallback) const {
    return has(pointer) ? rate(pointer) : fallback;
  }

  // Member names of an object in the order written; absent is empty.
  [[nodiscard]] std::vector<std::string> keys(std::string_view pointer) const {
    std::vector<std::string> out;
    const detail::JsonNode* node = find(pointer);
    if (node == nullptr || node->kind != detail::JsonKind::kObject) return out;
    for (std::uint32_t i = node->first; i != 0; i = nodes_[i].next) out.push_back(nodes_[i].key);
    return out;
  }
  // Number of members or elements; 0 when absent or a scalar.
  [[nodiscard]] std::size_t length(std::string_view pointer) const {
    const detail::JsonNode* node = find(pointer);
    std::size_t count = 0;
    if (node == nullptr) return 0;
    for (std::uint32_t i = node->first; i != 0; i = nodes_[i].next) ++count;
    return count;
  }
  [[nodiscard]] bool is_string(std::string_view pointer) const {
    const detail::JsonNode* node = find(pointer);
    return node != nullptr && node->kind == detail::JsonKind::kString;
  }
  [[nodiscard]] bool is_object(std::string_view pointer) const {
    const detail::JsonNode* node = find(pointer);
    return node != nullptr && node->kind == detail::JsonKind::kObject;
  }
  // The JSON text of any value; throws when absent.
  [[nodiscard]] std::string_view json(std::string_view pointer) const {
    const detail::JsonNode* node = find(pointer);
    if (node == nullptr) throw BadConfig(std::string(pointer) + ": is missing");
    return node->slice(text_);
  }

  // Pointer to a member or an element: at("/columns", "a/b") is "/columns/a~1b".
  [[nodiscard]] static std::string at(std::string_view pointer, std::string_view key) {
    std::string out(pointer);
    out += '/';
    for (const char c : key) {
      if (c == '~') {
        out += "~0";
      } else if (c == '/') {
        out += "~1";
      } else {
        out += c;
      }
    }
    return out;
  }
  [[nodiscard]] static std::string at(std::string_view pointer, std::size_t index) {
    return std::string(pointer) + "/" + std::to_string(index);
  }

 private:
  [[nodiscard]] const detail::JsonNode* find(std::string_view pointer) const {
    return detail::json_find(nodes_, pointer);
  }
  [[nodiscard]] const detail::JsonNode& need(std::string_view pointer, detail::JsonKind kind,
                                             const char* expected) const {
    const detail::JsonNode* node = find(pointer);
    if (node == nullptr) {
      throw BadConfig(std::string(pointer) + ": is missing, expected " + expected);
    }
    if (node->kind != kind) throw wrong(pointer, expected, node->slice(text_));
    return *node;
  }
  static BadConfig wrong(std::string_view pointer, const char* expected, std::string_view found) {
    return BadConfig(std::string(pointer) + ": expected " + expected + ", found " +
                     std::string(found.substr(0, 60)));
  }
  template <std::size_t N>
  [[nodiscard]] std::int64_t quantity(std::string_view pointer, const detail::Unit (&units)[N],
                                      const char* expected, bool bare_number) const {
    const detail::JsonNode* node = find(pointer);
    if (node != nullptr && node->kind == detail::JsonKind::kNumber) {
      const std::int64_t value = integer(pointer);
      if (value < 0 || (value != 0 && !bare_number)) {
        throw wrong(pointer, expected, node->slice(text_));
      }
      return value;
    }
    const std::string text = string(pointer);
    if (const auto value = detail::parse_quantity(text, units, N)) return *value;
    throw wrong(pointer, expected, text);
  }

  std::string text_;
  std::vector<detail::JsonNode> nodes_;
};

}  // namespace sdk
}  // namespace sluice
