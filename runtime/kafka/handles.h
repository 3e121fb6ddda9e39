// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

// Owners of librdkafka's handles: each is let go by the function that its kind wants.
namespace sluice::kafka {

template <auto Release>
struct ReleasedBy {
  template <typename T>
  void operator()(T* handle) const noexcept {
    Release(handle);
  }
};

using Conf = std::unique_ptr<rd_kafka_conf_t, ReleasedBy<rd_kafka_conf_destroy>>;

// Leaving a group is the owner's: here it could block for ever.
inline void destroy_client(rd_kafka_t* client) noexcept {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
// The last message and event of it must be gone before; waits for the client's threads.
using Client = std::unique_ptr<rd_kafka_t, ReleasedBy<destroy_client>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, ReleasedBy<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, ReleasedBy<rd_kafka_event_destroy>>;
using ErrorHandle = std::unique_ptr<rd_kafka_error_t, ReleasedBy<rd_kafka_error_destroy>>;
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, ReleasedBy<rd_kafka_topic_destroy>>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                   ReleasedBy<rd_kafka_topic_partition_list_destroy>>;
using Headers = std::unique_ptr<rd_kafka_headers_t, ReleasedBy<rd_kafka_headers_destroy>>;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, ReleasedBy<rd_kafka_AdminOptions_destroy>>;
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, ReleasedBy<rd_kafka_metadata_destroy>>;

inline Partitions new_partitions(std::size_t room) {
  return Partitions(rd_kafka_topic_partition_list_new(static_cast<int>(room)));
}

}  // namespace sluice::kafka
