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
constexpr std::string_view kStart = " start=";

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string CommitNote::text() const {
  std::string out = std::string(kOurs) + std::string(kEpoch) + std::to_string(epoch);
  if (!start.empty()) out += std::string(kStart) + start;
  return out;
}

std::optional<CommitNote> CommitNote::parse(std::string_view metadata) {
  CommitNote note;
  if (!take(metadata, kOurs)) return std::nullopt;
  if (metadata.empty()) return note;
  if (!take(metadata, kEpoch)) return std::nullopt;
  const char* end = metadata.data() + metadata.size();
  const auto [last, error] = std::from_chars(metadata.data(), end, note.epoch);
  if (error != std::errc()) return std::nullopt;
  metadata.remove_prefix(static_cast<std::size_t>(last - metadata.data()));
  if (take(metadata, kStart) && metadata.find(' ') == std::string_view::npos) {
    note.start = metadata;
    metadata = {};
  }
  return metadata.empty() ? std::optional(note) : std::nullopt;
}

std::optional<CommitNote> note_of(const rd_kafka_topic_partition_t& committed) {
  if (committed.offset < 0 || committed.metadata == nullptr) return std::nullopt;
  return CommitNote::parse({static_cast<const char*>(committed.metadata), committed.metadata_size});
}

void put_note(rd_kafka_topic_partition_t& entry, const CommitNote& note) {
  const std::string content = note.text();
  // Freed with the list, by the C library. NOLINTNEXTLINE(cppcoreguidelines-no-malloc)
  auto* text = static_cast<char*>(std::malloc(content.size()));
  if (text == nullptr) throw std::bad_alloc();
  std::memcpy(text, content.data(), content.size());
  entry.metadata = text;
  entry.metadata_size = content.size();
}

}  // namespace sluice::kafka_source
