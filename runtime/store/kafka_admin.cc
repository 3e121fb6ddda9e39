// SPDX-License-Identifier: Apache-2.0
// What KafkaWriter does about topics besides writing to them.
#include "runtime/store/kafka_writer.h"

namespace sluice::store {
namespace {

using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, kafka::ReleasedBy<rd_kafka_NewTopic_destroy>>;
using ConfigResource =
    std::unique_ptr<rd_kafka_ConfigResource_t, kafka::ReleasedBy<rd_kafka_ConfigResource_destroy>>;
using Deletion =
    std::unique_ptr<rd_kafka_DeleteRecords_t, kafka::ReleasedBy<rd_kafka_DeleteRecords_destroy>>;

kafka::AdminOptions admin_options(rd_kafka_t* client, rd_kafka_admin_op_t operation) {
  kafka::AdminOptions options(rd_kafka_AdminOptions_new(client, operation));
  std::array<char, 256> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kKafkaPatienceMs, why.data(),
                                            why.size());
  return options;
}

std::string_view text_or_empty(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

Result<kafka::Metadata> KafkaWriter::State::metadata(const std::string* topic) {
  const std::string what = target.shown + ": the brokers cannot be asked";
  troubles.forget();
  kafka::TopicHandle handle(
      topic == nullptr ? nullptr : rd_kafka_topic_new(client.get(), topic->c_str(), nullptr));
  // In steps, so that a wrong password is told at once.
  constexpr int kSteps = 4;
  Status status;
  for (int step = 0; step < kSteps; ++step) {
    const rd_kafka_metadata_t* found = nullptr;
    const auto error =
        rd_kafka_metadata(client.get(), 0, handle.get(), &found, kKafkaPatienceMs / kSteps);
    kafka::Metadata out(found);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return out;
    rd_kafka_poll(client.get(), 0);  // what the client has met meanwhile
    status = troubles.latest(what);
    if (status.code() == Code::kInvalid) break;
    if (status) status = kafka_status(what, error);
  }
  return status;
}

Result<std::optional<uint32_t>> KafkaWriter::partitions(const std::string& topic) {
  SLUICE_ASSIGN_OR_RETURN(const kafka::Metadata found, state_->metadata(&topic));
  if (found->topic_cnt != 1) return std::optional<uint32_t>();
  const auto error = found->topics[0].err;
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::optional<uint32_t>();
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_status(state_->target.shown + ": topic " + topic + " cannot be described", error);
  }
  return std::optional<uint32_t>(static_cast<uint32_t>(found->topics[0].partition_cnt));
}

Result<std::string> KafkaWriter::cluster_id() {
  SLUICE_ASSIGN_OR_RETURN(const kafka::Metadata first, state_->metadata(nullptr));
  char* id = rd_kafka_clusterid(state_->client.get(), kKafkaPatienceMs);
  if (id == nullptr) {
    return unavailable(state_->target.shown + ": the brokers do not tell the cluster's id");
  }
  std::string out(id);
  rd_kafka_mem_free(state_->client.get(), id);
  return out;
}

Result<std::vector<KafkaRange>> KafkaWriter::ranges(const std::string& topic, uint32_t partitions) {
  return kafka_ranges(state_->client.get(), state_->troubles, state_->target.shown, topic,
                      partitions);
}

Result<std::map<std::string, std::string>> KafkaWriter::topic_config(const std::string& topic) {
  rd_kafka_t* client = state_->client.get();
  const std::string what =
      state_->target.shown + ": the configuration of topic " + topic + " cannot be read";
  const kafka::Queue queue(rd_kafka_queue_new(client));
  const ConfigResource resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const auto options = admin_options(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  rd_kafka_ConfigResource_t* list = resource.get();
  rd_kafka_DescribeConfigs(client, &list, 1, options.get(), queue.get());
  SLUICE_ASSIGN_OR_RETURN(const kafka::Event event, kafka_answer(queue.get(), what));
  size_t count = 0;
  const auto* const* found = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  std::map<std::string, std::string> out;
  if (count != 1) return out;
  if (const auto error = rd_kafka_ConfigResource_error(found[0])) {
    return kafka_status(what, error, text_or_empty(rd_kafka_ConfigResource_error_string(found[0])));
  }
  const auto* const* entries = rd_kafka_ConfigResource_configs(found[0], &count);
  for (size_t i = 0; i < count; ++i) {
    out[rd_kafka_ConfigEntry_name(entries[i])] =
        text_or_empty(rd_kafka_ConfigEntry_value(entries[i]));
  }
  return out;
}

Status KafkaWriter::create_topic(const KafkaNewTopic& topic) {
  rd_kafka_t* client = state_->client.get();
  const std::string what = state_->target.shown + ": topic " + topic.name + " cannot be made";
  std::array<char, 512> why{};
  const NewTopic made(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replication,
                                            why.data(), why.size()));
  if (!made) return invalid(what + ": " + why.data());
  for (const auto& [name, value] : topic.config) {
    rd_kafka_NewTopic_set_config(made.get(), name.c_str(), value.c_str());
  }
  const kafka::Queue queue(rd_kafka_queue_new(client));
  const auto options = admin_options(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_NewTopic_t* list = made.get();
  rd_kafka_CreateTopics(client, &list, 1, options.get(), queue.get());
  SLUICE_ASSIGN_OR_RETURN(const kafka::Event event, kafka_answer(queue.get(), what));
  size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      continue;
    }
    return kafka_status(what, error, text_or_empty(rd_kafka_topic_result_error_string(results[i])));
  }
  return Status::ok();
}

Status KafkaWriter::delete_records(const std::string& topic,
                                   const std::map<int32_t, int64_t>& before) {
  if (before.empty()) return Status::ok();
  rd_kafka_t* client = state_->client.get();
  const std::string what =
      state_->target.shown + ": records of topic " + topic + " cannot be deleted";
  const kafka::Partitions offsets = kafka::new_partitions(before.size());
  for (const auto& [partition, offset] : before) {
    rd_kafka_topic_partition_list_add(offsets.get(), topic.c_str(), partition)->offset = offset;
  }
  const Deletion deletion(rd_kafka_DeleteRecords_new(offsets.get()));
  const kafka::Queue queue(rd_kafka_queue_new(client));
  const auto options = admin_options(client, RD_KAFKA_ADMIN_OP_DELETERECORDS);
  rd_kafka_DeleteRecords_t* list = deletion.get();
  rd_kafka_DeleteRecords(client, &list, 1, options.get(), queue.get());
  SLUICE_ASSIGN_OR_RETURN(const kafka::Event event, kafka_answer(queue.get(), what));
  const auto* answered =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  for (int i = 0; answered != nullptr && i < answered->cnt; ++i) {
    const auto error = answered->elems[i].err;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(what, error);
  }
  return Status::ok();
}

}  // namespace sluice::store
