// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "runtime/base/status.h"
#include "runtime/store/dead_letter.h"
#include "runtime/store/topic_message.h"

// Dead letters as messages that any other tool can read, and back without loss.
//
// key      the letter's id
// value    the record's own bytes, untouched
// headers  the record's own under their own names and in their order, and what is known of the
//          failure under names that begin with `sluice.`, numbers in decimal: sluice.reason,
//          sluice.stage, sluice.position ... (docs/formats.md lists them). What has its default is
//          left out. A record's own header whose name begins so, too, or is no text, travels as
//          sluice.own; a record's own key as sluice.key.
//
// A record without value has an empty one here and sluice.no_value, since a message without value
// says that the letter is gone.
namespace sluice::store {

inline constexpr std::string_view kLetterHeaders = "sluice.";
// Tells letters from other messages; its value is the number of the format.
inline constexpr std::string_view kLetterHeader = "sluice.letter";
inline constexpr std::string_view kLetterMessageFormat = "1";

// All of a letter but `seq` and `masked`. An empty id is filled by letter_id().
TopicMessage message_of(const DeadLetter& letter);

// True when the message claims to be a letter of ours; it may be damaged still.
bool is_letter_message(const TopicMessage& message);

// The letter again. Messages are what anybody wrote: kNotFound, it is no letter; kInvalid, a newer
// program wrote it; kCorrupt, it claims to be one, and the message says what is wrong. Headers
// `sluice.*` that this program does not know are passed over. `seq` is 0.
Result<DeadLetter> letter_of_message(const TopicMessage& message);

}  // namespace sluice::store
