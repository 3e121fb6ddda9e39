// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <sluice/plugin.hpp>
#include <string>
#include <string_view>

#include "plugins/common/kafka_errors.h"
#include "plugins/common/kafka_handles.h"
#include "plugins/sinks/kafka/message.h"
#include "plugins/sinks/kafka/options.h"

namespace sluice::kafka_sink {

// What became of one message.
struct Report {
  enum class State : std::uint8_t { kUnsent, kUnderWay, kDone };
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  State state = State::kUnsent;
  bool maybe_written = false;  // with an error: an effect may exist all the same
  bool at_home = false;        // the client itself refused it; no broker saw it
};

// The client that sends. Its callbacks run inside poll() and flush(), on the caller's thread, but
// for the log's. Not thread-safe.
class Producer {
 public:
  explicit Producer(Context context);
  ~Producer() { end(); }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Makes the client; one that there was is ended. Throws BadConfig.
  void start(const Options& options, std::uint64_t limit, std::uint64_t largest);
  [[nodiscard]] bool running() const { return client_ != nullptr; }
  // Lets the client go, at once: what it has not sent is forgotten.
  void end();

  // Hands a message over without copying its key and value: they and `report` must stay until it is
  // done. ERR__QUEUE_FULL: poll, then try again. Any other error stands in the report as well.
  rd_kafka_resp_err_t send(rd_kafka_topic_t* topic, const Message& message, Report& report);
  // Waits at most so long for something to happen, and takes it in.
  void poll(std::chrono::milliseconds wait);
  // The same, and has the client send at once what it has. True: every message is done.
  bool flush(std::chrono::milliseconds wait);
  // Gives up what is under way. On return every message is done and nobody looks at its memory.
  void purge();
  [[nodiscard]] std::size_t under_way() const { return state_.under_way; }

  // Messages reported with an error since forget_troubles().
  [[nodiscard]] std::size_t failed() const { return state_.failed; }

  // What the client had to complain about since forget_troubles().
  [[nodiscard]] rd_kafka_resp_err_t for_operator() const { return state_.for_operator; }
  [[nodiscard]] bool fatal() const { return state_.fatal; }
  [[nodiscard]] bool all_down() const { return state_.all_down; }
  [[nodiscard]] std::string_view trouble() const { return state_.trouble.data(); }
  // Why it can do no more, as a sentence.
  [[nodiscard]] std::string fatal_text() const;
  void forget_troubles();

  [[nodiscard]] rd_kafka_t* client() const { return client_.get(); }
  // Valid as long as the client, or until it is forgotten. Throws BadConfig.
  [[nodiscard]] rd_kafka_topic_t* topic(const std::string& name);
  void forget_topic(const std::string& name) { topics_.erase(name); }

 private:
  // The client keeps a pointer to it. Texts have room of their own: a callback must not throw.
  struct State : common::kafka::ClientLog {
    using ClientLog::ClientLog;
    std::size_t under_way = 0;
    std::size_t failed = 0;
    rd_kafka_resp_err_t for_operator = RD_KAFKA_RESP_ERR_NO_ERROR;
    bool fatal = false;
    bool all_down = false;  // no broker is connected
    std::array<char, 512> trouble{};
  };
  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  static void on_error(rd_kafka_t* client, int error, const char* text, void* opaque);

  State state_;
  common::kafka::Client client_;
  std::map<std::string, common::kafka::TopicHandle> topics_;
  std::int32_t partition_ = RD_KAFKA_PARTITION_UA;
};

}  // namespace sluice::kafka_sink
