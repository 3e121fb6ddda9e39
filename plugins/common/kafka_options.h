// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/config.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/common/kafka_handles.h"

// What Kafka's source and sink share of their configuration.
namespace sluice::common::kafka {

// A property of librdkafka's that an adapter sets itself, and what to use in its place.
struct OwnedProperty {
  std::string_view name;
  std::string_view use;  // "the option `brokers`"
};

// How to reach the brokers, and raw properties. Read without touching librdkafka, whose first call
// already opens files.
struct Connection {
  std::string brokers;
  std::string security_protocol;
  std::string sasl_mechanism;
  std::string sasl_username;
  std::string sasl_password;
  std::string ssl_ca;
  std::string ssl_certificate;
  std::string ssl_key;
  std::string ssl_key_password;
  std::vector<std::pair<std::string, std::string>> properties;  // name, value
};

// The names of the options of Connection, for refuse_unknown().
std::span<const std::string_view> connection_options();

// Throws BadConfig naming the option. Refused among raw properties: those that load or run code,
// those that Connection covers and those in `owned`.
Connection read_connection(const Config& config, std::span<const OwnedProperty> owned);

// An empty text counts as absent, so that `${NAME:-}` can stand in a shipped configuration.
std::string text_option(const Config& config, std::string_view pointer, std::string_view fallback);

// Sets one property; throws BadConfig naming `pointer` and what librdkafka says.
void set(rd_kafka_conf_t* conf, const std::string& property, const std::string& value,
         const std::string& pointer);

// A client configuration with all of `connection`. Throws BadConfig.
Conf make_conf(const Connection& connection);

}  // namespace sluice::common::kafka
