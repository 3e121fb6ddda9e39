// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>
#include <chrono>

#include "runtime/script/conclude.h"
#include "runtime/script/counter_set.h"
#include "runtime/script/script_source.h"
#include "runtime/script/ticker.h"

namespace sluice {
namespace script {
namespace {

// transform(r, meta), both at their places: r is pushed under protection, it may be a long string.
int call_transform(lua_State* L) {
  State& state = State::of(L);
  push_node(L, state, Document::root());
  lua_insert(L, 2);
  lua_call(L, 2, 1);
  return 1;
}

// transform_batch, at index 1, for all records of the call. Leaves the list that was answered.
int call_batch(lua_State* L) {
  State& state = State::of(L);
  const auto count = static_cast<int>(state.batch_records);
  lua_createtable(L, count, 0);
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; ++i) {
    const uint32_t generation = state.first_generation + static_cast<uint32_t>(i);
    state.turn_to(generation);
    push_node(L, state, Document::root());
    lua_rawseti(L, 2, i + 1);
    lua_pushlightuserdata(L, make_proxy(generation, kMetaProxy));
    lua_rawseti(L, 3, i + 1);
  }
  lua_call(L, 2, 1);
  return 1;
}

class Runner final : public ScriptRunner {
 public:
  explicit Runner(std::shared_ptr<const ScriptSource> source) : source_(std::move(source)) {}

  ScriptResult run(Document& document, const RecordMeta& meta, Arena& arena,
                   std::vector<ScriptPart>& parts) override {
    BatchItem item{&document, &meta, {}, 0, 0};
    run_one(item, arena, parts);
    return std::move(item.result);
  }

  [[nodiscard]] uint32_t batch_records() const override {
    return state_wants_batch_ ? kBatchRecords : 0;
  }

  void run_batch(std::span<BatchItem> items, Arena& arena,
                 std::vector<ScriptPart>& parts) override {
    renew_before_overflow();
    if (items.size() > 1 && state_ && attempt_batch(items, arena, parts) == Attempt::kDone) return;
    if (state_ && state_->guard.capped()) state_.reset();
    for (BatchItem& item : items) run_one(item, arena, parts);
  }

  std::span<ScriptCount> counts() override { return counters_.totals(); }
  [[nodiscard]] uint64_t memory_bytes() const override { return state_ ? state_->guard.used() : 0; }

  [[nodiscard]] const ScriptCaps& caps_hit() const override { return caps_hit_; }

  void observe(Observer* observer) override {
    observer_ = observer;
    state_.reset();
  }
  void measure_rendering(bool on) override { measuring_ = on; }
  [[nodiscard]] uint64_t rendering_ns() const override { return rendering_ns_; }

  void adopt(std::unique_ptr<State> state) {
    state_ = std::move(state);
    state_wants_batch_ = state_->batch_function;
  }
  Result<std::unique_ptr<State>> make() const {
    return make_state(
        *source_,
        [source = source_.get()](std::string_view name, std::string* error) {
          const std::string* const text = source->library(name);
          if (text == nullptr)
            *error = "library '" + std::string(name) + "' was not there on loading";
          return text;
        },
        observer_);
  }

 private:
  static constexpr uint32_t kBatchRecords = 64;
  static constexpr int64_t kLatenessUs = 30'000;  // of ticks, and of throwing a state away
  enum class Attempt {
    kDone,
    kFailed,  // the script raised an error, which is in the results
    kCapped,  // a cap was hit, and the state is lost
  };

