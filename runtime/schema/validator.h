// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/record/document.h"

namespace sluice {

// Shape keywords give kDrift (SCHEMA_DRIFT), value keywords kValue (VALIDATION_FAIL); with both,
// kDrift.
enum class FailureClass { kDrift, kValue };

struct SchemaFailure {
  std::string instance;  // JSON Pointer into the record
  std::string schema;    // JSON Pointer into the schema, when the engine knows it; of a schema in
                         // another file "that file#pointer"
  std::string keyword;   // "required", "minimum", ...
  std::string message;   // "expected integer, found string \"12\""
  FailureClass failure_class = FailureClass::kValue;
  // The two halves of the message, for tables, and for those who must not show what was found.
  std::string expected = {};  // "integer"
  std::string found = {};     // "string \"12\"", shortened
};

// How a schema file is to be read.
struct SchemaOptions {
  enum class Formats {
    kDialectDefault,  // draft-07 and older assert `format`; later dialects only where their
                      // metaschema asks for the format-assertion vocabulary
    kAssert,
    kIgnore,
  };
  Formats formats = Formats::kDialectDefault;
  // The `$schema` of a schema that has none: the URI or the short name of a
  // published dialect ("draft-07", "2020-12"). Empty: draft-07.
  std::string dialect = {};
  // References to other files stay within this folder. Empty: the folder of the schema file; for a
  // schema given as text, no file may be referred to.
  std::filesystem::path folder = {};
  // Where schemas with a URI that begins so are found: {"http://localhost:1234/",
  // "/suite/remotes"}. The longest prefix that fits decides. Nothing is ever fetched over a
  // network.
  std::vector<std::pair<std::string, std::filesystem::path>> map = {};
};

// A schema ready to check records. Immutable, shared by all workers.
class Schema {
 public:
  virtual ~Schema() = default;
  // Hex SHA-256 of the file's bytes; with references to other files, of the hashes of all of them.
  [[nodiscard]] virtual const std::string& hash() const = 0;
  // The files it was read from, the schema's own first; empty when it was given as text alone.
  [[nodiscard]] virtual const std::vector<std::filesystem::path>& files() const = 0;

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

// Compiles a schema file. Errors name file, and line or JSON Pointer: missing file, not JSON (with
// line and column), not a schema, unknown dialect, unresolvable or endless reference, a pattern RE2
// cannot do, larger than 16 MiB.
Result<std::shared_ptr<const Schema>> compile_schema_file(const std::filesystem::path& path,
                                                          const SchemaOptions& options = {});
// The same for a text; `name` stands for the file in errors.
Result<std::shared_ptr<const Schema>> compile_schema_text(std::string_view json,
                                                          const std::string& name,
                                                          const SchemaOptions& options = {});

}  // namespace sluice
