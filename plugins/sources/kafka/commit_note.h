// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::kafka_source {

// The metadata of a commit of ours. Nobody else writes it, so an offset without it was put there
// with Kafka's own tools.
struct CommitNote {
  std::uint32_t epoch = 0;  // it was made in
  std::string start;        // the value of `start` that was last applied; empty: none was

  [[nodiscard]] std::string text() const;
  // Nothing: not ours.
  static std::optional<CommitNote> parse(std::string_view metadata);
};

// Of an entry as it was read from the group. Nothing: no offset, or not ours.
std::optional<CommitNote> note_of(const rd_kafka_topic_partition_t& committed);
// Gives the entry its note.
void put_note(rd_kafka_topic_partition_t& entry, const CommitNote& note);

}  // namespace sluice::kafka_source
