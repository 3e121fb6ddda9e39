// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string_view>

namespace sluice::kafka {

// Why a connection did not come about. librdkafka tells it in words alone: its code is mostly that
// all brokers are down.
enum class Refusal : std::uint8_t {
  kNone,              // the words say nothing of it
  kTheirCertificate,  // no authority that is known here has signed it, or it names another host
  kOurCertificate,  // the broker takes it not: absent, expired, or of an authority it does not know
  kNoTls,           // the port speaks something else
  kMechanism,       // the broker does not offer it
  kLogin,           // user or password
  kOldScram,        // as kLogin, or the broker is too new for this client's SCRAM
};

// Brokers from 4.0 on take no SCRAM login of a librdkafka before 2.6.1, which repeats a nonce; they
// say that the credentials are invalid.
inline bool has_old_scram() {
  constexpr int kMended = 0x02060100;
  return rd_kafka_version() < kMended;
}

inline Refusal refusal_in(std::string_view text) {
  const auto says = [text](std::string_view words) {
    return text.find(words) != std::string_view::npos;
  };
  if (says("certificate verify failed")) return Refusal::kTheirCertificate;
  // The broker's answer to ours: an alert of TLS.
  if (says("alert") && (says("certificate") || says("unknown ca"))) return Refusal::kOurCertificate;
  if (says("SSL handshake failed") &&
      (says("unexpected eof") || says("wrong version number") || says("packet length too long") ||
       says("record layer failure") || says("Disconnected"))) {
    return Refusal::kNoTls;
  }
  if (says("Unsupported SASL mechanism")) return Refusal::kMechanism;
  if (!says("SASL authentication error")) return Refusal::kNone;
  return says("SCRAM") && has_old_scram() ? Refusal::kOldScram : Refusal::kLogin;
}

}  // namespace sluice::kafka
