// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/store/kafka_target.h"
#include "runtime/store/topic_message.h"

// Kafka for what the runtime itself keeps in topics; with kafka_*.cc the only place here that
// speaks to librdkafka. Each client has threads of its own; a client is used by one thread at a
// time. Nothing is retried beyond what the client does by itself.
//
// Errors: kUnavailable, the brokers cannot be reached or used now; kNotFound, there is no such
// topic; kInvalid, only an operator can help: rights, password, a property, a message that is
// larger than the topic takes. What was found, and the cure, are in the message.
namespace sluice::store {

struct KafkaPlace {
  int32_t partition = -1;
  int64_t offset = -1;
};

// What a partition holds: offsets from `low` on, below `end`.
struct KafkaRange {
  int64_t low = 0;
  int64_t end = 0;
};

struct KafkaNewTopic {
  std::string name;
  int partitions = -1;  // -1: as the brokers do by themselves
  int replication = -1;
  std::map<std::string, std::string> config;
};

// Writes messages, and looks after topics.
class KafkaWriter {
 public:
  struct Outgoing {
    const TopicMessage* message = nullptr;
    int32_t partition = -1;  // -1: by the key
  };

  // Does not wait for a broker. kInvalid: librdkafka refuses a property.
  static Result<std::unique_ptr<KafkaWriter>> open(const KafkaTarget& target);
  ~KafkaWriter();

  // Writes all and waits until every in-sync replica has them, 10 s at most (message.timeout.ms).
  // Where it fails some may be there all the same. `places`, unless null: where they are.
  Status write(const std::string& topic, std::span<const Outgoing> messages,
               std::vector<KafkaPlace>* places = nullptr);

  // Lets the client work for so long at most, where there is nothing else to do.
  void wait(std::chrono::milliseconds time);

  // How many partitions a topic has; nothing: there is no such topic.
  Result<std::optional<uint32_t>> partitions(const std::string& topic);
  // Names the cluster, however it is reached.
  Result<std::string> cluster_id();
  // What the first `partitions` partitions of a topic hold.
  Result<std::vector<KafkaRange>> ranges(const std::string& topic, uint32_t partitions);
  // What is in force for the topic, by name.
  Result<std::map<std::string, std::string>> topic_config(const std::string& topic);
  // OK as well when it is there already.
  Status create_topic(const KafkaNewTopic& topic);
  // Deletes what lies below these offsets, by partition.
  Status delete_records(const std::string& topic, const std::map<int32_t, int64_t>& before);

 private:
  struct State;
  explicit KafkaWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Reads one topic with an assignment of its own, as no member of a group.
class KafkaReader {
 public:
  struct Incoming {
    KafkaPlace place;
    int64_t time_ms = 0;  // as the producer or the broker had it; 0: none
    TopicMessage message;
  };
  using Visit = std::function<Status(Incoming)>;

  static Result<std::unique_ptr<KafkaReader>> open(const KafkaTarget& target);
  ~KafkaReader();

  // As KafkaWriter's, of its topic; slower while it reads, since the answer waits behind one that
  // brings messages.
  Result<std::vector<KafkaRange>> ranges(uint32_t partitions);
  // From now on these partitions are read, from these offsets; what was read before is not.
  Status start(const std::map<int32_t, int64_t>& from);
  // Hands out messages, in the order of offsets within a partition, until each of these partitions
  // has been read up to its offset; it may hand out some behind it. Ends early with what `visit`
  // answers. kNotFound: what comes next is not there any more (deleted, or the topic was made
  // anew): look at ranges() and start again. kUnavailable: nothing came for 10 s.
  Status read_to(const std::map<int32_t, int64_t>& ends, const Visit& visit);

 private:
  struct State;
  explicit KafkaReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::store
