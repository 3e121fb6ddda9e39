// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sink_kafka/mock_cluster.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace sluice::kafka_sink {
namespace {

constexpr std::int16_t kProduce = 0;  // the protocol's number for a request to write
constexpr std::int32_t kBroker = 1;

}  // namespace

MockCluster::MockCluster() {
  std::array<char, 512> text{};
  client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text.data(), text.size()));
  EXPECT_NE(client_, nullptr) << text.data();
  cluster_.reset(rd_kafka_mock_cluster_new(client_.get(), 1));
  EXPECT_EQ(rd_kafka_mock_topic_create(cluster_.get(), "orders", 1, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
}

std::string MockCluster::config(const std::string& more) const {
  return std::string(R"({"brokers": ")") + rd_kafka_mock_cluster_bootstraps(cluster_.get()) +
         R"(", "topic": "orders")" + more + "}";
}

void MockCluster::refuse(std::initializer_list<rd_kafka_resp_err_t> errors) {
  rd_kafka_mock_push_request_errors_array(cluster_.get(), kProduce, errors.size(), errors.begin());
}

void MockCluster::swallow_next() {
  constexpr int kHour = 3'600'000;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): there is no other way to say it
  rd_kafka_mock_broker_push_request_error_rtts(cluster_.get(), kBroker, kProduce, 1,
                                               RD_KAFKA_RESP_ERR_NO_ERROR, kHour);
}

bool MockCluster::swallowed() const {
  std::size_t count = 1;
  rd_kafka_mock_broker_error_stack_cnt(cluster_.get(), kBroker, kProduce, &count);
  return count == 0;
}

void MockCluster::go_down() { rd_kafka_mock_broker_set_down(cluster_.get(), kBroker); }
void MockCluster::come_back() { rd_kafka_mock_broker_set_up(cluster_.get(), kBroker); }

}  // namespace sluice::kafka_sink
