// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::script {

// "2018-02-07T01:26:13.840Z" and what RFC 3339 allows beside it (offsets, any number of decimals, a
// space for the T), as milliseconds since 1970-01-01 UTC, rounded down. False if it is not a time.
bool parse_time_ms(std::string_view text, int64_t* ms);

}  // namespace sluice::script
