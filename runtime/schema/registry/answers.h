// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/sha256.h"
#include "runtime/base/status.h"

// What a schema registry answers (the interface of Confluent's, which others speak too), read.
namespace sluice::registry {

// What a registry says of one schema id.
struct SchemaAnswer {
  enum class Kind : uint8_t {
    kJson,          // a JSON Schema; `identity` is its
    kOtherType,     // `type` says which: AVRO, PROTOBUF
    kOtherSubject,  // it is registered, but not under the subject that was asked for
    kUnknown,       // there is no such id
    kUnusable,      // what is registered cannot be read; `detail` says why
  };
  Kind kind = Kind::kUnknown;
  Sha256Digest identity{};
  std::string type;
  std::string subject;   // one that it is registered under; may be empty: not known
  uint32_t version = 0;  // of that subject
  std::string detail;

  // Ids never change their meaning, so this need not be asked again.
  [[nodiscard]] bool lasting() const { return kind == Kind::kJson || kind == Kind::kOtherType; }
};

struct HttpAnswer {
  long status = 0;
  std::string body;
  bool cut = false;  // it was larger than is taken; `body` is its beginning
};

// GET /schemas/ids/N. kUnavailable: it says nothing of the id (an error of the server, not a
// registry, a password is wrong), so that it must be asked again; the message says what and the
// cure.
Result<SchemaAnswer> read_schema(const HttpAnswer& answer);

// GET /schemas/ids/N/versions: subjects with the version that the schema is there, at most
// kMostPlaces of them. Errors as read_schema(); unknown ids have none.
using SubjectVersion = std::pair<std::string, uint32_t>;
inline constexpr size_t kMostPlaces = 1000;
Result<std::vector<SubjectVersion>> read_places(const HttpAnswer& answer);

// GET /subjects/S/versions: the numbers of a subject's versions, rising, at most kMostPlaces.
// kInvalid: there is no such subject; else as read_schema().
Result<std::vector<uint32_t>> read_versions(const HttpAnswer& answer);

// GET /subjects/S/versions/N: a schema as it was registered. kInvalid: it is larger than is taken.
struct Registered {
  uint32_t id = 0;
  std::string type;
  std::string text;
};
Result<Registered> read_registered(const HttpAnswer& answer);

// Of a status that is not 200: what it says, and the cure.
Status refusal(const HttpAnswer& answer);

}  // namespace sluice::registry
