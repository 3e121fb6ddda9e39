// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::kafka_source {

// The metadata of a commit of ours: the epoch it was made in. Nobody else writes it, so an offset
// without it was put there with Kafka's own tools.
std::string commit_note(std::uint32_t epoch);
// Nothing: not ours.
std::optional<std::uint32_t> epoch_of_note(std::string_view metadata);

// Of an entry as it was read from the group. Nothing: no offset, or not ours.
std::optional<std::uint32_t> epoch_of(const rd_kafka_topic_partition_t& committed);
// Gives the entry its note.
void note_epoch(rd_kafka_topic_partition_t& entry, std::uint32_t epoch);

}  // namespace sluice::kafka_source
