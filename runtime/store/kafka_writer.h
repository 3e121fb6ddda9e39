// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/kafka/handles.h"
#include "runtime/store/kafka.h"
#include "runtime/store/kafka_client.h"

// Inside of KafkaWriter; kafka_admin.cc needs it as well.
namespace sluice::store {

struct KafkaWriter::State {
  explicit State(KafkaTarget where) : target(std::move(where)) {}

  // A client that met a fatal error takes nothing any more.
  Status make_client();
  // The metadata of a topic, or of the cluster alone.
  Result<kafka::Metadata> metadata(const std::string* topic);

  KafkaTarget target;
  KafkaTroubles troubles;  // outlives the client
  kafka::Client client;
};

}  // namespace sluice::store
