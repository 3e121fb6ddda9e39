// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/topic_change.h"

#include <algorithm>
#include <charconv>

#include "runtime/base/sha256.h"
#include "runtime/store/letter_message.h"
#include "runtime/store/letter_row.h"

namespace sluice::store {
namespace {

constexpr std::string_view kGone = "sluice.gone";
constexpr std::string_view kRedrive = "sluice.redrive";  // "<view>/<number>"
constexpr std::string_view kFate = "sluice.fate";
constexpr std::string_view kAt = "sluice.at_us";
constexpr std::string_view kDropped = "dropped";

const std::string* header_of(const TopicMessage& message, std::string_view name) {
  for (const auto& header : message.headers) {
    if (header.first == name) return &header.second;
  }
  return nullptr;
}

template <typename T>
bool whole_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void add_redrive_mark(TopicMessage& message, const RedriveMark& mark) {
  message.headers.emplace_back(kRedrive, mark.view + "/" + std::to_string(mark.redrive));
  message.headers.emplace_back(kFate, plan_column(mark.fate));
  message.headers.emplace_back(kAt, std::to_string(mark.at_us));
}

std::optional<RedriveMark> redrive_mark_of(const TopicMessage& message) {
  using Fate = RedrivenLetter::Fate;
  const std::string* redrive = header_of(message, kRedrive);
  const std::string* fate = header_of(message, kFate);
  const std::string* at = header_of(message, kAt);
  if (redrive == nullptr || fate == nullptr || at == nullptr) return std::nullopt;
  const size_t slash = redrive->find('/');
  if (slash == std::string::npos) return std::nullopt;
  RedriveMark out;
  out.view = redrive->substr(0, slash);
  const std::string_view number = std::string_view(*redrive).substr(slash + 1);
  if (!whole_number(number, out.redrive) || !whole_number(*at, out.at_us)) return std::nullopt;
  for (const Fate known : {Fate::kCommitted, Fate::kDuplicate, Fate::kFiltered, Fate::kFailed}) {
    if (*fate != plan_column(known)) continue;
    out.fate = known;
    return out;
  }
  return std::nullopt;
}

TopicMessage tombstone_of(std::string key, LetterEnd how) {
  TopicMessage out;
  out.key = std::move(key);
  std::string_view word = "purged";
  if (how == LetterEnd::kDropped) word = kDropped;
  if (how == LetterEnd::kRedriven) word = "redriven";
  out.headers.emplace_back(kGone, word);
  return out;
}

bool was_dropped(const TopicMessage& tombstone) {
  const std::string* how = header_of(tombstone, kGone);
  return how != nullptr && *how == kDropped;
}

std::string letter_id_of_key(std::string_view key) {
  constexpr size_t kLongest = 128;
  const bool typed = !key.empty() && key.size() <= kLongest &&
                     std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
  return typed ? std::string(key) : sha256_hex(key);
}

DeadLetter letter_of_any(const std::string& topic, const KafkaReader::Incoming& incoming) {
  auto letter = letter_of_message(incoming.message);
  const std::string lane = topic + "/" + std::to_string(incoming.place.partition);
  DeadLetter out;
  if (letter.is_ok()) {
    out = std::move(letter).value();
  } else {
    out.source = topic;
    out.lane = lane;
    out.position = static_cast<uint64_t>(incoming.place.offset);
    out.reason = "UNKNOWN";
    out.detail = letter.status().message();
    out.raw = incoming.message.value.value_or("");
    out.key = incoming.message.key;
    out.headers = incoming.message.headers;
    out.first_at_us = out.last_at_us = incoming.time_ms * 1000;
  }
  // A message without key is known by its place: nothing else can come to take it.
  out.id = letter_id_of_key(incoming.message.key
                                ? *incoming.message.key
                                : sha256_hex(lane + "/" + std::to_string(incoming.place.offset)));
  return out;
}

}  // namespace sluice::store
