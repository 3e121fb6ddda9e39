// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/context.hpp>
#include <string>

#include "plugins/common/kafka_errors.h"
#include "plugins/common/kafka_handles.h"
#include "plugins/sources/kafka/options.h"

namespace sluice::kafka_source {

// Writes snapshots of the lag to a topic, for whoever watches many processes in one place. What
// cannot be written is told once a run of failures, and left: the next snapshot is a better one. On
// the source's thread.
class LagTopic {
 public:
  LagTopic(Context context, const Options& options);
  ~LagTopic();

  // Throws BadConfig where the client refuses a property. Does nothing without a topic.
  void open();
  // Does not wait. The key is the group, so that its snapshots stay in their order.
  void publish(const std::string& snapshot);

 private:
  void take_reports();
  void failed(rd_kafka_resp_err_t error);

  Context context_;
  const Options& options_;
  common::kafka::ClientLog log_;
  common::kafka::Client client_;
  common::kafka::Queue reports_;
  bool failing_ = false;
};

}  // namespace sluice::kafka_source
