// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/topic.h"

#include <charconv>
#include <memory>
#include <string_view>

#include "plugins/common/kafka_handles.h"

namespace sluice::kafka_sink {
namespace {

using common::kafka::ReleasedBy;
using std::chrono::milliseconds;

using AskedFor =
    std::unique_ptr<rd_kafka_ConfigResource_t, ReleasedBy<rd_kafka_ConfigResource_destroy>>;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, ReleasedBy<rd_kafka_AdminOptions_destroy>>;

void read_entry(const rd_kafka_ConfigEntry_t* entry, TopicLimits& out) {
  const std::string_view name = rd_kafka_ConfigEntry_name(entry);
  const char* text = rd_kafka_ConfigEntry_value(entry);
  if (text == nullptr) return;
  const std::string_view value(text);
  if (name == "max.message.bytes") {
    std::from_chars(value.data(), value.data() + value.size(), out.batch);
  } else if (name == "cleanup.policy") {
    out.needs_key = value.find("compact") != std::string_view::npos;
  }
}

}  // namespace

TopicState look_at_topic(rd_kafka_t* client, rd_kafka_topic_t* topic, milliseconds wait) {
  TopicState out;
  const rd_kafka_metadata_t* found = nullptr;
  out.error = rd_kafka_metadata(client, 0, topic, &found, static_cast<int>(wait.count()));
  const common::kafka::Metadata owned(found);
  if (out.error != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  out.answered = true;
  out.broker = found->orig_broker_id;
  if (found->topic_cnt != 1) return out;
  out.error = found->topics[0].err;
  out.partitions = found->topics[0].partition_cnt;
  return out;
}

TopicLimits limits_of_topic(rd_kafka_t* client, const std::string& topic, std::int32_t broker,
                            milliseconds wait, const std::function<bool()>& give_up) {
  TopicLimits out;
  const AskedFor resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const AdminOptions options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(wait.count()), nullptr,
                                            0);
  if (broker >= 0) rd_kafka_AdminOptions_set_broker(options.get(), broker, nullptr, 0);
  const common::kafka::Queue answers(rd_kafka_queue_new(client));
  rd_kafka_ConfigResource_t* asked = resource.get();
  rd_kafka_DescribeConfigs(client, &asked, 1, options.get(), answers.get());
  constexpr int kSlice = 50;
  common::kafka::Event event;
  for (auto left = wait.count() + 200; !event && left > 0 && !give_up(); left -= kSlice) {
    event.reset(rd_kafka_queue_poll(answers.get(), kSlice));
  }
  out.error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (!event) return out;
  out.error = rd_kafka_event_error(event.get());
  const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
  if (out.error != RD_KAFKA_RESP_ERR_NO_ERROR || result == nullptr) return out;
  std::size_t count = 0;
  const auto* resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  if (count != 1) return out;
  out.error = rd_kafka_ConfigResource_error(resources[0]);
  const auto* entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  for (std::size_t i = 0; i < count; ++i) read_entry(entries[i], out);
  return out;
}

}  // namespace sluice::kafka_sink
