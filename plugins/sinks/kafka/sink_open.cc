// SPDX-License-Identifier: Apache-2.0
//
// From a configuration to a client that can write to the topic.
#include <algorithm>
#include <vector>

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
  std::vector<Column> wanted;
  if (options_.key == KeyFrom::kPointer) wanted.push_back({options_.key_pointer});
  for (const std::string& pointer : options_.topic_of.pointers()) wanted.push_back({pointer});
  if (!wanted.empty() && !columns_) {
    columns_.emplace(context_.columns());
    columns_->declare(wanted);
  }
  opened_ = true;
}

void KafkaSink::begin_producer() {
  producer_.start(options_, limit_, largest_);
  made_limit_ = limit_;
  made_largest_ = largest_;
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

// Asks until the cluster says what there is to say of it; `topic` may be null: whether it answers.
// A state that would pass is returned once the time is over.
TopicState KafkaSink::ask(rd_kafka_topic_t* topic, milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  producer_.forget_troubles();
  for (;;) {
    const TopicState state = look_at_topic(producer_.client(), topic, std::min(kAsk, limit));
    producer_.poll(milliseconds(0));
    if (producer_.for_operator() != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw BadConfig(told("the brokers " + options_.connection.brokers + " do not let us in",
                           producer_.for_operator(), producer_.trouble()));
    }
    broker_ = state.broker;
    const Fate fate = fate_of(state.error);
    const bool final = fate == Fate::kWritten || fate == Fate::kMissing || fate == Fate::kOperator;
    if (state.answered && final) return state;
    if (stopping()) throw Cancelled();
    if (!producer_.all_down() && Clock::now() < deadline) continue;
    if (state.answered) return state;
    throw Transient(told(
        "no broker of " + options_.connection.brokers + " answers",
        producer_.all_down() ? RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN : RD_KAFKA_RESP_ERR__TIMED_OUT,
        producer_.trouble()));
  }
}

// Where records choose their topics: for a broker.
void KafkaSink::wait_for_topic(milliseconds limit) {
  const bool fixed = options_.topic_of.fixed();
  const TopicState state = ask(fixed ? producer_.topic(options_.topic) : nullptr, limit);
  if (!fixed) return;
  const Fate fate = fate_of(state.error);
  if (fate == Fate::kMissing) {
    throw Transient("there is no topic " + options_.topic + " at " + options_.connection.brokers +
                    "; create it, or correct /topic");
  }
  const std::string text = told("topic " + options_.topic, state.error);
  if (fate == Fate::kOperator) throw BadConfig(text);
  if (fate != Fate::kWritten) throw Transient(text);
  if (options_.partition < state.partitions) return;
  throw BadConfig("/partition: topic " + options_.topic + " has " +
                  std::to_string(state.partitions) + " partitions, counted from 0; found " +
                  std::to_string(options_.partition));
}

TopicLimits KafkaSink::ask_limits(const std::string& topic) {
  const auto wait = std::min<milliseconds>(options_.connect_timeout, std::chrono::seconds(5));
  TopicLimits limits =
      limits_of_topic(producer_.client(), topic, broker_, wait, [&] { return stopping(); });
  if (stopping()) throw Cancelled();
  if (limits.batch == 0) {
    context_.info(told("max.message.bytes of topic " + topic +
                           " cannot be read, so Kafka's default is assumed (let the user describe "
                           "its configuration: --operation DescribeConfigs)",
                       limits.error));
  }
  return limits;
}

// The broker refuses a whole batch for one record's sake, so what it refuses is better known
// before.
void KafkaSink::learn_limits() {
  limits_stale_ = false;
  if (!options_.topic_of.fixed()) {
    targets_.clear();  // asked for with the next record that names them
    return;
  }
  fixed_.name = options_.topic;
  fixed_.limits = ask_limits(options_.topic);
  if (fixed_.limits.batch == 0 || fixed_.limits.batch == limit_) return;
  limit_ = fixed_.limits.batch;
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
