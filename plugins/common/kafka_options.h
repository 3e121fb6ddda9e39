// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <initializer_list>
#include <sluice/config.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/common/kafka_handles.h"
#include "runtime/kafka/rules.h"

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

// Throws BadConfig naming the first option that is neither one of Connection nor one of `own`.
void refuse_unknown_options(const Config& config, std::span<const std::string_view> own);

// Throws BadConfig naming the option. Refused among raw properties: those that load or run code,
// those that Connection covers and those in `owned`.
Connection read_connection(const Config& config, std::span<const OwnedProperty> owned);

// An empty text counts as absent, so that `${NAME:-}` can stand in a shipped configuration.
std::string text_option(const Config& config, std::string_view pointer, std::string_view fallback);

// Which of `words` it is; the first where it is absent. Throws BadConfig that lists them.
std::size_t choice_option(const Config& config, const char* pointer,
                          std::initializer_list<std::string_view> words);

// Throws BadConfig where it is not within `least` and `most`, which `expected` says in words.
std::chrono::milliseconds duration_option(const Config& config, const char* pointer,
                                          std::chrono::milliseconds fallback,
                                          std::chrono::milliseconds least,
                                          std::chrono::milliseconds most, const char* expected);

using sluice::kafka::may_name_topic;

// Is it among the raw properties?
bool has_property(const Connection& connection, std::string_view name);

// Sets one property; throws BadConfig naming `pointer` and what librdkafka says.
void set(rd_kafka_conf_t* conf, const std::string& property, const std::string& value,
         const std::string& pointer);

// A client configuration with all of `connection`. Throws BadConfig.
Conf make_conf(const Connection& connection);

// Throws BadConfig with what librdkafka says.
Client make_client(rd_kafka_type_t type, Conf conf);

}  // namespace sluice::common::kafka
