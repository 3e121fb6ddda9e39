// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::store {

// A message of a Kafka topic, of any bytes. A message without value is a tombstone: what has its
// key is gone. Names of headers hold no NUL, since the client hands them out as C strings.
struct TopicMessage {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
};

// What a message takes in the topic, about, before it is compressed.
inline size_t message_bytes(const TopicMessage& message) {
  size_t bytes = 100 + (message.key ? message.key->size() : 0);
  bytes += message.value ? message.value->size() : 0;
  for (const auto& [name, value] : message.headers) bytes += 10 + name.size() + value.size();
  return bytes;
}

}  // namespace sluice::store
