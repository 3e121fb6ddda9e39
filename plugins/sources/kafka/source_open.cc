// SPDX-License-Identifier: Apache-2.0
//
// From a configuration to a member of the group.
#include <algorithm>
#include <utility>

#include "plugins/common/kafka_errors.h"
#include "plugins/sources/kafka/source.h"

namespace sluice::kafka_source {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAsk{200};  // between two looks whether to stop

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) (text += text.empty() ? "" : ", ") += word;
  return text;
}

}  // namespace

// May be called again after it failed: the client is kept, it goes on trying to connect.
void KafkaSource::open() {
  stop_.open();
  if (!client_) start_client();
  wait_for_brokers();
  check_topics();
  last_room_ = Clock::now();
}

void KafkaSource::start_client() {
  auto conf = client_conf(options_);
  common::kafka::log_to(conf.get(), &log_);
  auto client = common::kafka::make_client(RD_KAFKA_CONSUMER, std::move(conf));
  rd_kafka_poll_set_consumer(client.get());
  queue_.reset(rd_kafka_queue_get_consumer(client.get()));
  client_ = std::move(client);
  committer_.open(client_.get());
  lag_topic_.open();
}

void KafkaSource::wait_for_brokers() {
  const auto deadline = Clock::now() + options_.connect_timeout;
  down_.clear();
  for (;;) {
    const rd_kafka_metadata_t* found = nullptr;
    const auto error =
        rd_kafka_metadata(client_.get(), 0, nullptr, &found, static_cast<int>(kAsk.count()));
    const common::kafka::Metadata owned(found);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      down_.clear();
      doubt_.clear();
      return;
    }
    while (Event event = next_event(milliseconds(0))) {
      if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_ERROR) continue;
      const auto trouble = rd_kafka_event_error(event.get());
      if (common::kafka::needs_operator(trouble)) {
        throw BadConfig(common::kafka::sentence(
            "the brokers " + options_.connection.brokers + " do not let us in", trouble,
            rd_kafka_event_error_string(event.get())));
      }
      on_error(event.get());
    }
    if (stop_.stopped()) throw Cancelled();
    if (down_.empty() && Clock::now() < deadline) continue;
    const std::string text =
        down_.empty() ? all_down(RD_KAFKA_RESP_ERR__TIMED_OUT, last_trouble_) : down_;
    throw Transient(text);
  }
}

void KafkaSource::check_topics() {
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < options_.topics.size(); ++i) {
    if (options_.is_pattern(i)) continue;
    const std::string& topic = options_.topics[i];
    const common::kafka::TopicHandle handle(
        rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
    const rd_kafka_metadata_t* found = nullptr;
    const auto error = rd_kafka_metadata(client_.get(), 0, handle.get(), &found,
                                         static_cast<int>(options_.connect_timeout.count()));
    const common::kafka::Metadata owned(found);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw Transient(common::kafka::sentence("topic " + topic + " cannot be looked up", error));
    }
    if (found->topic_cnt != 1) continue;
    const auto trouble = found->topics[0].err;
    if (trouble == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) missing.push_back(topic);
    if (common::kafka::needs_operator(trouble)) {
      throw BadConfig(common::kafka::sentence("topic " + topic, trouble));
    }
    if (stop_.stopped()) throw Cancelled();
  }
  if (missing.empty()) return;
  const std::string text = (missing.size() == 1 ? "there is no topic " : "there are no topics ") +
                           listed(missing) + " at " + options_.connection.brokers +
                           "; create it, or correct /topics";
  // With others to read, those go on, and these are taken up when they come.
  if (missing.size() == options_.topics.size()) throw Transient(text);
  tell_once(SLUICE_LOG_ERROR, text);
}

void KafkaSource::subscribe() {
  const auto list = common::kafka::new_partitions(options_.topics.size());
  for (const std::string& topic : options_.topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const auto error = rd_kafka_subscribe(client_.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw BadConfig(common::kafka::sentence("/topics: " + listed(options_.topics), error));
  }
  subscribed_ = true;
}

}  // namespace sluice::kafka_source
