// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/script/state.h"

// From what a script answered to what becomes of the record.
namespace sluice::script {

// What was returned for the current record lies at the top; `function` is the script's, for
// messages. Parts are added to state.emitted. Raises nothing.
ScriptResult conclude(State& state, const char* function);

// A record refused with TRANSFORM_ERROR.
ScriptResult transform_failed(std::string detail);

}  // namespace sluice::script
