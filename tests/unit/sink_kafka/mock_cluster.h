// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <initializer_list>
#include <memory>
#include <string>

#include "plugins/common/kafka_handles.h"

namespace sluice::kafka_sink {

// One broker of librdkafka's own mock cluster, which can be told how to fail. It knows a topic
// `orders` of one partition.
class MockCluster {
 public:
  MockCluster();

  // A sink's configuration for that topic.
  [[nodiscard]] std::string config(const std::string& more = {}) const;
  // The next requests to write are answered so, one after the other.
  void refuse(std::initializer_list<rd_kafka_resp_err_t> errors);
  // The next request to write is not answered for an hour.
  void swallow_next();
  // It has come.
  [[nodiscard]] bool swallowed() const;
  void go_down();
  void come_back();

 private:
  common::kafka::Client client_;
  std::unique_ptr<rd_kafka_mock_cluster_t, common::kafka::ReleasedBy<rd_kafka_mock_cluster_destroy>>
      cluster_;
};

}  // namespace sluice::kafka_sink
