// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lua.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/document.h"
#include "runtime/script/guard.h"
#include "runtime/script/overlay.h"
#include "runtime/script/script.h"
#include "runtime/script/view.h"
#include "runtime/script/writer.h"

namespace sluice::script {

// Where a member name was last found: a guess for the next record, always checked before use. The
// key is the address of an interned Lua string, which may have become another string since.
struct NameHint {
  const char* key = nullptr;
  uint32_t distance = 0;  // from the object's node to the name's node
  uint32_t position = 0;  // in the list of an edited object
};

// Where an iteration over a container stands, so that each step is O(1).
struct Cursor {
  NodeIndex container = kNoNode;
  uint32_t position = 0;  // counts from 0
  NodeIndex node = 0;     // of a name, or of an element; unused for edited containers
};

// Everything that belongs to one Lua state; reached from C functions through its extra space. More
// members than a class should have: it is the frame that the files of this module share, and no
// other module sees it.
struct State {
  explicit State(const ScriptLimits& limits) : guard(limits), writer(*this) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  static State& of(lua_State* L) { return **static_cast<State**>(lua_getextraspace(L)); }

  // Per-record Lua tables that were assigned into the record.
  uint32_t keep_table(int at);
  void push_kept_table(uint32_t number);
  void forget_tables();
  void pop(int n) { lua_settop(L, -n - 1); }
  // Prints the record or table at stack index `at` into the caller's arena, counting its bytes
  // against the output limit. False: writer.error() tells why. May raise Lua errors for tables.
  bool print_result(int at, std::string_view* text);
  // Was the table at `at` marked by sluice.array?
  bool is_array(lua_State* lua, int at) const;

  NameHint& hint(const char* key) {
    return hints[(reinterpret_cast<uintptr_t>(key) * 0x9E3779B97F4A7C15ULL) >> 56];
  }
  Cursor& cursor(NodeIndex container) { return cursors[container % cursors.size()]; }

  Guard guard;
  lua_State* L = nullptr;
  Overlay overlay;
  Writer writer;
  std::string name;  // of the script, for log lines
  // Text of `require "lib.x"`, or null with the reason; lives as long as the state.
  std::function<const std::string*(std::string_view library, std::string* error)> library;
  bool loading = true;

  // Of the current record.
  uint32_t generation = 1;
  const RecordMeta* meta = nullptr;
  Arena* arena = nullptr;  // of the caller, for results
  std::vector<ScriptPart> emitted;
  uint64_t output_bytes = 0;
  uint32_t log_lines = 0;
  std::string reject_code;
  std::string reject_text;
  Arena scratch{4096};  // decoded strings on their way into Lua
  uint32_t kept_tables = 0;
  const char* last_string = nullptr;  // the Lua string last made of a node without escapes
  NodeIndex last_string_node = 0;

  const void* array_metatable = nullptr;
  int kept_tables_ref = LUA_NOREF;
  int array_metatable_ref = LUA_NOREF;
  std::array<NameHint, 256> hints{};
  std::array<Cursor, 8> cursors{};
};

// Raises a Lua error with file:line of the calling Lua code in front.
[[noreturn]] void raise_error(lua_State* L, std::string_view text);

// If the table at `at` is sealed: pushes the hidden table with its content and answers true.
bool push_sealed_content(lua_State* L, int at);

}  // namespace sluice::script
