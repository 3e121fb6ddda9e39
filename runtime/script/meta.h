// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

struct lua_State;

// The `meta` argument: a read-only view of RecordMeta that builds nothing until it is asked.
namespace sluice::script {

struct State;

// meta[key] and meta.headers[key]; the key is at 2. Answers the number of values pushed.
int meta_index(lua_State* L, State& state, uint32_t proxy);
// next(meta, key) and next(meta.headers, key).
int meta_next(lua_State* L, State& state, uint32_t proxy);

}  // namespace sluice::script
