// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/workshop/test_file.h"

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/script/libraries.h"
#include "runtime/script/script_source.h"
#include "runtime/script/workshop/lua_json.h"

namespace sluice::workshop {
namespace {

constexpr uint64_t kLargestFile = 4ULL << 20;
constexpr size_t kMostTests = 10'000;
constexpr size_t kLongestName = 200;
// All of a test, with everything it had transformed. Each call in it has its own, smaller cap.
constexpr std::chrono::seconds kLongestTest{30};

// before_each functions, then the test: all arguments are functions.
int call_all(lua_State* L) {
  const int functions = lua_gettop(L);
  for (int i = 1; i <= functions; ++i) {
    lua_pushvalue(L, i);
    lua_call(L, 0, 0);
  }
  return 0;
}

int refuse_in_test(lua_State* L) {
  script::raise_error(L, std::string("sluice.") + lua_tostring(L, lua_upvalueindex(2)) +
                             " is for transformers; a test looks at what transform(record) "
                             "answers");
}

// What only makes sense while a record is transformed.
void remove_verdicts(lua_State* L) {
  lua_getglobal(L, "sluice");
  for (const char* const name : {"emit", "reject", "filter"}) {
    lua_pushlightuserdata(L, nullptr);
    lua_pushstring(L, name);
    lua_pushcclosure(L, refuse_in_test, 2);
    lua_setfield(L, -2, name);
  }
  lua_pop(L, 1);
}

struct Preparation {
  TestFile* file;
  const std::string* text;
  std::string name;
  Document* nothing;
  Arena* arena;
  RecordMeta* meta;
};

}  // namespace

// Light userdata 1: the Preparation.
int TestFile::prepare(lua_State* L) {
  const auto& what = *static_cast<const Preparation*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  script::State& state = script::State::of(L);
  state.overlay.begin(*what.nothing);
  state.arena = what.arena;
  state.meta = what.meta;
  script::open_libraries(L);
  remove_verdicts(L);
  install_json(L);
  open_structure(L, what.file);
  open_records(L, what.file);
  open_expect(L, what.file);
  const std::string chunk = "@" + what.name;
  if (luaL_loadbufferx(L, what.text->data(), what.text->size(), chunk.c_str(), "t") != LUA_OK) {
    lua_error(L);
  }
  lua_call(L, 0, 0);
  lua_pushnil(L);
  return 1;
}

Status TestFile::open(const std::shared_ptr<const Script>& script, const ScriptLimits& limits) {
  script_ = script;
  tests_.clear();
  scopes.assign(1, Scope{});
  running = false;
  state_.reset();
  runner_.reset();
  SLUICE_ASSIGN_OR_RETURN(text_, read_file(path_, kLargestFile));
  if (!nothing_.parse("{}", ParseLimits{})) return internal("an empty record does not parse");
  const auto library = [this](std::string_view name, std::string* error) -> const std::string* {
    auto text = script::read_library(library_root_of(script_path_), name);
    if (text)
      return &libraries_.insert_or_assign(std::string(name), std::move(*text)).first->second;
    *error = text.status().message();
    return nullptr;
  };
  // The tables that the script looks up, and no others: a test is to see what the script sees.
  const auto lookup = [this](std::string_view name,
                             std::string* error) -> const script::LookupTable* {
    const auto* const source = dynamic_cast<const script::ScriptSource*>(script_.get());
    const script::LookupTable* const table = source == nullptr ? nullptr : source->lookup(name);
    if (table == nullptr) {
      *error = "sluice.lookup: the script looks up no table \"" + shorten(name, 60) + "\"";
    }
    return table;
  };
  // The script's time is not the test's, but a machine may be busy between the two.
  ScriptLimits own = limits;
  constexpr int kPatience = 10;
  own.wall_us = limits.wall_us * kPatience;
  Preparation what{this, &text_, path_.filename().string(), &nothing_, &unused_, &no_meta_};
  SLUICE_ASSIGN_OR_RETURN(state_, script::open_state(own, what.name, library, &TestFile::prepare,
                                                     &what, nullptr, lookup));
  state_->loading = false;
  return Status::ok();
}

bool TestFile::run(size_t number, TestCase* result) {
  const WrittenTest& test = tests_[number];
  if (test.skipped) {
    result->outcome = TestCase::Outcome::kSkipped;
    return true;
  }
  running = true;
  unseen_error.clear();
  runner_.reset();
  start_ = std::chrono::steady_clock::now();
  lua_State* const L = state_->L;
  lua_settop(L, 0);
  lua_pushcfunction(L, call_all);
  for (const int function : test.before) lua_rawgeti(L, LUA_REGISTRYINDEX, function);
  lua_rawgeti(L, LUA_REGISTRYINDEX, test.function);
  state_->log_lines = 0;
  state_->guard.begin();
  const int status = lua_pcall(L, lua_gettop(L) - 1, 0, 0);
  state_->guard.end();
  conclude(status, result);
  result->seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  return !state_->guard.capped();
}

void TestFile::conclude(int status, TestCase* result) {
  if (status != LUA_OK || state_->guard.capped()) {
    result->outcome = TestCase::Outcome::kFailed;
    result->message = script::error_text(*state_, status);
    if (!unseen_error.empty()) {
      result->message += "\n  the script had failed before: " + unseen_error;
    }
  } else if (!unseen_error.empty()) {
    result->outcome = TestCase::Outcome::kFailed;
    result->message =
        "the script failed and the test did not look at it: " + unseen_error +
        "\n  (if that is meant, look at `rejected` of the outcome, or use expect.reject)";
  }
}

std::string TestFile::place(lua_State* L) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame) != 0; ++level) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline > 0) {
      return std::string(frame.short_src) + ":" + std::to_string(frame.currentline) + ": ";
    }
  }
  return {};
}

void TestFile::write_down(WrittenTest test, lua_State* L) {
  if (tests_.size() == kMostTests) {
    script::raise_error(L, "more than 10,000 tests in one file; split it");
  }
  test.name = shorten(test.name, kLongestName);
  test.group = group();
  for (const Scope& scope : scopes) {
    test.before.insert(test.before.end(), scope.before.begin(), scope.before.end());
    test.skipped = test.skipped || scope.skipped;
  }
  tests_.push_back(std::move(test));
}

std::string TestFile::group() const {
  std::string out;
  for (size_t i = 1; i < scopes.size(); ++i) {
    if (i > 1) out += " > ";
    out += shorten(scopes[i].name, kLongestName);
  }
  return out;
}

void TestFile::transform(lua_State* L, std::string json, const RecordMeta& meta) {
  if (!running) {
    script::raise_error(L, "transform: call it inside it(name, function() ... end)");
  }
  if (std::chrono::steady_clock::now() - start_ > kLongestTest) {
    script::raise_error(L, "this test has run for more than 30 s; split it");
  }
  input_ = std::move(json);
  const ParseResult parsed = document_.parse(input_, ParseLimits{});
  if (!parsed) {
    script::raise_error(L, std::string("transform: the record is not JSON that Sluice reads: ") +
                               parsed.message + " at byte " + std::to_string(parsed.offset));
  }
  if (!runner_) {
    auto made = ScriptRunner::create(script_);
    if (!made) script::raise_error(L, "transform: " + made.status().message());
    runner_ = std::move(*made);
    if (observer_ != nullptr) runner_->observe(observer_);
  }
  arena_.reset();
  parts_.clear();
  const ScriptResult result = runner_->run(document_, meta, arena_, parts_);
  // What the script used is its own matter; the test goes on with a call's caps to itself.
  state_->guard.begin();
  push_outcome(L, result);
}

}  // namespace sluice::workshop
