// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "runtime/record/arena.h"

namespace sluice {

// Copies JSON text (already checked by a parse) without the white space outside strings. `to` has
// room for json.size() bytes; answers the byte after what was written.
char* compact_json(std::string_view json, char* to);
// The same into an arena.
std::string_view compact_json(std::string_view json, Arena& arena);

}  // namespace sluice
