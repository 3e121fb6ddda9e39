// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice {

struct InferOptions {
  std::string title = {};
  std::string dialect = "draft-07";  // or "2020-12"
  size_t max_enum = 16;              // values a field may have to count as an enum; 0: never
  bool closed = false;               // additionalProperties: false
};

// Finds a tight schema that takes every record it was shown: types, required members, formats,
// enums, items; ranges only as comments, because the next record may leave them.
//
// Memory is bounded whatever comes: 20,000 places, 1,000 members an object, 32 levels, 16 MiB of
// values; what lies beyond is left open in the schema. One record at a time; not thread-safe.
class SchemaInference {
 public:
  explicit SchemaInference(InferOptions options);
  ~SchemaInference();
  SchemaInference(SchemaInference&&) noexcept;
  SchemaInference& operator=(SchemaInference&&) noexcept;

  // Learns from one record of at most 16 MiB. Answers "" or why the text is no record ("expected
  // ':' after a member name, at byte 12"); such a text teaches nothing.
  std::string add(std::string_view json);

  [[nodiscard]] uint64_t records() const;
  // The schema, indented, with a line break at its end.
  [[nodiscard]] std::string schema() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
