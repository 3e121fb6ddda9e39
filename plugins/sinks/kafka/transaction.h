// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace sluice::kafka_sink {

// How a step of a transaction went.
struct Step {
  enum class Result : std::uint8_t {
    kDone,
    kAborted,   // the transaction has failed, and has been or has to be aborted; nothing is written
    kUnknown,   // no answer in time: it may have taken effect
    kOperator,  // a right, a configuration
    kFatal,     // fenced, or of no use any more
  };
  Result result = Result::kDone;
  std::string text;  // why, with the cure
};

// The calls of a transactional producer, each in slices, between which `give_up` is asked whether
// to go on.
class Transaction {
 public:
  using GiveUp = std::function<bool()>;
  explicit Transaction(rd_kafka_t* client) : client_(client) {}

  // Once for a client, before the first begin(): ends what another one of this id left behind.
  [[nodiscard]] Step init(const GiveUp& give_up);
  [[nodiscard]] Step begin();
  // Every message must be done before.
  [[nodiscard]] Step commit(const GiveUp& give_up);
  [[nodiscard]] Step abort(const GiveUp& give_up);

 private:
  [[nodiscard]] Step in_slices(const char* what, rd_kafka_error_t* (*call)(rd_kafka_t*, int),
                               const GiveUp& give_up);
  rd_kafka_t* client_;
};

}  // namespace sluice::kafka_sink
