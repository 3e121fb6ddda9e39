// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "plugins/sources/kafka/options.h"

namespace sluice::kafka_source {
namespace {

using ::testing::HasSubstr;

Config config_with(const std::string& more) {
  return Config(R"({"brokers": "b:9092", "topics": ["orders"], )" + more + "}");
}

std::string refusal_of_property(const std::string& property) {
  try {
    static_cast<void>(Options(config_with(R"("librdkafka": {")" + property + R"(": "x"})"), "in"));
    return {};
  } catch (const BadConfig& e) {
    return e.what();
  }
}

std::string refusal_of_options(const std::string& more) {
  try {
    static_cast<void>(Options(config_with(more), "in"));
    return {};
  } catch (const BadConfig& e) {
    return e.what();
  }
}

std::string value_of(const rd_kafka_conf_t* conf, const char* property) {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  EXPECT_EQ(rd_kafka_conf_get(conf, property, text.data(), &size), RD_KAFKA_CONF_OK) << property;
  return text.data();
}

TEST(KafkaProperties, ThoseThatRunCodeAreRefused) {
  for (const char* property :
       {"plugin.library.paths", "ssl.engine.location", "ssl.engine.id", "ssl_engine_callback_data",
        "ssl.providers", "sasl.kerberos.kinit.cmd"}) {
    EXPECT_THAT(refusal_of_property(property), HasSubstr("foreign code")) << property;
  }
}

TEST(KafkaProperties, ThoseTheAdapterOwnsNameTheOption) {
  EXPECT_THAT(refusal_of_property("group.id"), HasSubstr("use the option `group_id`"));
  EXPECT_THAT(refusal_of_property("bootstrap.servers"), HasSubstr("`brokers`"));
  EXPECT_THAT(refusal_of_property("enable.auto.commit"), HasSubstr("`commit`"));
  EXPECT_THAT(refusal_of_property("enable.auto.offset.store"), HasSubstr("only settled"));
  EXPECT_THAT(refusal_of_property("sasl.password"), HasSubstr("`sasl_password`"));
  EXPECT_THAT(refusal_of_property("auto.offset.reset"), HasSubstr("/librdkafka/auto.offset.reset"));
}

TEST(KafkaProperties, OthersReachTheClient) {
  const Options options(config_with(R"("librdkafka": {"fetch.min.bytes": 1000, "client.rack": "a",
        "socket.keepalive.enable": true})"),
                        "in");
  const auto conf = client_conf(options);
  EXPECT_EQ(value_of(conf.get(), "fetch.min.bytes"), "1000");
  EXPECT_EQ(value_of(conf.get(), "client.rack"), "a");
  EXPECT_EQ(value_of(conf.get(), "socket.keepalive.enable"), "true");
  EXPECT_EQ(value_of(conf.get(), "enable.auto.commit"), "false");
  EXPECT_EQ(value_of(conf.get(), "enable.auto.offset.store"), "false");
  EXPECT_EQ(value_of(conf.get(), "isolation.level"), "read_committed");
  EXPECT_EQ(value_of(conf.get(), "auto.offset.reset"), "error");
}

TEST(KafkaProperties, UnknownOnesAreRefusedByName) {
  const Options options(config_with(R"("librdkafka": {"no.such": 1})"), "in");
  try {
    static_cast<void>(client_conf(options));
    FAIL() << "expected a refusal";
  } catch (const BadConfig& e) {
    EXPECT_THAT(e.what(), HasSubstr("/librdkafka/no.such"));
    EXPECT_THAT(e.what(), HasSubstr("No such configuration property"));
  }
}

TEST(KafkaProperties, SaslAndTlsAreCheckedTogether) {
  EXPECT_THAT(refusal_of_options(R"("security_protocol": "TLS")"), HasSubstr("SASL_SSL"));
  EXPECT_THAT(refusal_of_options(R"("security_protocol": "SASL_SSL")"),
              HasSubstr("/sasl_mechanism: is missing"));
  EXPECT_THAT(
      refusal_of_options(R"("security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-256")"),
      HasSubstr("/sasl_username: is missing"));
  EXPECT_THAT(refusal_of_options(R"("sasl_mechanism": "PLAIN", "sasl_username": "u")"),
              HasSubstr("does not authenticate"));
  EXPECT_EQ(refusal_of_options(R"("security_protocol": "sasl_ssl", "sasl_mechanism": "plain",
                                  "sasl_username": "u", "sasl_password": "p")"),
            "");
}

}  // namespace
}  // namespace sluice::kafka_source
