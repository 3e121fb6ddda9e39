// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/config/config.h"

namespace sluice::cli {

// Runs check_pipelines() and prints what it found; answers the exit code.
int print_check(const Config& config, const std::vector<std::string>& only, bool connect,
                bool json);

}  // namespace sluice::cli
