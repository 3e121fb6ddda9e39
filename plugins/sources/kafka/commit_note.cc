// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/commit_note.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <new>

namespace sluice::kafka_source {
namespace {

constexpr std::string_view kOurs = "sluice/1";
constexpr std::string_view kEpoch = " epoch=";

}  // namespace

std::string commit_note(std::uint32_t epoch) {
  return std::string(kOurs) + std::string(kEpoch) + std::to_string(epoch);
}

std::optional<std::uint32_t> epoch_of_note(std::string_view metadata) {
  if (!metadata.starts_with(kOurs)) return std::nullopt;
  metadata.remove_prefix(kOurs.size());
  if (metadata.empty()) return 0;
  if (!metadata.starts_with(kEpoch)) return std::nullopt;
  metadata.remove_prefix(kEpoch.size());
  std::uint32_t epoch = 0;
  const char* end = metadata.data() + metadata.size();
  const auto [last, error] = std::from_chars(metadata.data(), end, epoch);
  return error == std::errc() && last == end ? std::optional(epoch) : std::nullopt;
}

std::optional<std::uint32_t> epoch_of(const rd_kafka_topic_partition_t& committed) {
  if (committed.offset < 0 || committed.metadata == nullptr) return std::nullopt;
  return epoch_of_note({static_cast<const char*>(committed.metadata), committed.metadata_size});
}

void note_epoch(rd_kafka_topic_partition_t& entry, std::uint32_t epoch) {
  const std::string note = commit_note(epoch);
  // Freed with the list, by the C library. NOLINTNEXTLINE(cppcoreguidelines-no-malloc)
  auto* text = static_cast<char*>(std::malloc(note.size()));
  if (text == nullptr) throw std::bad_alloc();
  std::memcpy(text, note.data(), note.size());
  entry.metadata = text;
  entry.metadata_size = note.size();
}

}  // namespace sluice::kafka_source
