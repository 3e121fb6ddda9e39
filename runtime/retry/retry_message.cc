// SPDX-License-Identifier: Apache-2.0
#include "runtime/retry/retry_message.h"

#include <charconv>
#include <optional>
#include <string>

namespace sluice {
namespace {

template <typename T>
std::optional<T> number_of(const store::TopicMessage& message, std::string_view header) {
  std::optional<T> out;
  for (const auto& [name, value] : message.headers) {
    if (name != header) continue;
    T number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (out || error != std::errc() || end != value.data() + value.size()) return std::nullopt;
    out = number;
  }
  return out;
}

Status unreadable(std::string_view header) {
  return {Code::kCorrupt,
          "the header " + std::string(header) + " is missing, or does not hold one number"};
}

}  // namespace

store::TopicMessage retry_message(const DeadLetter& letter, int64_t retry_at_us) {
  store::TopicMessage out = store::message_of(letter);
  out.headers.emplace_back(kRetryCountHeader, std::to_string(letter.retries));
  out.headers.emplace_back(kRetryAtHeader, std::to_string(retry_at_us));
  return out;
}

Result<RetryMessage> read_retry_message(const store::TopicMessage& message) {
  RetryMessage out;
  SLUICE_ASSIGN_OR_RETURN(out.letter, store::letter_of_message(message));
  const auto count = number_of<uint32_t>(message, kRetryCountHeader);
  if (!count) return unreadable(kRetryCountHeader);
  const auto at = number_of<int64_t>(message, kRetryAtHeader);
  if (!at) return unreadable(kRetryAtHeader);
  out.letter.retries = *count;
  out.retry_at_us = *at;
  return out;
}

}  // namespace sluice
