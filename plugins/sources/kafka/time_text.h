// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::kafka_source {

// Milliseconds since 1970 of "2026-01-31", "2026-01-31T12:00:00Z", "...12:00:00.250+02:00" (RFC
// 3339; without a time of day: midnight UTC). Nothing: no such text, or no such day.
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace sluice::kafka_source
