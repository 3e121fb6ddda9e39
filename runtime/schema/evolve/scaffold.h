// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/schema/evolve/change.h"
#include "runtime/schema/evolve/shape.h"

namespace sluice::schema {

// The Lua that lifts a record of the old version to the new one. What the schemas say is filled in;
// what they cannot say is marked "TODO(schema diff)" and rejects the records it concerns
// (lift_incomplete), so that a lift nobody finished lets nothing wrong through. Values that may be
// outside a narrower limit are left to the check that follows every lift.
// `cut`: the list of changes is not complete; the lift then rejects everything.
std::string scaffold_lift(const ShapeGraph& old_graph, const ShapeGraph& new_graph,
                          const std::vector<PlacedChange>& changes, const std::string& old_name,
                          const std::string& new_name, bool cut);

}  // namespace sluice::schema
