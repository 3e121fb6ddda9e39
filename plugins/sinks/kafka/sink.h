// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <sluice/plugin.hpp>
#include <span>
#include <string>
#include <vector>

#include "plugins/sinks/kafka/message.h"
#include "plugins/sinks/kafka/options.h"
#include "plugins/sinks/kafka/producer.h"
#include "plugins/sinks/kafka/topic.h"
#include "plugins/sinks/kafka/transaction.h"

namespace sluice::kafka_sink {

enum class Reason : std::uint16_t {
  kTooLarge,
  kKeyMissing,
  kRefused,
  kTopicInvalid,
  kTooManyTopics,
  kTopicMissing,
  kDeliveryTimeout,
  kBrokerError,
  kCount
};
enum class Metric : std::uint16_t {
  kDeliverySeconds,
  kBytes,
  kClients,
  kQueueFull,
  kCulpritSearches,
  kTransactions,
  kTransactionsAborted,
  kTopics,
  kCount
};

// The `kafka` sink: hands a batch to the client without copying it and waits until each message is
// reported as written, refused or given up.
class KafkaSink {
 public:
  KafkaSink(Context context, const Config& config);

  void open();
  void write(const Batch& batch, Outcomes out);
  void probe();
  void stop() noexcept { stopped_ = true; }
  void close();

 private:
  using Clock = std::chrono::steady_clock;
  // Why a write ended before every message was done.
  // kFailed: in a transaction a message failed, after which the client sends no other.
  enum class Cut : std::uint8_t { kNone, kDeadline, kStop, kOperator, kFatal, kFailed };

  // A topic that records go to.
  struct Target {
    std::string name;
    TopicLimits limits;
    rd_kafka_topic_t* handle = nullptr;  // of the client there is now
    bool there = false;
    std::string why;  // it is not
  };

  // sink_topics.cc
  void choose_topics(const Batch& batch, Outcomes out);
  Target* target_of(const Batch& batch, std::size_t i, Outcomes out);
  void look_up(Target& target);
  bool blames_topic(std::size_t i);

  // sink_open.cc
  TopicState ask(rd_kafka_topic_t* topic, std::chrono::milliseconds limit);
  TopicLimits ask_limits(const std::string& topic);
  void wait_for_topic(std::chrono::milliseconds limit);
  void learn_limits();
  void need_client();
  void begin_producer();
  [[noreturn]] void raise(const Step& step);

  // sink_write.cc
  void plan(const Batch& batch, Outcomes out);
  [[nodiscard]] Message message(const Batch& batch, std::size_t i) const;
  void send(const Batch& batch, std::span<const std::size_t> wanted);
  [[nodiscard]] bool go_on();
  void isolate(const Batch& batch);
  std::size_t still_blamed(std::size_t first, std::size_t last);
  void answer(const Batch& batch, Outcomes out);
  bool answer_one(std::size_t i, Outcomes out);
  void answer_undone(std::size_t i, Outcomes out, bool call_fails);
  [[noreturn]] void fail_call();

  // sink_transaction.cc
  void write_transaction(const Batch& batch, Outcomes out);
  void commit(Outcomes out);
  void abort();
  void check_all_sent();

  [[nodiscard]] bool stopping() const { return stopped_ || context_.stopping(); }

  Context context_;
  Options options_;
  Producer producer_;
  std::atomic<bool> stopped_{false};
  std::optional<Columns> columns_;  // those of the key's pointer, then of the topic's
  bool opened_ = false;
  std::int32_t broker_ = -1;               // the one that answered last
  Target fixed_;                           // the topic, where records have no say
  std::map<std::string, Target> targets_;  // those they have chosen
  std::uint64_t limit_ = kUsualLimit;      // the smallest max.message.bytes
  std::uint64_t largest_ = 0;
  std::uint64_t made_limit_ = 0;  // for which the client was made
  std::uint64_t made_largest_ = 0;
  bool limits_stale_ = false;
  bool spent_ = false;  // the client is to be replaced before the next write

  // Of the write under way.
  std::optional<Cells> cells_;
  std::vector<Report> reports_;      // one a record
  std::vector<Target*> where_;       // likewise; null: it has its verdict
  std::vector<std::size_t> wanted_;  // the records to send
  Clock::time_point deadline_{};
  std::optional<Clock::time_point> stop_seen_;
  Cut cut_ = Cut::kNone;
};

extern const sluice_component kKafkaSink;

}  // namespace sluice::kafka_sink
