// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "runtime/admin/backend.h"
#include "runtime/pipeline/reloader.h"
#include "runtime/pipeline/snapshot.h"

namespace sluice {

// The body of /admin/schemas: by pipeline the bundle that runs and since when, the versions of its
// schema with the records seen of each, and how bundles changed.
std::string render_schemas(const RuntimeSnapshot& snapshot,
                           const std::map<std::string, ReloadHistory::Pipeline>& history,
                           const std::set<std::string>& watched);

// The answer to POST /admin/reload: 200, 404 (no such pipeline), 409 (needs a restart), 422 (files
// or configuration are wrong), 503 (starting or ending); what became of each pipeline.
AdminBackend::Reply render_reload(const ReloadReport& report);

}  // namespace sluice
