// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

// The parts that the configuration schemas of Kafka's source and sink have in common, as JSON text.
namespace sluice::common::kafka {

// Literals one behind the other, with one NUL at the end.
template <std::size_t... N>
consteval auto joined(const char (&... parts)[N]) {
  std::array<char, ((N - 1) + ... + 1)> out{};
  std::size_t at = 0;
  const auto append = [&](const char* part, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out[at++] = part[i];
  };
  (append(parts, N - 1), ...);
  return out;
}

// The property `brokers`.
inline constexpr char kBrokersSchema[] = R"json(    "brokers": {
      "oneOf": [
        {"type": "string"},
        {"type": "array", "minItems": 1, "items": {"type": "string"}}
      ],
      "description": "Where the cluster is found: host:port, several with commas between them or as a list.",
      "examples": ["kafka-1:9092,kafka-2:9092"]
    },
)json";

// Properties from `security_protocol` to `librdkafka`; the examples of that one are to follow.
inline constexpr char kSecuritySchema[] = R"json(    "security_protocol": {
      "type": "string", "default": "PLAINTEXT",
      "description": "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."
    },
    "sasl_mechanism": {
      "type": "string", "default": "",
      "description": "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER."
    },
    "sasl_username": {"type": "string", "default": "", "description": "User for PLAIN and SCRAM."},
    "sasl_password": {
      "type": "string", "default": "", "writeOnly": true, "description": "Password for PLAIN and SCRAM."
    },
    "ssl_ca": {
      "type": "string", "default": "",
      "description": "File or folder with the authorities that sign the brokers' certificates. Empty: the system's."
    },
    "ssl_certificate": {"type": "string", "default": "", "description": "Our certificate (PEM), where the brokers want one."},
    "ssl_key": {"type": "string", "default": "", "description": "Its private key (PEM)."},
    "ssl_key_password": {
      "type": "string", "default": "", "writeOnly": true, "description": "Password of the private key."
    },
    "librdkafka": {
      "type": "object",
      "description": "Properties of librdkafka by their own names, for what has no option here. Those that load code, and those that an option sets, are refused. Absent: none.",
      "additionalProperties": {"$ref": "#/definitions/property"},
)json";

// Closes `librdkafka`, the properties and, with what it refers to, the schema.
inline constexpr char kSchemaEnd[] = R"json(
    }
  },
  "definitions": {
    "property": {
      "description": "Value of a property.",
      "oneOf": [
        {"type": "string", "description": "Text."},
        {"type": "number", "description": "Number."},
        {"type": "boolean", "description": "Switch."}
      ]
    }
  }
})json";

}  // namespace sluice::common::kafka
