// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "runtime/pipeline/reload_history.h"
#include "runtime/pipeline/snapshot.h"

namespace sluice {

// The body of /admin/transformers: by pipeline the script that runs and since when, and every
// version there was, newest first, as far as the history goes back: hashes of bundle and script,
// when it was written and taken over, what came of it and why.
std::string render_transformers(const RuntimeSnapshot& snapshot,
                                const std::map<std::string, ReloadHistory::Pipeline>& history);

}  // namespace sluice
