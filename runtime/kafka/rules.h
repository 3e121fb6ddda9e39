// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace sluice::kafka {

// Properties of librdkafka's that make it load or run foreign code: nobody may set them.
inline bool runs_code(std::string_view property) {
  return property.starts_with("plugin.") || property.starts_with("ssl.engine") ||
         property.starts_with("ssl_engine") || property == "ssl.providers" ||
         property == "sasl.kerberos.kinit.cmd";
}

// Of characters, and no longer than, the broker takes.
inline bool may_name_topic(std::string_view name) {
  constexpr std::size_t kLongest = 249;  // the broker's limit
  return name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

// True where only an operator can help: no right, no such mechanism, a configuration the broker
// refuses.
inline bool needs_operator(rd_kafka_resp_err_t error) {
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return true;
    default:
      return false;
  }
}

}  // namespace sluice::kafka
