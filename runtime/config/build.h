// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "runtime/config/config.h"
#include "runtime/config/load.h"
#include "runtime/config/value.h"

namespace sluice::config {

// The typed configuration of a checked tree; only for one without problems.
Config build_config(const Value& root, const std::filesystem::path& file,
                    const std::filesystem::path& base, const std::filesystem::path& executable_dir);

// The folder of options.executable_dir, or of this process.
std::filesystem::path executable_dir(const LoadOptions& options);
std::vector<std::filesystem::path> default_plugin_dirs(const std::filesystem::path& executable_dir);

}  // namespace sluice::config
