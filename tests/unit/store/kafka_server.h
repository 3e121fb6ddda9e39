// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace sluice {

// The broker that with_kafka.py started for this process: "127.0.0.1:port", plain; and one that
// wants the user `ingest` with the password `right-password` (SASL_PLAINTEXT).
inline std::string kafka_brokers() {
  const char* address = std::getenv("SLUICE_KAFKA");
  return address == nullptr ? "" : address;
}
inline std::string kafka_sasl_brokers() {
  const char* address = std::getenv("SLUICE_KAFKA_SASL");
  return address == nullptr ? "" : address;
}

// A name no other test of this broker has.
inline std::string new_topic_name() {
  static std::atomic<int> number{0};
  return "t" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

}  // namespace sluice
