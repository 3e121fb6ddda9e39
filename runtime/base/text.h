// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

// Text as people and formats write it. Admission: pure functions on strings that at least two
// modules need; nothing that knows a domain.
namespace sluice {

// Offset of the first byte that is not part of well-formed UTF-8 (surrogates and overlong forms
// refused, as in RFC 3629), or text.size().
size_t utf8_valid_prefix(std::string_view text);
inline bool is_utf8(std::string_view text) { return utf8_valid_prefix(text) == text.size(); }

// Appends `text` as a JSON string with quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
// Appends with control characters written as \xNN, so that it stays on one line.
void append_escaped(std::string& out, std::string_view text);

// At most max_bytes of `text`, cut at a character, with "..." when something was left out.
std::string shorten(std::string_view text, size_t max_bytes);

std::string to_hex(std::span<const unsigned char> bytes);
std::string to_base64(std::string_view bytes);

// "200ms", "30s", "5m", "2h", "7d"; a bare number is refused (except 0).
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds duration);
// "64MiB", "2GiB", "512KiB", "100kB", "1MB", "4096" (bytes).
Result<uint64_t> parse_size(std::string_view text);
std::string format_size(uint64_t bytes);
// "50000/s", "100/m"; per second.
Result<double> parse_rate(std::string_view text);
// "2018-02-07T01:26:13.840Z" from microseconds since 1970-01-01 UTC (millisecond precision).
std::string format_time_us(int64_t us);

// The candidate nearest to `word` if it is near enough to be a slip of the hand (Damerau-
// Levenshtein distance of at most a third of its length, at least 1).
std::optional<std::string> did_you_mean(std::string_view word,
                                        std::span<const std::string> candidates);

}  // namespace sluice