  void run_one(BatchItem& item, Arena& arena, std::vector<ScriptPart>& parts) {
    renew_before_overflow();
    if (!have_state(item) || attempt(item, arena, parts) != Attempt::kCapped) return;
    // A cap may have been hit by what earlier records left in the state: once more in a fresh one.
    // What both tries take together stays within twice the cap.
    ScriptResult first = transform_failed(state_->guard.describe());
    const int64_t cap_us = state_->guard.limits().cpu_us;
    const int64_t spent_us = state_->guard.spent_us();
    const int64_t began_us = Ticker::thread_cpu_us() - spent_us;
    state_.reset();
    if (!have_state(item)) return;
    // The second try may end as late as the first did.
    const int64_t late_us = kLatenessUs + std::max<int64_t>(0, spent_us - cap_us);
    const int64_t left_us = 2 * cap_us - (Ticker::thread_cpu_us() - began_us) - late_us;
    cpu_budget_us_ = std::clamp(left_us, cap_us / 8, cap_us);
    const Attempt second = attempt(item, arena, parts);
    cpu_budget_us_ = 0;
    if (second != Attempt::kCapped) return;
    item.result = std::move(first);
    state_.reset();
  }

  // Makes a state where there is none. False: it cannot be made, which is the record's result.
  bool have_state(BatchItem& item) {
    if (state_) return true;
    auto fresh = make();
    if (!fresh) {
      item.result = transform_failed(fresh.status().message());
      return false;
    }
    state_ = std::move(*fresh);
    return true;
  }

  // Numbers of generations that come round again would bring parts of old records back to life.
  void renew_before_overflow() {
    if (state_ && state_->generation > UINT32_MAX - kBatchRecords) state_.reset();
  }

  Attempt attempt(BatchItem& item, Arena& arena, std::vector<ScriptPart>& parts) {
    if (state_wants_batch_) return attempt_batch({&item, 1}, arena, parts);
    State& state = *state_;
    begin_call(state, arena);
    begin_record(state, *item.document, *item.meta);
    lua_State* const L = state.L;
    const bool container = item.document->kind(Document::root()) >= JsonKind::kArray;
    if (!container) lua_pushcfunction(L, call_transform);
    lua_pushvalue(L, 1);
    if (container) lua_pushlightuserdata(L, make_proxy(state.generation, Document::root()));
    lua_pushlightuserdata(L, make_proxy(state.generation, kMetaProxy));
    const int status = lua_pcall(L, 2, 1, 0);
    if (status == LUA_OK && !state.guard.capped()) {
      item.result = conclude_timed(state, "transform");
    } else {
      item.result = transform_failed(error_text(state, status));
    }
    state.guard.end();
    state.overlay.end();
    if (state.guard.capped()) return capped(state);
    end_call(state);
    if (item.result.outcome != ScriptOutcome::kRejected) counters_.commit();
    take_parts(state, item, parts);
    return status == LUA_OK ? Attempt::kDone : Attempt::kFailed;
  }

  Attempt attempt_batch(std::span<BatchItem> items, Arena& arena, std::vector<ScriptPart>& parts) {
    State& state = *state_;
    const size_t before = parts.size();
    begin_call(state, arena);
    begin_batch(state, items);
    lua_State* const L = state.L;
    lua_pushcfunction(L, call_batch);
    lua_pushvalue(L, 1);
    const int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_OK && !state.guard.capped()) {
      conclude_batch(state, items, parts);
    } else {
      const ScriptResult failed = transform_failed(error_text(state, status));
      for (BatchItem& item : items) item.result = failed;
    }
    state.guard.end();
    end_batch(state);
    if (state.guard.capped()) {
      parts.resize(before);
      return capped(state);
    }
    end_call(state);
    if (std::any_of(items.begin(), items.end(), [](const BatchItem& item) {
          return item.result.outcome != ScriptOutcome::kRejected;
        })) {
      counters_.commit();
    }
    return status == LUA_OK ? Attempt::kDone : Attempt::kFailed;
  }

  Attempt capped(const State& state) {
    const Cap cap = state.guard.cap();
    caps_hit_.memory += cap == Cap::kMemory ? 1 : 0;
    caps_hit_.instructions += cap == Cap::kInstructions ? 1 : 0;
    caps_hit_.cpu += cap == Cap::kCpu ? 1 : 0;
    caps_hit_.wall += cap == Cap::kWall ? 1 : 0;
    return Attempt::kCapped;
  }

