// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/record/document.h"

namespace sluice {

// Shape keywords give kDrift (SCHEMA_DRIFT), value keywords kValue (VALIDATION_FAIL); with both,
// kDrift.
enum class FailureClass { kDrift, kValue };

struct SchemaFailure {
  std::string instance;  // JSON Pointer into the record
  std::string schema;    // JSON Pointer into the schema, when the engine knows it
  std::string keyword;   // "required", "minimum", ...
  std::string message;   // "expected integer, found string \"12\""
  FailureClass failure_class = FailureClass::kValue;
};

// A schema ready to check records. Immutable, shared by all workers.
class Schema {
 public:
  virtual ~Schema() = default;
  [[nodiscard]] virtual const std::string& hash() const = 0;  // hex SHA-256 of the file's bytes

  // Per-thread scratch of the engine.
  class Scratch {
   public:
    virtual ~Scratch() = default;
  };
  [[nodiscard]] virtual std::unique_ptr<Scratch> make_scratch() const = 0;

  // Fast path: does the record fit? Any thread, with its own scratch.
  [[nodiscard]] virtual bool validate(const Document& document, Scratch& scratch) const = 0;
  // Second pass over a record that does not fit: every failure, at most `limit`; never empty.
  [[nodiscard]] virtual std::vector<SchemaFailure> explain(const Document& document,
                                                           size_t limit) const = 0;
};

// The class of a set of failures: drift if any is.
FailureClass worst_class(const std::vector<SchemaFailure>& failures);

// Compiles a draft-07 schema file. Errors name file, and line or JSON Pointer: missing file, not
// JSON (with line and column), not a schema, unknown dialect, unresolvable or remote reference, a
// pattern RE2 cannot do, larger than 16 MiB.
Result<std::shared_ptr<const Schema>> compile_schema_file(const std::filesystem::path& path);
Result<std::shared_ptr<const Schema>> compile_schema_text(std::string_view json,
                                                          const std::string& name);

}  // namespace sluice
