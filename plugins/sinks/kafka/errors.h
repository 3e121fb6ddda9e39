// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::kafka_sink {

// What the error of one message stands for.
enum class Fate : std::uint8_t {
  kWritten,
  kTooLarge,  // the broker takes no batch that large
  kRefused,   // it refuses what a message holds
  kAgain,     // a matter of the moment
  kTimeout,   // it was given up while it waited
  kMissing,   // there is no such topic
  kOperator,  // a right, a password, a configuration
  kFatal,     // the client can do no more
};

Fate fate_of(rd_kafka_resp_err_t error);

// The broker refuses a batch as a whole, whichever message of it is at fault.
constexpr bool blames_batch(Fate fate) { return fate == Fate::kTooLarge || fate == Fate::kRefused; }

// "what: text (code); cure", with the cures of a sink.
std::string told(std::string_view what, rd_kafka_resp_err_t error, std::string_view text = {});

}  // namespace sluice::kafka_sink
