// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/schema/validator.h"
#include "runtime/script/script.h"

namespace sluice {

// One version of a lineage: its schema, and the script that makes its records the next version's.
struct LineageVersion {
  uint32_t number = 0;
  std::string name;  // the number as text: in letters, metrics and a script's `meta`
  std::filesystem::path file;
  std::shared_ptr<const Schema> schema;
  std::filesystem::path lift_file;     // empty for the newest
  std::shared_ptr<const Script> lift;  // nullptr for the newest
};

// The numbered versions of one schema, oldest first, with the lifts between them. Immutable, shared
// by all workers.
class Lineage {
 public:
  struct Options {
    std::filesystem::path folder;  // 1.schema.json, 2.schema.json, ...: from any number, no gaps
    std::filesystem::path lifts;   // 1_to_2.lua, ...: one for each version but the newest
    ScriptLimits limits;
    SchemaOptions schema = {};  // how the versions are read
  };
  // Errors name the file and the cure: a file that is not N.schema.json (hidden files, backups
  // ending in ~ and README.md are passed over), a gap, a missing lift, a schema or lift that does
  // not compile, more than kMostVersions. Lifts of versions that are gone are passed over.
  static Result<std::shared_ptr<const Lineage>> load(const Options& options);
  static constexpr size_t kMostVersions = 1000;

  // Never empty; numbers rise by one.
  [[nodiscard]] const std::vector<LineageVersion>& versions() const { return versions_; }
  [[nodiscard]] const LineageVersion& newest() const { return versions_.back(); }
  // Where a version stands in versions().
  [[nodiscard]] std::optional<size_t> index_of(uint64_t number) const;
  // "version 1", "versions 1 to 3"; with a verb: "there are versions 1 to 3".
  [[nodiscard]] std::string range_text() const;
  [[nodiscard]] std::string there_is_text() const;
  // hex SHA-256 over numbers, schemas and lifts.
  [[nodiscard]] const std::string& hash() const { return hash_; }

 private:
  std::vector<LineageVersion> versions_;
  std::string hash_;
};

}  // namespace sluice
