// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/record/document.h"
#include "runtime/script/overlay.h"

struct lua_State;

// The record as a script sees it. A container is a light userdata: generation in the upper half,
// node index in the lower. It costs no memory, two reads of one place are equal, and one that was
// kept from an earlier record is recognised by its generation. JSON null is the light userdata 0.
namespace sluice::script {

struct State;

// Node indices that are no nodes (a tape ends far below).
inline constexpr uint32_t kFirstSpecial = 0xFFFE0000;
inline constexpr uint32_t kMetaProxy = kFirstSpecial;
inline constexpr uint32_t kHeadersProxy = kFirstSpecial + 1;
// What sluice.reject() and sluice.filter() answer: the number of a verdict of this call follows.
inline constexpr uint32_t kFirstVerdict = kFirstSpecial + 2;
inline constexpr uint32_t kMaxVerdicts = 0x10000;

inline constexpr char kStaleProxy[] =
    "a part of an earlier record was kept (in a global or upvalue) and used again; keep a copy "
    "made "
    "with sluice.totable(...) instead";

inline uint64_t proxy_bits(const void* p) { return reinterpret_cast<uint64_t>(p); }
inline uint32_t proxy_generation(uint64_t bits) { return static_cast<uint32_t>(bits >> 32); }
inline uint32_t proxy_node(uint64_t bits) { return static_cast<uint32_t>(bits); }
inline void* make_proxy(uint32_t generation, uint32_t node) {
  return reinterpret_cast<void*>(uint64_t{generation} << 32 | node);  // NOLINT: never dereferenced
}
static_assert(sizeof(void*) == 8, "a proxy needs 64 bits");

// Sets the metatable shared by all light userdata.
void install_view(lua_State* L);

// Pushes a value as Lua sees it. Absent is nil.
void push_value(lua_State* L, State& state, const Value& value);
void push_node(lua_State* L, State& state, NodeIndex node);

// If the value at `at` is a usable container proxy: its node; kNoNode if it is something else.
// Raises for a stale one. In a call for several records its record becomes the current one.
NodeIndex check_proxy(lua_State* L, State& state, int at);

// next(proxy, key): pushes the next key and value, or nil. Answers the number pushed.
int proxy_next(lua_State* L);
// The iterator function of ipairs over a proxy.
int proxy_inext(lua_State* L);
// The value of element `index` (from 1) of an array.
Value array_element(State& state, NodeIndex array, int64_t index);
// Elements of an array; of an object at least as many as it has members.
uint32_t child_count(const State& state, NodeIndex container);

}  // namespace sluice::script
