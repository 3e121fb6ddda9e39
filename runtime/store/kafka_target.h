// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace sluice::store {

// Where a topic is, and how it is called in messages: without its password.
//
//   kafka://[user[:password]@]host:port[,host:port...]/topic[?name=value&...]
//
// A user means SASL: with sasl.mechanism=PLAIN and security.protocol=SASL_SSL unless the properties
// say otherwise. Names are librdkafka's properties, but for `partitions` and `replication`: of a
// topic that has to be made (default: what the brokers do by themselves). User, password, names and
// values may be percent-encoded.
struct KafkaTarget {
  std::string brokers;  // "host:port,host:port"
  std::string topic;
  // What the client is told besides: SASL, and the properties of the address.
  std::vector<std::pair<std::string, std::string>> properties;
  int partitions = -1;   // of a topic to be made; -1: as the brokers do
  int replication = -1;  // likewise
  std::string shown;     // "kafka://app@k1:9092/letters"

  static bool names_one(std::string_view address) { return address.starts_with("kafka://"); }
  // kInvalid: it is no such address, or sets a property that nobody may set or that is Sluice's
  // own. Messages never quote the user's password or a property's value.
  static Result<KafkaTarget> parse(std::string_view address);
};

}  // namespace sluice::store
