// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/script/state.h"

// What the files of the view share.
namespace sluice::script {

inline constexpr uint32_t kNotFound = UINT32_MAX;

inline bool is_object(const Document& document, NodeIndex node) {
  return document.kind(node) == JsonKind::kObject;
}

// Opens a container's list and charges its memory to the script.
Overlay::Edit& open_list(State& state, NodeIndex node);
// The name node of a member of an object that has no changes, or kNoNode.
NodeIndex find_name(State& state, NodeIndex object, NameHint& hint);
// The position in the list of an edited object, or kNotFound.
uint32_t find_child(State& state, Overlay::Edit& edit, NameHint& hint);
// Says why a light userdata that is no part of the record cannot be used; the key is at 2.
[[noreturn]] void refuse_use(lua_State* L, State& state, uint64_t bits, const char* verb);
// The metamethod __newindex.
int new_index(lua_State* L);

}  // namespace sluice::script
