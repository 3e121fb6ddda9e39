// SPDX-License-Identifier: Apache-2.0
#pragma once

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

}  // namespace sluice::store