  void begin_call(State& state, Arena& arena) {
    state.guard.begin(cpu_budget_us_ != 0 ? cpu_budget_us_ : state.guard.limits().cpu_us);
    state.counters = &counters_;
    counters_.drop();
    state.arena = &arena;
    state.log_lines = 0;
    state.verdict_count = 0;
  }

  static void end_call(State& state) {
    lua_settop(state.L, 1);
    state.forget_tables();
  }

  static void begin_record(State& state, Document& document, const RecordMeta& meta) {
    state.overlay.begin(document);
    ++state.generation;
    state.meta = &meta;
    state.emitted.clear();
    state.output_bytes = 0;
    state.last_string = nullptr;
    state.cursors.fill(Cursor{});
  }

  // The first record is the current one, the others are parked.
  static void begin_batch(State& state, std::span<BatchItem> items) {
    const auto count = static_cast<uint32_t>(items.size());
    while (state.parked.size() < count) state.parked.push_back(std::make_unique<ParkedRecord>());
    begin_record(state, *items[0].document, *items[0].meta);
    state.first_generation = state.generation;
    state.batch_records = count;
    for (uint32_t i = 1; i < count; ++i) {
      ParkedRecord& record = *state.parked[i];
      record.overlay.begin(*items[i].document);
      record.meta = items[i].meta;
      record.emitted.clear();
      record.output_bytes = 0;
    }
  }

  static void end_batch(State& state) {
    const uint32_t last = state.first_generation + state.batch_records - 1;
    for (uint32_t i = 0; i < state.batch_records; ++i) {
      if (state.first_generation + i == state.generation) {
        state.overlay.end();
      } else {
        state.parked[i]->overlay.end();
      }
    }
    state.batch_records = 0;
    state.generation = last;
  }

  // The list that transform_batch answered is at the top.
  void conclude_batch(State& state, std::span<BatchItem> items, std::vector<ScriptPart>& parts) {
    lua_State* const L = state.L;
    const int list = lua_gettop(L);
    const bool usable = lua_type(L, list) == LUA_TTABLE && lua_rawlen(L, list) <= items.size();
    for (size_t i = 0; i < items.size() && !state.guard.capped(); ++i) {
      state.turn_to(state.first_generation + static_cast<uint32_t>(i));
      if (usable) {
        lua_rawgeti(L, list, static_cast<lua_Integer>(i) + 1);
        items[i].result = conclude_timed(state, "transform_batch");
        lua_settop(L, list);
      } else {
        items[i].result =
            transform_failed(state.name + ": transform_batch returned a " + luaL_typename(L, list) +
                             "; expected a list with the answer for each of the " +
                             std::to_string(items.size()) + " records at its place");
      }
      take_parts(state, items[i], parts);
    }
  }

  static void take_parts(State& state, BatchItem& item, std::vector<ScriptPart>& parts) {
    item.first_part = parts.size();
    item.parts = 0;
    if (item.result.outcome != ScriptOutcome::kParts) return;
    item.parts = state.emitted.size();
    parts.insert(parts.end(), state.emitted.begin(), state.emitted.end());
  }

  ScriptResult conclude_timed(State& state, const char* function) {
    if (!measuring_) return conclude(state, function);
    const auto start = std::chrono::steady_clock::now();
    ScriptResult result = conclude(state, function);
    const auto spent = std::chrono::steady_clock::now() - start;
    rendering_ns_ += static_cast<uint64_t>(std::chrono::nanoseconds(spent).count());
    return result;
  }

  std::shared_ptr<const ScriptSource> source_;
  CounterSet counters_;  // of all states, one after the other
  std::unique_ptr<State> state_;
  bool state_wants_batch_ = false;
  Observer* observer_ = nullptr;
  int64_t cpu_budget_us_ = 0;  // of a second try; 0: the cap
  ScriptCaps caps_hit_;
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
