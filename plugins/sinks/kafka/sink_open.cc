// SPDX-License-Identifier: Apache-2.0
//
// From a configuration to a client that can write to the topic.
#include <algorithm>
#include <array>

#include "plugins/sinks/kafka/errors.h"
#include "plugins/sinks/kafka/sink.h"

namespace sluice::kafka_sink {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAsk{200};  // between two looks whether to stop

}  // namespace

// May be called again after it failed: the client is kept, it goes on trying to connect.
void KafkaSink::open() {
  if (stopping()) throw Cancelled();
  if (!producer_.running() || spent_) begin_producer();
  wait_for_topic(options_.connect_timeout);
  learn_limits();
  if (options_.key == KeyFrom::kPointer && !columns_) {
    const std::array<Column, 1> wanted{Column{options_.key_pointer, SLUICE_COLUMN_AUTO}};
    columns_.emplace(context_.columns());
    columns_->declare(wanted);
  }
  opened_ = true;
}

void KafkaSink::begin_producer() {
  producer_.start(options_, limit_);
  spent_ = false;
  context_.metric(Metric::kClients, 1);
  if (!options_.transactional()) return;
  // Only once a broker answers: the wait for it tells what is wrong, this one would not.
  wait_for_topic(options_.connect_timeout);
  const auto deadline = Clock::now() + options_.connect_timeout;
  const Step step =
      Transaction(producer_.client()).init([&] { return stopping() || Clock::now() >= deadline; });
  if (step.result == Step::Result::kDone) return;
  producer_.end();
  if (stopping()) throw Cancelled();
  raise(step);
}

void KafkaSink::raise(const Step& step) {
  switch (step.result) {
    case Step::Result::kOperator:
      throw BadConfig(step.text);
    case Step::Result::kFatal:
      throw Fatal(step.text);
    case Step::Result::kDone:
    case Step::Result::kAborted:
    case Step::Result::kUnknown:
      break;
  }
  throw Transient(step.text, Reason::kBrokerError);
}

void KafkaSink::wait_for_topic(milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  producer_.forget_troubles();
  for (;;) {
    const TopicState state =
        look_at_topic(producer_.client(), producer_.topic(), std::min(kAsk, limit));
    producer_.poll(milliseconds(0));
    if (producer_.for_operator() != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw BadConfig(told("the brokers " + options_.connection.brokers + " do not let us in",
                           producer_.for_operator(), producer_.trouble()));
    }
    broker_ = state.broker;
    if (state.answered && topic_is_there(state)) return;
    if (stopping()) throw Cancelled();
    if (!producer_.all_down() && Clock::now() < deadline) continue;
    if (state.answered) throw Transient(told("topic " + options_.topic, state.error));
    throw Transient(told(
        "no broker of " + options_.connection.brokers + " answers",
        producer_.all_down() ? RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN : RD_KAFKA_RESP_ERR__TIMED_OUT,
        producer_.trouble()));
  }
}

// False: not yet, but it may come to be.
bool KafkaSink::topic_is_there(const TopicState& state) const {
  switch (fate_of(state.error)) {
    case Fate::kWritten:
      break;
    case Fate::kMissing:
      throw Transient("there is no topic " + options_.topic + " at " + options_.connection.brokers +
                      "; create it, or correct /topic");
    case Fate::kOperator:
      throw BadConfig(told("topic " + options_.topic, state.error));
    case Fate::kTooLarge:
    case Fate::kRefused:
    case Fate::kAgain:
    case Fate::kTimeout:
    case Fate::kFatal:
      return false;
  }
  if (options_.partition < state.partitions) return true;
  throw BadConfig("/partition: topic " + options_.topic + " has " +
                  std::to_string(state.partitions) + " partitions, counted from 0; found " +
                  std::to_string(options_.partition));
}

// The broker refuses a whole batch for one record's sake, so what it refuses is better known
// before.
void KafkaSink::learn_limits() {
  const auto wait = std::min<milliseconds>(options_.connect_timeout, std::chrono::seconds(5));
  limits_ = limits_of_topic(producer_.client(), options_.topic, broker_, wait,
                            [&] { return stopping(); });
  if (stopping()) throw Cancelled();
  limits_stale_ = false;
  if (limits_.batch == 0) {
    context_.info(told("max.message.bytes of topic " + options_.topic +
                           " cannot be read, so Kafka's default is assumed (let the user describe "
                           "its configuration: --operation DescribeConfigs)",
                       limits_.error));
    return;
  }
  if (limits_.batch == limit_) return;
  limit_ = limits_.batch;
  begin_producer();
}

void KafkaSink::need_client() {
  if (!producer_.running() || spent_) begin_producer();
  if (limits_stale_) learn_limits();
}

void KafkaSink::probe() {
  if (!opened_) throw Fatal("probe before open");
  need_client();
  wait_for_topic(std::min<milliseconds>(options_.connect_timeout, std::chrono::seconds(2)));
}

}  // namespace sluice::kafka_sink
