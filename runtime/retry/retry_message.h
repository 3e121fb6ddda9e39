// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/base/status.h"
#include "runtime/store/letter_message.h"

// A record that waits in a retry topic: the message of a letter (letter_message.h) with two headers
// more.
//
// sluice.retry_count   how often it has been put into a retry topic, from 1
// sluice.retry_at      not before this time: microseconds since 1970 in UTC
namespace sluice {

inline constexpr std::string_view kRetryCountHeader = "sluice.retry_count";
inline constexpr std::string_view kRetryAtHeader = "sluice.retry_at";

// `letter.retries` counts this time in.
store::TopicMessage retry_message(const DeadLetter& letter, int64_t retry_at_us);

struct RetryMessage {
  DeadLetter letter;  // with `retries`
  int64_t retry_at_us = 0;
};
// Errors as of letter_of_message(), kCorrupt for headers that are missing or cannot be read.
Result<RetryMessage> read_retry_message(const store::TopicMessage& message);

}  // namespace sluice
