// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/store/kafka.h"

// The topic that dead letters are kept in: how it is made, and what is wrong with one that is
// there.
namespace sluice::store {

// What there is to know of it before it is used.
struct LetterTopic {
  uint32_t partitions = 0;
  std::map<std::string, std::string> config;  // empty: the user may not read it
  // For how long a tombstone is kept after its letter: whoever reads less often has to read again.
  [[nodiscard]] std::chrono::milliseconds tombstones_kept() const;
  // In bytes, before they are compressed; larger ones may or may not be taken.
  [[nodiscard]] size_t largest_message() const;
};

// kNotFound: there is none, and `make` is false. What it is made with is in docs/dead-letters.md.
Result<LetterTopic> find_letter_topic(KafkaWriter& writer, const KafkaTarget& target, bool make);

// Sentences for an operator; none: it is as it should be. `keep`: the longest dead_letters.keep of
// the pipelines.
std::vector<std::string> warnings_of(const LetterTopic& topic, const KafkaTarget& target,
                                     std::chrono::milliseconds keep);

}  // namespace sluice::store
