// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/store/kafka_target.h"
#include "runtime/store/topic_message.h"

namespace sluice::store {

// Reads topics of Kafka as a member of a consumer group (cooperative-sticky): processes that share
// the group share the partitions. Used by one thread; the listener is called inside poll() and
// close(). Errors are those of kafka.h.
class KafkaMember {
 public:
  using Partition = std::pair<std::string, int32_t>;  // topic, number

  struct Incoming {
    Partition from;
    int64_t offset = 0;
    int64_t time_ms = 0;  // as the producer or the broker had it; 0: none
    TopicMessage message;
  };

  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void assigned(const std::vector<Partition>& partitions) = 0;
    // They are somebody else's once this returns: the offsets to commit for them before that.
    // `lost`: they are already, and nothing can be committed.
    virtual std::map<Partition, int64_t> revoked(const std::vector<Partition>& partitions,
                                                 bool lost) = 0;
  };

  // Does not wait for a broker. A partition that the group has no offset of begins at its
  // beginning. kInvalid: librdkafka refuses a property.
  static Result<std::unique_ptr<KafkaMember>> open(const KafkaTarget& target,
                                                   const std::vector<std::string>& topics,
                                                   const std::string& group, Listener& listener);
  ~KafkaMember();

  // The next message; nothing: none came within `wait`, or the group changed. On an error the next
  // call goes on.
  Result<std::optional<Incoming>> poll(std::chrono::milliseconds wait);
  // A paused partition gives no further messages, but for those on their way; once it is resumed
  // it goes on behind the last one that poll() gave.
  Status pause(const Partition& partition, bool paused);
  // Offsets to go on at. Returns when the brokers have them (`wait`), or at once.
  Status commit(const std::map<Partition, int64_t>& offsets, bool wait);
  // Leaves the group; 10 s at most.
  void close();

 private:
  struct State;
  explicit KafkaMember(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::store
