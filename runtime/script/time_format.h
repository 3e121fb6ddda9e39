// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Times by a format, and steps of the calendar. Times are milliseconds since 1970-01-01 UTC, within
// [kFirstMs, kLastMs]; offsets are minutes east of UTC. There are no time zones here, whose rules
// change from one machine to the next.
namespace sluice::script {

inline constexpr int64_t kFirstMs = -62'167'219'200'000;  // 0000-01-01
inline constexpr int64_t kLastMs = 253'402'300'799'999;   // 9999-12-31

enum class TimeUnit { kMillisecond, kSecond, kMinute, kHour, kDay, kWeek, kMonth, kYear };

// "day" and so on; nothing if it is no unit.
std::optional<TimeUnit> time_unit(std::string_view name);
// "Z", "+02:00", "-0530".
std::optional<int> parse_offset(std::string_view text);

// Appends the time as `format` says; false: error says which directive is unknown.
bool format_time(int64_t ms, int offset, std::string_view format, std::string* out,
                 std::string* error);
// Reads a time that was written as `format` says; `offset` counts unless the text has one (%z).
// False: error says what was expected, and where.
bool parse_time(std::string_view text, std::string_view format, int offset, int64_t* ms,
                std::string* error);

// The beginning of the unit that `ms` lies in; a week begins on Monday.
int64_t floor_time(int64_t ms, TimeUnit unit, int offset);
// `n` units later, by the calendar: a month after January 31st is the last of February. Nothing
// when it leaves the range.
std::optional<int64_t> add_time(int64_t ms, int64_t n, TimeUnit unit);

}  // namespace sluice::script
