// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace sluice::log {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kText, kJson };

// One key and value of an event line.
struct Field {
  template <typename T>
  Field(std::string_view name, const T& content) : key(name), value(to_text(content)) {}
  std::string_view key;
  std::string value;

 private:
  static std::string to_text(std::string_view v) { return std::string(v); }
  static std::string to_text(const std::string& v) { return v; }
  static std::string to_text(const char* v) { return v; }
  static std::string to_text(bool v) { return v ? "true" : "false"; }
  template <typename N>
  static std::string to_text(const N& v) {
    return std::to_string(v);
  }
};

// Once at start, before threads. Lines go to stderr. Without a call: text, info and above.
void configure(Format format, Level level);
void set_level(Level level);
// "debug", "info", "warn", "error"; anything else is info.
Level level_of(std::string_view name);
[[nodiscard]] bool enabled(Level level);

// Writes one line: time, level, the event's stable name ("source.stopped"), a sentence, fields.
// Control characters in values are escaped, so a record cannot forge a line. Thread-safe.
void write(Level level, std::string_view event, std::string_view text,
           std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::string_view text,
                  std::initializer_list<Field> fields = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, event, text, fields);
}
inline void info(std::string_view event, std::string_view text,
                 std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, event, text, fields);
}
inline void warn(std::string_view event, std::string_view text,
                 std::initializer_list<Field> fields = {}) {
  write(Level::kWarn, event, text, fields);
}
inline void error(std::string_view event, std::string_view text,
                  std::initializer_list<Field> fields = {}) {
  write(Level::kError, event, text, fields);
}

}  // namespace sluice::log
