// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <optional>
#include <string>

#include "runtime/base/status.h"

// What the kit borrows of the plugin host: the judgements that need no running plugin.
namespace sluice::conform {

// Whether the component's schema passes the lint; S4 tells what is wrong otherwise.
bool schema_is_sound(const sluice_component& component);
// The schema's words (JSON Pointer and text) when it is sound and refuses the configuration.
std::optional<std::string> schema_refusal(const sluice_component& component,
                                          const std::string& config);
// With the schema's defaults filled in, as the runtime hands it to create.
Result<std::string> complete_config(const sluice_component& component, const std::string& config);

}  // namespace sluice::conform
