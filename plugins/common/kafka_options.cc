// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/kafka_options.h"

#include <algorithm>
#include <array>

#include "runtime/kafka/rules.h"

namespace sluice::common::kafka {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, 10> kConnectionOptions = {
    "brokers", "security_protocol", "sasl_mechanism", "sasl_username",    "sasl_password",
    "ssl_ca",  "ssl_certificate",   "ssl_key",        "ssl_key_password", "librdkafka"};

constexpr std::array<OwnedProperty, 13> kConnectionProperties = {{
    {"bootstrap.servers", "the option `brokers`"},
    {"metadata.broker.list", "the option `brokers`"},
    {"security.protocol", "the option `security_protocol`"},
    {"sasl.mechanism", "the option `sasl_mechanism`"},
    {"sasl.mechanisms", "the option `sasl_mechanism`"},
    {"sasl.username", "the option `sasl_username`"},
    {"sasl.password", "the option `sasl_password`"},
    {"ssl.ca.location", "the option `ssl_ca`"},
    {"ssl.certificate.location", "the option `ssl_certificate`"},
    {"ssl.key.location", "the option `ssl_key`"},
    {"ssl.key.password", "the option `ssl_key_password`"},
    {"log.queue", "nothing: what the client logs goes to Sluice's log"},
    {"enable.random.seed", "nothing: the process has other users of the C library's numbers"},
}};

void check_property(const std::string& pointer, std::string_view property,
                    std::span<const OwnedProperty> owned) {
  if (property.find('\0') != std::string_view::npos) {
    throw BadConfig(pointer + ": the name of a property cannot hold NUL characters");
  }
  if (sluice::kafka::runs_code(property)) {
    throw BadConfig(pointer + ": refused, because it makes the client load or run foreign code");
  }
  const auto look = [&](std::span<const OwnedProperty> list) {
    for (const OwnedProperty& known : list) {
      if (known.name != property) continue;
      throw BadConfig(pointer + ": Sluice sets this property itself; use " +
                      std::string(known.use));
    }
  };
  look(kConnectionProperties);
  look(owned);
}

// librdkafka takes every value as text.
std::string property_value(const Config& config, const std::string& pointer) {
  if (config.is_string(pointer)) return config.string(pointer);
  return std::string(config.json(pointer));
}

std::string one_of(const Config& config, const char* pointer, std::string_view fallback,
                   std::span<const std::string_view> known) {
  std::string value = text_option(config, pointer, fallback);
  std::string upper = value;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (value.empty()) return value;
  if (std::find(known.begin(), known.end(), upper) != known.end()) return upper;
  std::string list;
  for (const std::string_view word : known) (list += list.empty() ? "" : ", ") += word;
  throw BadConfig(std::string(pointer) + ": expected one of " + list + ", found " + value);
}

constexpr std::array<std::string_view, 4> kProtocols = {"PLAINTEXT", "SSL", "SASL_PLAINTEXT",
                                                        "SASL_SSL"};
constexpr std::array<std::string_view, 5> kMechanisms = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
                                                         "GSSAPI", "OAUTHBEARER"};

void check_sasl(const Connection& connection) {
  const bool sasl = connection.security_protocol.starts_with("SASL");
  if (!sasl) {
    if (connection.sasl_mechanism.empty() && connection.sasl_username.empty()) return;
    throw BadConfig("/security_protocol: " + connection.security_protocol +
                    " does not authenticate, so the SASL options would have no effect; use "
                    "SASL_SSL or SASL_PLAINTEXT, or leave them out");
  }
  if (connection.sasl_mechanism.empty()) {
    throw BadConfig("/sasl_mechanism: is missing; " + connection.security_protocol +
                    " needs PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512");
  }
  const bool by_password =
      connection.sasl_mechanism == "PLAIN" || connection.sasl_mechanism.starts_with("SCRAM");
  if (by_password && connection.sasl_username.empty()) {
    throw BadConfig("/sasl_username: is missing; " + connection.sasl_mechanism +
                    " needs a user and a password");
  }
}

}  // namespace

void refuse_unknown_options(const Config& config, std::span<const std::string_view> own) {
  if (!config.is_object("")) throw BadConfig("the configuration must be an object");
  const auto among = [](std::span<const std::string_view> names, const std::string& key) {
    return std::find(names.begin(), names.end(), key) != names.end();
  };
  for (const std::string& key : config.keys("")) {
    if (among(own, key) || among(kConnectionOptions, key)) continue;
    throw BadConfig(Config::at("", key) + ": unknown option");
  }
}

std::string text_option(const Config& config, std::string_view pointer, std::string_view fallback) {
  std::string value = config.string(pointer, fallback);
  if (value.find('\0') != std::string::npos) {
    throw BadConfig(std::string(pointer) + ": cannot hold NUL characters");
  }
  return value.empty() ? std::string(fallback) : value;
}

