// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// What text has to look like so that PostgreSQL takes it as what it says, whatever its settings.
namespace sluice::postgres_sink {

// YYYY-MM-DD, a day that exists, from the year 1.
bool is_date(std::string_view text);

// RFC 3339: date, `T` or a space, hh:mm:ss with any fraction, `Z` or an offset.
bool is_timestamp(std::string_view text);

// 8-4-4-4-12 hexadecimal digits.
bool is_uuid(std::string_view text);

// A JSON number that PostgreSQL's numeric holds: at most 131072 digits before the point and 16383
// behind it. `decimals`: digits behind the point that are not zeros at its end.
bool is_numeric(std::string_view text, uint32_t* decimals);

// Appends the bytes that base64 text stands for, in hexadecimal digits. False: it is none, or not
// the one way to write those bytes (RFC 4648, section 4: padded, without line ends).
bool append_base64_in_hex(std::string_view text, std::string* out);

}  // namespace sluice::postgres_sink
