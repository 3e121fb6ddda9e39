// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/schema/validator.h"

// How one version of a schema differs from another, in the words of the schema registries.
namespace sluice {

// backward: consumers with the NEW schema can read data written with OLD: every record that is
// valid under OLD is valid under NEW. forward: the reverse. full: both. The words are only used
// when the comparison has proved them; what it cannot judge counts as neither.
enum class Compatibility : uint8_t { kNone, kBackward, kForward, kFull };
std::string_view compatibility_name(Compatibility compatibility);

struct SchemaChange {
  std::string path;          // into a record, items folded: "/items/*/qty"
  std::string kind;          // "field_added", ...; docs/schemas-evolution.md lists them
  std::string change_class;  // additive, widening, narrowing, breaking
  bool backward = false;     // what the change leaves true of the verdict
  bool forward = false;
  std::string detail;         // a sentence
  std::string before, after;  // JSON, or empty
  std::string within;         // "anyOf", ...: the change holds only under that keyword
};

struct SchemaDiff {
  Compatibility verdict = Compatibility::kFull;
  std::vector<SchemaChange> changes;  // in the order of the schemas
  bool cut = false;                   // there are more than could be listed
  std::string lift;                   // the Lua of --scaffold, when it was asked for
};

struct DiffOptions {
  size_t max_changes = 10'000;
  bool scaffold = false;  // also write the lift
  // References to other files lead to the same files from both schemas.
  bool same_folder = true;
  SchemaOptions schema = {};  // how both are read
};

// Compares two schemas (of any published dialect from draft-04 on) given as text; the names stand
// for the files in errors. Linear in the pairs of places that meet; never recurses, bounded in time
// and memory. Errors: not a usable schema, with file and JSON Pointer.
Result<SchemaDiff> diff_schemas(std::string_view old_json, const std::string& old_name,
                                std::string_view new_json, const std::string& new_name,
                                const DiffOptions& options = {});

// The same for files. Both are compiled first, so that what the runtime would refuse is refused
// here with the same words.
Result<SchemaDiff> diff_schema_files(const std::filesystem::path& old_path,
                                     const std::filesystem::path& new_path,
                                     const DiffOptions& options = {});

}  // namespace sluice
