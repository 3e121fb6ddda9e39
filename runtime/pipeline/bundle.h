// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "runtime/config/config.h"
#include "runtime/schema/drift/declared.h"
#include "runtime/schema/lineage/lineage.h"
#include "runtime/schema/lineage/version_finder.h"
#include "runtime/schema/validator.h"
#include "runtime/script/script.h"

namespace sluice {

// What decides how a record is read: schema (or all versions of it with their lifts), script and
// output schema, under one hash, which every dead letter keeps. Immutable.
struct Bundle {
  std::shared_ptr<const Schema> schema;             // with a lineage: of the newest version
  std::shared_ptr<const Lineage> lineage;           // nullptr: the single-file form
  std::shared_ptr<const VersionFinder> versions;    // with a lineage
  std::shared_ptr<const drift::Declared> declared;  // with a schema: what it says, for drift
  std::shared_ptr<const Script> script;
  std::shared_ptr<const Schema> output_schema;
  std::filesystem::path schema_place;  // the file, or the folder of the lineage
  std::filesystem::path script_file;
  std::filesystem::path output_schema_file;
  std::string hash;                          // hex SHA-256 over the hashes of its members
  std::map<std::string, std::string> files;  // path -> hash, of every file by itself
  std::string fingerprint;                   // of BundleFiles, as they were when this was loaded

  // The hash of the schema, or of the lineage; empty without either.
  [[nodiscard]] std::string schema_hash() const;

  // Compiles what the pipeline names, all of it from one state of the files. Errors name file and
  // line or pointer; kUnavailable: the files kept changing while they were read.
  // `seen`, when given, becomes the fingerprint of the files that were read, also on an error.
  static Result<std::shared_ptr<const Bundle>> load(const PipelineConfig& config,
                                                    std::string* seen = nullptr);
};

// The limits of a pipeline's scripts, as the script module wants them.
ScriptLimits script_limits_of(const PipelineConfig& config);

}  // namespace sluice