std::size_t choice_option(const Config& config, const char* pointer,
                          std::initializer_list<std::string_view> words) {
  const std::string value = text_option(config, pointer, *words.begin());
  std::string list;
  for (const std::string_view& word : words) {
    if (word == value) return static_cast<std::size_t>(&word - words.begin());
    (list += list.empty() ? "" : ", ") += word;
  }
  throw BadConfig(std::string(pointer) + ": expected one of " + list + ", found " + value);
}

milliseconds duration_option(const Config& config, const char* pointer, milliseconds fallback,
                             milliseconds least, milliseconds most, const char* expected) {
  const milliseconds value = config.duration(pointer, fallback);
  if (value >= least && value <= most) return value;
  throw BadConfig(std::string(pointer) + ": expected " + expected);
}

bool has_property(const Connection& connection, std::string_view name) {
  const auto& list = connection.properties;
  return std::any_of(list.begin(), list.end(),
                     [&](const auto& property) { return property.first == name; });
}

Connection read_connection(const Config& config, std::span<const OwnedProperty> owned) {
  Connection out;
  for (const std::string& broker : config.strings("/brokers")) {
    if (broker.empty() || broker.find('\0') != std::string::npos) continue;
    (out.brokers += out.brokers.empty() ? "" : ",") += broker;
  }
  if (out.brokers.empty()) {
    throw BadConfig("/brokers: is empty; expected host:port, or several with commas between them");
  }
  out.security_protocol = one_of(config, "/security_protocol", "PLAINTEXT", kProtocols);
  out.sasl_mechanism = one_of(config, "/sasl_mechanism", "", kMechanisms);
  out.sasl_username = text_option(config, "/sasl_username", "");
  out.sasl_password = text_option(config, "/sasl_password", "");
  out.ssl_ca = text_option(config, "/ssl_ca", "");
  out.ssl_certificate = text_option(config, "/ssl_certificate", "");
  out.ssl_key = text_option(config, "/ssl_key", "");
  out.ssl_key_password = text_option(config, "/ssl_key_password", "");
  check_sasl(out);
  for (const std::string& property : config.keys("/librdkafka")) {
    const std::string pointer = Config::at("/librdkafka", property);
    check_property(pointer, property, owned);
    out.properties.emplace_back(property, property_value(config, pointer));
  }
  return out;
}

void set(rd_kafka_conf_t* conf, const std::string& property, const std::string& value,
         const std::string& pointer) {
  std::array<char, 512> text{};
  const auto result =
      rd_kafka_conf_set(conf, property.c_str(), value.c_str(), text.data(), text.size());
  if (result == RD_KAFKA_CONF_OK) return;
  throw BadConfig(pointer + ": " + text.data());
}

Conf make_conf(const Connection& connection) {
  Conf conf(rd_kafka_conf_new());
  const auto give = [&](const char* property, const std::string& value, const char* pointer) {
    if (!value.empty()) set(conf.get(), property, value, pointer);
  };
  give("bootstrap.servers", connection.brokers, "/brokers");
  give("security.protocol", connection.security_protocol, "/security_protocol");
  give("sasl.mechanisms", connection.sasl_mechanism, "/sasl_mechanism");
  give("sasl.username", connection.sasl_username, "/sasl_username");
  give("sasl.password", connection.sasl_password, "/sasl_password");
  give("ssl.ca.location", connection.ssl_ca, "/ssl_ca");
  give("ssl.certificate.location", connection.ssl_certificate, "/ssl_certificate");
  give("ssl.key.location", connection.ssl_key, "/ssl_key");
  give("ssl.key.password", connection.ssl_key_password, "/ssl_key_password");
  give("client.id", "sluice", "/librdkafka/client.id");
  // A broker closes idle connections; that is no news.
  give("log.connection.close", "false", "/librdkafka/log.connection.close");
  for (const auto& [property, value] : connection.properties) {
    set(conf.get(), property, value, Config::at("/librdkafka", property));
  }
  return conf;
}

namespace {

// The client names its property, and OpenSSL says of a file that is not there "system lib".
std::string tls_cure(std::string_view text) {
  const auto says = [text](std::string_view words) {
    return text.find(words) != std::string_view::npos;
  };
  if (says("ssl.ca.location")) {
    return "check /ssl_ca: expected a file that can be read, with certificates of authorities "
           "(PEM)";
  }
  if (says("ssl.certificate.location")) {
    return "check /ssl_certificate: expected a file that can be read, with our certificate (PEM)";
  }
  if (says("ssl.key.location")) {
    return "check /ssl_key: expected a file that can be read, with the private key of "
           "/ssl_certificate (PEM), and /ssl_key_password where it is locked";
  }
  return "check the SASL and TLS options and /librdkafka";
}

}  // namespace

Client make_client(rd_kafka_type_t type, Conf conf) {
  std::array<char, 512> text{};
  Client client(rd_kafka_new(type, conf.get(), text.data(), text.size()));
  if (!client) {
    throw BadConfig(std::string("the Kafka client cannot be made: ") + text.data() + "; " +
                    tls_cure(text.data()));
  }
  static_cast<void>(conf.release());  // the client's now
  return client;
}

}  // namespace sluice::common::kafka
