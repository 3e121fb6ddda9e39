// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/kafka_target.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "runtime/base/text.h"
#include "runtime/kafka/rules.h"

namespace sluice::store {
namespace {

constexpr std::string_view kScheme = "kafka://";
constexpr std::string_view kExpected =
    "expected kafka://user:password@host:port,host:port/topic?property=value";

struct OwnProperty {
  std::string_view name;
  std::string_view use;
};
constexpr std::string_view kNothing = "nothing: Sluice depends on what it is";
// Properties that this program sets, and what to use in their place.
constexpr std::array kOwnProperties = {
    OwnProperty{"bootstrap.servers", "the hosts of the address"},
    OwnProperty{"metadata.broker.list", "the hosts of the address"},
    OwnProperty{"sasl.username", "user:password@ of the address"},
    OwnProperty{"sasl.password", "user:password@ of the address"},
    OwnProperty{"log.queue", "nothing: what the client logs goes to Sluice's log"},
    OwnProperty{"enable.random.seed", kNothing},
    OwnProperty{"group.id", "nothing: no group is joined"},
    OwnProperty{"group.instance.id", "nothing: no group is joined"},
    OwnProperty{"enable.auto.commit", "nothing: no group is joined"},
    OwnProperty{"enable.auto.offset.store", "nothing: no group is joined"},
    OwnProperty{"transactional.id", kNothing},
    OwnProperty{"enable.idempotence", kNothing},
    OwnProperty{"acks", kNothing},
    OwnProperty{"request.required.acks", kNothing},
    OwnProperty{"auto.offset.reset", kNothing},
    OwnProperty{"enable.partition.eof", kNothing},
    OwnProperty{"isolation.level", kNothing},
    OwnProperty{"delivery.report.only.error", kNothing},
    OwnProperty{"message.max.bytes", "max.message.bytes of the topic"},
};

std::optional<int> digit_of_hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// Nothing when an escape is none, or means NUL.
std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = digit_of_hex(text[i + 1]);
    const auto low = digit_of_hex(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  if (out.find('\0') != std::string::npos) return std::nullopt;
  return out;
}

Status no_address(std::string_view what) {
  return invalid("the address of the dead-letter topic " + std::string(what) + "; " +
                 std::string(kExpected));
}

Status check_brokers(std::string_view brokers) {
  if (brokers.empty()) return no_address("names no host");
  while (true) {
    const size_t comma = brokers.find(',');
    const std::string_view broker = brokers.substr(0, comma);
    const size_t colon = broker.rfind(':');
    unsigned port = 0;
    if (colon != std::string_view::npos && colon > 0) {
      const std::string_view digits = broker.substr(colon + 1);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
      if (error != std::errc() || end != digits.data() + digits.size() || port > 65535) port = 0;
    }
    if (port == 0) {
      return no_address("has a broker that is not host:port: " + shorten(broker, 80));
    }
    if (comma == std::string_view::npos) return Status::ok();
    brokers.remove_prefix(comma + 1);
  }
}

Status read_count(const std::string& name, const std::string& value, int& out) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (error == std::errc() && end == value.data() + value.size() && out > 0 && out <= 10'000) {
    return Status::ok();
  }
  return no_address("has " + name + "=" + shorten(value, 20) + ", which is no number above 0");
}

Status check_property(const std::string& name) {
  if (kafka::runs_code(name)) {
    return invalid("the address of the dead-letter topic sets " + name +
                   ": refused, because it makes the client load or run foreign code");
  }
  for (const OwnProperty& own : kOwnProperties) {
    if (own.name != name) continue;
    return invalid("the address of the dead-letter topic sets " + name +
                   ", which Sluice sets itself; use " + std::string(own.use));
  }
  return Status::ok();
}

bool has_property(const KafkaTarget& target, std::string_view name) {
  return std::any_of(target.properties.begin(), target.properties.end(),
                     [&](const auto& property) { return property.first == name; });
}

Status read_properties(std::string_view query, KafkaTarget& out) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const auto name = unescaped(pair.substr(0, equals));
    if (!name || equals == 0) return no_address("has a property without a name");
    const auto value =
        equals == std::string_view::npos ? std::nullopt : unescaped(pair.substr(equals + 1));
    if (!value) {
      return no_address("has the property " + shorten(*name, 80) +
                        " without a value that can be read");
    }
    if (*name == "partitions") {
      SLUICE_RETURN_IF_ERROR(read_count(*name, *value, out.partitions));
    } else if (*name == "replication") {
      SLUICE_RETURN_IF_ERROR(read_count(*name, *value, out.replication));
    } else {
      SLUICE_RETURN_IF_ERROR(check_property(*name));
      // Its older spelling.
      const std::string known = *name == "sasl.mechanism" ? "sasl.mechanisms" : *name;
      out.properties.emplace_back(known, *value);
    }
  }
  return Status::ok();
}

}  // namespace

Result<KafkaTarget> KafkaTarget::parse(std::string_view address) {
  if (!names_one(address)) return no_address("does not begin with kafka://");
  std::string_view rest = address.substr(kScheme.size());
  std::string_view query;
  if (const size_t mark = rest.find('?'); mark != std::string_view::npos) {
    query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  // Before the brokers are looked at: a message about them must not show a password.
  std::string_view login;
  const size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    login = rest.substr(0, at);
    rest = rest.substr(at + 1);
  }
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size()) {
    return no_address("names no topic");
  }
  KafkaTarget out;
  out.brokers = rest.substr(0, slash);
  out.topic = rest.substr(slash + 1);
  SLUICE_RETURN_IF_ERROR(check_brokers(out.brokers));
  if (out.topic == "." || out.topic == ".." || !kafka::may_name_topic(out.topic)) {
    return no_address("has a topic whose name is not of letters, digits, '.', '_' and '-'");
  }
  SLUICE_RETURN_IF_ERROR(read_properties(query, out));
  out.shown = std::string(kScheme);
  if (at != std::string_view::npos) {
    const size_t colon = login.find(':');
    const auto user = unescaped(login.substr(0, colon));
    const auto password =
        colon == std::string_view::npos ? std::string() : unescaped(login.substr(colon + 1));
    if (!user || user->empty() || !password) {
      return no_address(
          "has a user or password that cannot be read (percent-encode what is special)");
    }
    if (!has_property(out, "security.protocol")) {
      out.properties.emplace_back("security.protocol", "SASL_SSL");
    }
    if (!has_property(out, "sasl.mechanisms"))
      out.properties.emplace_back("sasl.mechanisms", "PLAIN");
    out.properties.emplace_back("sasl.username", *user);
    out.properties.emplace_back("sasl.password", *password);
    append_escaped(out.shown, *user);
    out.shown += '@';
  }
  out.shown += out.brokers + "/" + out.topic;
  return out;
}

}  // namespace sluice::store
