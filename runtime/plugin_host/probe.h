// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace sluice {

struct ProbedComponent {
  int32_t kind = 0;  // SLUICE_KIND_*
  std::string id;
  std::string summary;
};

// What a plugin file says of itself.
struct ProbeReport {
  std::string name;
  std::string version;
  std::string license;
  std::string build;
  std::string abi;  // "1.0"
  std::string sha256;
  std::vector<ProbedComponent> components;
};

struct ProbeOptions {
  std::chrono::milliseconds limit{5000};
};

// Judges `file` under `dir` by every check of a load, in a child process with a time limit: what
// its constructors do, hang or crash included, stays there. The parent loads nothing. kInvalid:
// refused, naming file, cause and cure. Thread-safe.
Result<ProbeReport> probe_plugin(const std::filesystem::path& file,
                                 const std::filesystem::path& dir,
                                 const ProbeOptions& options = {});

// "source" or "sink".
std::string_view kind_name(int32_t kind);

// Files of a folder that may be plugins (*.so), sorted by name.
Result<std::vector<std::filesystem::path>> plugin_files(const std::filesystem::path& dir);

// One file of a plugin folder: what it offers, or why it is refused.
struct ListedPlugin {
  std::filesystem::path file;
  Result<ProbeReport> report;
};
// Every plugin file of the folders, in their order; folders that do not exist are skipped.
Result<std::vector<ListedPlugin>> list_plugins(const std::vector<std::filesystem::path>& dirs,
                                               const ProbeOptions& options = {});
// As a table for people, or as a JSON array: file, name, version, license, abi, sha256, components
// (kind, id, summary), or file and error.
std::string list_text(const std::vector<ListedPlugin>& plugins);
std::string list_json(const std::vector<ListedPlugin>& plugins);

}  // namespace sluice
