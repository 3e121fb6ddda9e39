// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <chrono>

#include "runtime/script/script_source.h"

namespace sluice {
namespace script {
namespace {

constexpr std::string_view kTransformError = "TRANSFORM_ERROR";
constexpr char kUnwritable[] = ": transform returned a record that cannot be written: ";
constexpr std::string_view kRejected = "REJECTED_BY_SCRIPT";

// Prints what transform returned; it lies at index 1.
int print_answer(lua_State* L) {
  State& state = State::of(L);
  ScriptPart part;
  if (!state.print_result(1, &part.value)) {
    const std::string error = state.writer.error();
    lua_pushlstring(L, error.data(), error.size());
    lua_error(L);
  }
  state.emitted.push_back(part);
  return 0;
}

// transform(r, meta), both at their places: r is pushed under protection, it may be a long string.
int call_transform(lua_State* L) {
  State& state = State::of(L);
  push_node(L, state, Document::root());
  lua_insert(L, 2);
  lua_call(L, 2, 1);
  return 1;
}

class Runner final : public ScriptRunner {
 public:
  explicit Runner(std::shared_ptr<const ScriptSource> source) : source_(std::move(source)) {}

  ScriptResult run(Document& document, const RecordMeta& meta, Arena& arena,
                   std::vector<ScriptPart>& parts) override {
    if (state_) {
      ScriptResult result;
      if (attempt(document, meta, arena, parts, &result)) return result;
    }
    // A cap was hit: perhaps by what earlier records left in the state. Once more in a fresh one.
    state_.reset();
    auto fresh = make();
    if (!fresh) return failed(fresh.status().message());
    state_ = std::move(*fresh);
    ScriptResult result;
    if (attempt(document, meta, arena, parts, &result)) return result;
    result = failed(state_->guard.describe());
    state_.reset();
    return result;
  }

  [[nodiscard]] uint64_t memory_bytes() const override { return state_ ? state_->guard.used() : 0; }

  void measure_rendering(bool on) override { measuring_ = on; }
  [[nodiscard]] uint64_t rendering_ns() const override { return rendering_ns_; }

  void adopt(std::unique_ptr<State> state) { state_ = std::move(state); }
  Result<std::unique_ptr<State>> make() const {
    return make_state(*source_,
                      [source = source_.get()](std::string_view name, std::string* error) {
                        const std::string* const text = source->library(name);
                        if (text == nullptr)
                          *error = "library '" + std::string(name) + "' was not there on loading";
                        return text;
                      });
  }

 private:
  static ScriptResult failed(std::string detail) {
    return {ScriptOutcome::kRejected, kTransformError, std::move(detail)};
  }

  // False: a cap was hit and the state is lost.
  bool attempt(Document& document, const RecordMeta& meta, Arena& arena,
               std::vector<ScriptPart>& parts, ScriptResult* result) {
    State& state = *state_;
    begin(state, document, meta, arena);
    lua_State* const L = state.L;
    const bool container = document.kind(Document::root()) >= JsonKind::kArray;
    if (!container) lua_pushcfunction(L, call_transform);
    lua_pushvalue(L, 1);
    if (container) lua_pushlightuserdata(L, make_proxy(state.generation, Document::root()));
    lua_pushlightuserdata(L, make_proxy(state.generation, kMetaProxy));
    const int status = lua_pcall(L, 2, 1, 0);
    if (status == LUA_OK && !state.guard.capped()) {
      *result = measuring_ ? conclude_measured(state) : conclude(state);
    } else {
      *result = failed(error_text(state, status));
    }
    state.guard.end();
    state.overlay.end();
    if (state.guard.capped()) return false;
    lua_settop(L, 1);
    state.forget_tables();
    if (result->outcome == ScriptOutcome::kParts) {
      parts.insert(parts.end(), state.emitted.begin(), state.emitted.end());
    }
    return true;
  }

  static void begin(State& state, Document& document, const RecordMeta& meta, Arena& arena) {
    state.guard.begin();
    state.overlay.begin(document);
    if (++state.generation == 0) state.generation = 1;
    state.meta = &meta;
    state.arena = &arena;
    state.emitted.clear();
    state.output_bytes = 0;
    state.log_lines = 0;
    state.last_string = nullptr;
    state.cursors.fill(Cursor{});
  }

  ScriptResult conclude_measured(State& state) {
    const auto start = std::chrono::steady_clock::now();
    ScriptResult result = conclude(state);
    const auto spent = std::chrono::steady_clock::now() - start;
    rendering_ns_ += static_cast<uint64_t>(std::chrono::nanoseconds(spent).count());
    return result;
  }

  // What transform answered is at the top.
  static ScriptResult conclude(State& state) {
    lua_State* const L = state.L;
    switch (lua_type(L, -1)) {
      case LUA_TNIL:
        return no_record(state, {});
      case LUA_TTABLE:
        return print(state);
      case LUA_TLIGHTUSERDATA:
        break;
      default:
        return failed(state.name + ": transform returned a " + luaL_typename(L, -1) +
                      "; expected the record, a table, nil, or a verdict of sluice.reject or "
                      "sluice.filter");
    }
    const uint64_t bits = proxy_bits(lua_touserdata(L, -1));
    if (bits == 0) {
      return failed(state.name +
                    ": transform returned sluice.null; expected the record, a table or nil");
    }
    if (proxy_generation(bits) != state.generation) {
      return failed(state.name + ": transform returned " + kStaleProxy);
    }
    switch (proxy_node(bits)) {
      case kRejectProxy:
        return {ScriptOutcome::kRejected, kRejected,
                state.reject_text.empty() ? state.reject_code
                                          : state.reject_code + ": " + state.reject_text};
      case kFilterProxy:
        return no_record(state, state.reject_text);
      case kMetaProxy:
      case kHeadersProxy:
        return failed(state.name +
                      ": transform returned meta; expected the record, a table or nil");
      default:
        break;
    }
    return print(state);
  }

  // Nothing beside what was emitted.
  static ScriptResult no_record(State& state, std::string why) {
    if (!state.emitted.empty()) return {};
    return {ScriptOutcome::kFiltered, {}, std::move(why)};
  }

  // Prints the answer at the top as the last part.
  static ScriptResult print(State& state) {
    lua_State* const L = state.L;
    if (lua_type(L, -1) != LUA_TTABLE && state.kept_tables == 0) {  // then Lua has no part in it
      ScriptPart part;
      if (!state.print_result(lua_gettop(L), &part.value)) {
        return failed(state.name + kUnwritable + state.writer.error());
      }
      state.emitted.push_back(part);
      return {};
    }
    lua_pushcfunction(L, print_answer);
    lua_insert(L, -2);
    const int status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_OK) return {};
    if (state.guard.capped()) return {};
    return failed(state.name + kUnwritable + error_text(state, status));
  }

  std::shared_ptr<const ScriptSource> source_;
  std::unique_ptr<State> state_;
  bool measuring_ = false;
  uint64_t rendering_ns_ = 0;
};

}  // namespace
}  // namespace script

Result<std::unique_ptr<ScriptRunner>> ScriptRunner::create(std::shared_ptr<const Script> script) {
  auto source = std::dynamic_pointer_cast<const script::ScriptSource>(std::move(script));
  if (!source) return internal("a script that was not made by Script::load");
  auto runner = std::make_unique<script::Runner>(std::move(source));
  auto state = runner->make();
  if (!state) return std::move(state).status();
  runner->adopt(std::move(*state));
  return std::unique_ptr<ScriptRunner>(std::move(runner));
}

}  // namespace sluice
