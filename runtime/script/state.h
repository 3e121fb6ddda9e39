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
#include "runtime/script/lua_slots.h"
#include "runtime/script/overlay.h"
#include "runtime/script/script.h"
#include "runtime/script/view.h"
#include "runtime/script/writer.h"

namespace sluice::script {

class CounterSet;
struct LibraryState;
class LookupTable;

// A member name that scripts use, and where it was last found: a guess for the next record, checked
// before use. The Lua string is kept from being collected while it stands here, so that its address
// alone tells it, and its text needs no asking for.
struct NameHint {
  static constexpr uint32_t kNowhere = UINT32_MAX;
  const void* key = nullptr;  // lua_topointer() of the string
  const char* text = nullptr;
  uint32_t size = 0;
  uint32_t distance = kNowhere;  // from the object's node to the name's node
  uint32_t from_end = kNowhere;  // from there to the end of the object
  uint32_t position = kNowhere;  // in the list of an edited object
  const Text* own = nullptr;     // the name as records get it, if it was ever added to one
  [[nodiscard]] std::string_view view() const { return {text, size}; }
};

// What sluice.reject() or sluice.filter() said.
struct Verdict {
  bool reject = false;
  std::string code;
  std::string text;
};

// A record of a call for several (transform_batch) while another one is the current one.
struct ParkedRecord {
  Overlay overlay;
  const RecordMeta* meta = nullptr;
  std::vector<ScriptPart> emitted;
  uint64_t output_bytes = 0;
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
  explicit State(const ScriptLimits& limits);
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

  // The hint of the string at stack index 2, or nullptr if it is no string. Used up by the next
  // call.
  NameHint* hint(lua_State* lua) {
    const LuaSlot* const slot = slots_fit ? lua_arguments(lua) + 1 : nullptr;
    const bool peek = slot != nullptr && slot->tag == LuaSlot::kShortString;
    const void* const key = peek ? slot->pointer : lua_topointer(lua, 2);
    NameHint& hint =
        hints[(reinterpret_cast<uintptr_t>(key) * 0x9E3779B97F4A7C15ULL) >> kHintShift];
    return hint.key == key && key != nullptr ? &hint : learn(lua, hint, key);
  }
  // The light userdata at stack index 1, as a number; 0 for anything else.
  uint64_t first_argument(lua_State* lua) const {
    if (slots_fit) [[likely]] {
      const LuaSlot* const slot = lua_arguments(lua);
      if (slot->tag == LuaSlot::kLightUserdata) [[likely]]
        return reinterpret_cast<uint64_t>(slot->pointer);
    }
    return reinterpret_cast<uint64_t>(lua_touserdata(lua, 1));
  }
  NameHint* learn(lua_State* lua, NameHint& hint, const void* key);
  // The name as a new one for the current record.
  const Text* name_text(NameHint& hint) { return hint.own != nullptr ? hint.own : copy_name(hint); }
  const Text* copy_name(NameHint& hint);
  // The same without a memory, of a string.
  NameHint& unkept_name(lua_State* lua);
  Cursor& cursor(NodeIndex container) { return cursors[container % cursors.size()]; }

  Guard guard;
  lua_State* L = nullptr;
  Overlay overlay;
  Writer writer;
  std::string name;  // of the script, for log lines
  // Text of `require "lib.x"`, or null with the reason; lives as long as the state.
  std::function<const std::string*(std::string_view library, std::string* error)> library;
  // The table of `sluice.lookup("x")`, or null with the reason; lives as long as the state.
  std::function<const LookupTable*(std::string_view name, std::string* error)> lookup;
  bool loading = true;
  bool slots_fit = false;             // see lua_slots.h
  std::unique_ptr<LibraryState> kit;  // of the library's functions; never null
  bool batch_function = false;        // the script has transform_batch, and that lies at index 1

  // Does the proxy belong to a record of this call? That record is the current one then.
  bool lives(uint64_t bits) {
    const uint32_t wanted = proxy_generation(bits);
    return wanted == generation || (batch_records != 0 && select(wanted));
  }
  // Makes a record of this call the current one.
  void turn_to(uint32_t record) {
    if (record != generation) select(record);
  }
  // Of a call for several: false if the generation is none of its records'.
  bool select(uint32_t wanted);

  // Of a call for several records; their generations follow each other.
  uint32_t batch_records = 0;  // 0: a call for one
  uint32_t first_generation = 0;
  std::vector<std::unique_ptr<ParkedRecord>> parked;  // by record; the current one's is not in use

  // Of the call.
  std::vector<Verdict> verdicts;  // room for them is kept
  uint32_t verdict_count = 0;

  // Of the current record.
  uint32_t generation = 1;
  const RecordMeta* meta = nullptr;
  CounterSet* counters = nullptr;  // of the runner; null in the state of a test file
  Arena* arena = nullptr;          // of the caller, for results
  std::vector<ScriptPart> emitted;
  uint64_t output_bytes = 0;
  uint32_t log_lines = 0;
  Arena scratch{4096};  // decoded strings on their way into Lua
  uint32_t kept_tables = 0;
  const char* last_string = nullptr;  // the Lua string last made of a node without escapes
  NodeIndex last_string_node = 0;

  const void* array_metatable = nullptr;
  int kept_tables_ref = LUA_NOREF;
  int array_metatable_ref = LUA_NOREF;
  static constexpr int kHintShift = 54;
  std::array<NameHint, 1U << (64 - kHintShift)> hints{};
  NameHint unkept;  // stands for a name that is not kept
  // Names that scripts added to records, for as long as the state lives: so many and no more, since
  // a script may make them up.
  static constexpr uint32_t kMostOwnNames = 256;
  uint32_t own_names = 0;
  Arena own_names_arena{1024};
  int hint_names_ref = LUA_NOREF;
  std::array<Cursor, 8> cursors{};
};

// Raises a Lua error with file:line of the calling Lua code in front.
[[noreturn]] void raise_error(lua_State* L, std::string_view text);

// If the table at `at` is sealed: pushes the hidden table with its content and answers true.
bool push_sealed_content(lua_State* L, int at);

}  // namespace sluice::script
