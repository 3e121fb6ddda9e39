// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/producer.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "plugins/sinks/kafka/errors.h"

namespace sluice::kafka_sink {
namespace {

using std::chrono::milliseconds;

using common::kafka::memory_of;
using common::kafka::value_of;

}  // namespace

Producer::Producer(Context context) : state_(context) {}

void Producer::start(const Options& options, std::uint64_t limit, std::uint64_t largest) {
  end();
  auto conf = client_conf(options, limit, largest);
  common::kafka::log_to(conf.get(), &state_);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  auto client = common::kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf));
  state_.under_way = 0;
  state_.fatal = false;
  forget_troubles();
  client_ = std::move(client);
  partition_ = options.partition < 0 ? RD_KAFKA_PARTITION_UA : options.partition;
}

rd_kafka_topic_t* Producer::topic(const std::string& name) {
  common::kafka::TopicHandle& handle = topics_[name];
  if (!handle) handle.reset(rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
  if (!handle) throw BadConfig(told("/topic: " + name, rd_kafka_last_error()));
  return handle.get();
}

void Producer::end() {
  if (!client_) return;
  if (state_.under_way != 0) purge();
  topics_.clear();
  client_.reset();
}

rd_kafka_resp_err_t Producer::send(rd_kafka_topic_t* topic, const Message& message,
                                   Report& report) {
  std::array<rd_kafka_vu_t, 8> values{};
  std::size_t count = 0;
  values[count] = value_of(RD_KAFKA_VTYPE_RKT);
  values[count++].u.rkt = topic;
  values[count] = value_of(RD_KAFKA_VTYPE_PARTITION);
  values[count++].u.i32 = partition_;
  values[count] = value_of(RD_KAFKA_VTYPE_OPAQUE);
  values[count++].u.ptr = &report;
  values[count] = value_of(RD_KAFKA_VTYPE_TIMESTAMP);
  values[count++].u.i64 = message.time_ms;
  if (message.key.data() != nullptr) {
    values[count++] = memory_of(RD_KAFKA_VTYPE_KEY, message.key);
  }
  if (message.value.data() != nullptr) {
    values[count++] = memory_of(RD_KAFKA_VTYPE_VALUE, message.value);
  }
  Headers headers = headers_of(message);
  if (headers) {
    values[count] = value_of(RD_KAFKA_VTYPE_HEADERS);
    values[count++].u.headers = headers.get();
  }
  const common::kafka::ErrorHandle refused(rd_kafka_produceva(client_.get(), values.data(), count));
  if (!refused) {
    static_cast<void>(headers.release());  // the client's now
    report = {RD_KAFKA_RESP_ERR_NO_ERROR, Report::State::kUnderWay, false, false};
    ++state_.under_way;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  const auto error = rd_kafka_error_code(refused.get());
  if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    report = {error, Report::State::kDone, false, true};
  }
  return error;
}

void Producer::poll(milliseconds wait) {
  rd_kafka_poll(client_.get(), static_cast<int>(wait.count()));
}

bool Producer::flush(milliseconds wait) {
  if (state_.under_way == 0) return true;
  rd_kafka_flush(client_.get(), static_cast<int>(wait.count()));
  return state_.under_way == 0;
}

void Producer::purge() {
  if (!client_ || state_.under_way == 0) return;
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  constexpr int kRounds = 10;
  for (int i = 0; i < kRounds && !flush(milliseconds(50)); ++i) {
  }
  if (state_.under_way == 0) return;
  // A thread of the client's is stuck. It lets go of the memory when it ends, and this waits for
  // it; the reports that are missing stay as they are.
  topics_.clear();
  client_.reset();
  state_.under_way = 0;
}

std::string Producer::fatal_text() const {
  if (!client_) return "the Kafka client had to be given up";
  std::array<char, 512> text{};
  const auto error = rd_kafka_fatal_error(client_.get(), text.data(), text.size());
  return told("the Kafka client cannot go on", error, text.data());
}

void Producer::forget_troubles() {
  state_.for_operator = RD_KAFKA_RESP_ERR_NO_ERROR;
  state_.all_down = false;
  state_.failed = 0;
  state_.trouble.front() = '\0';
}

void Producer::on_delivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message,
                           void* opaque) {
  auto& state = *static_cast<State*>(static_cast<common::kafka::ClientLog*>(opaque));
  auto& report = *static_cast<Report*>(message->_private);
  --state.under_way;
  report.state = Report::State::kDone;
  report.error = message->err;
  report.maybe_written = false;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  ++state.failed;
  report.maybe_written = rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
}

void Producer::on_error(rd_kafka_t* /*client*/, int error, const char* text, void* opaque) {
  auto& state = *static_cast<State*>(static_cast<common::kafka::ClientLog*>(opaque));
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    state.fatal = true;
    return;
  }
  if (common::kafka::needs_operator(code)) state.for_operator = code;
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    state.all_down = true;
    if (state.trouble.front() != '\0') return;  // which says more
  }
  const std::size_t size = std::min(std::strlen(text), state.trouble.size() - 1);
  std::memcpy(state.trouble.data(), text, size);
  state.trouble[size] = '\0';
}

}  // namespace sluice::kafka_sink
