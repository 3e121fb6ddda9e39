// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/store/kafka.h"
#include "runtime/store/redrive_plan.h"

// What messages of a topic of dead letters say besides the letters themselves (letter_message.h):
// that one is gone and why, and which redrive it left.
namespace sluice::store {

// A letter left a redrive. Plans are each view's own, so a number alone would mean another one
// elsewhere.
struct RedriveMark {
  std::string view;
  uint64_t redrive = 0;
  RedrivenLetter::Fate fate = RedrivenLetter::Fate::kCommitted;
  int64_t at_us = 0;
};
void add_redrive_mark(TopicMessage& message, const RedriveMark& mark);
// Nothing: there is none, or none that can be read.
std::optional<RedriveMark> redrive_mark_of(const TopicMessage& message);

enum class LetterEnd { kPurged, kDropped, kRedriven };
// `key`: of the message that is gone.
TopicMessage tombstone_of(std::string key, LetterEnd how);
bool was_dropped(const TopicMessage& tombstone);

// The id of the letter whose message has this key: the key itself, unless it is none that people
// could type; then its hash.
std::string letter_id_of_key(std::string_view key);

// Any message with a value as a letter: what is no letter of ours, or a damaged one, is shown with
// the reason UNKNOWN, the value as its bytes and all headers, so that nothing in a topic is
// invisible.
DeadLetter letter_of_any(const std::string& topic, const KafkaReader::Incoming& incoming);

}  // namespace sluice::store
