// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/config/config.h"
#include "runtime/config/environment.h"

namespace sluice {

// What a load takes from its surroundings besides the file; tests replace it.
struct LoadOptions {
  // Folder of the executable, for the default plugin_dirs. Empty: where this process lies.
  std::filesystem::path executable_dir;
};

// Reads, checks and completes a configuration. An error (kInvalid, or kNotFound without the file)
// lists every problem found, the first 20 in the order of the file, one a line:
//   sluice.yaml:12:5: pipelines.orders.sinks.pg: unknown key "retries"; did you mean "retry"?
// Reads the files named by ${file:} and looks whether schema and script files are readable; loads
// no plugin. Safe on any thread.
Result<Config> load_config(const std::filesystem::path& file, const Environment& env,
                           const LoadOptions& options = {});

// A configuration with every value by its dotted key ("pipelines.orders.flow.rate"), defaults
// included and placeholders replaced (so there may be secrets): what tells two loads apart.
struct LoadedConfig {
  Config config;
  std::map<std::string, std::string> values;
};
Result<LoadedConfig> load_config_with_values(const std::filesystem::path& file,
                                             const Environment& env,
                                             const LoadOptions& options = {});
// Keys whose values differ, or that only one of them has, and that may not change while the process
// runs (the table of keys says which may).
std::vector<std::string> fixed_differences(const std::map<std::string, std::string>& before,
                                           const std::map<std::string, std::string>& after);

// The file a command uses: `given` (-c) if not empty, else $SLUICE_CONFIG, ./sluice.yaml,
// /etc/sluice/sluice.yaml. kNotFound names all places.
Result<std::filesystem::path> find_config_file(const std::filesystem::path& given,
                                               const Environment& env);

// The effective configuration, defaults filled in and secrets masked, as YAML that could be loaded
// again but for the masked values, or as JSON on one line. Errors as load_config().
enum class ShowFormat { kYaml, kJson };
Result<std::string> show_config(const std::filesystem::path& file, const Environment& env,
                                ShowFormat format, const LoadOptions& options = {});

}  // namespace sluice
