// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lua.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/record/arena.h"
#include "runtime/record/document.h"
#include "runtime/script/script.h"
#include "runtime/script/state.h"
#include "runtime/script/workshop/test_runner.h"

// What is private to the tests of transformers.
namespace sluice::workshop {

// One `it`, as it was written down while the file ran.
struct WrittenTest {
  std::string group;
  std::string name;
  int line = 0;
  int function = LUA_NOREF;  // none: pending
  std::vector<int> before;   // before_each, from the outermost describe inwards
  bool skipped = false;
};

// A test file in a Lua state of its own: the script under test runs in another, through the runner
// that the pipeline uses, so that a test sees what a sink would. More members than a class should
// have: it is the frame that the functions a test calls share.
class TestFile {
 public:
  TestFile(std::filesystem::path script, std::filesystem::path file)
      : script_path_(std::move(script)), path_(std::move(file)) {}
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  // Runs the file, which writes down its tests. Again after a test hit a cap.
  Status open(const std::shared_ptr<const Script>& script, const ScriptLimits& limits);
  [[nodiscard]] const std::vector<WrittenTest>& tests() const { return tests_; }
  // Runs one test. False: a cap was hit; open() again before the next.
  bool run(size_t number, TestCase* result);

  // From the next test on the script under test is watched.
  void watch(script::Observer* observer) { observer_ = observer; }

  // The file a Lua function belongs to (its first upvalue).
  static TestFile& of(lua_State* L) {
    return *static_cast<TestFile*>(lua_touserdata(L, lua_upvalueindex(1)));
  }
  // A text with file:line of the nearest Lua code in front, as Lua's own errors have it.
  static std::string place(lua_State* L);

  // Where a `describe` stands.
  struct Scope {
    std::string name;
    std::vector<int> before;
    bool skipped = false;
  };
  void write_down(WrittenTest test, lua_State* L);
  [[nodiscard]] std::string group() const;

  // transform(record, meta): runs the script on the text and pushes what became of it.
  void transform(lua_State* L, std::string json, const RecordMeta& meta);

  std::vector<Scope> scopes;
  bool running = false;  // a test runs; before that the file is read
  // The last transform() of this test ended in an error that the test has not looked at.
  std::string unseen_error;
  std::vector<RecordMeta::Header> headers;  // of the record that is run
  Arena texts{4096};                        // of the meta of the record that is run

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  static int prepare(lua_State* L);
  void push_outcome(lua_State* L, const ScriptResult& result);
  void conclude(int status, TestCase* result);

  const std::filesystem::path script_path_;
  const std::filesystem::path path_;
  std::string text_;
  std::map<std::string, std::string, std::less<>> libraries_;
  std::shared_ptr<const Script> script_;
  std::unique_ptr<script::State> state_;
  std::vector<WrittenTest> tests_;
  Document nothing_;  // the record that the test's own state believes in
  Arena unused_{1024};
  RecordMeta no_meta_;

  // Of the running test.
  script::Observer* observer_ = nullptr;
  std::unique_ptr<ScriptRunner> runner_;
  std::chrono::steady_clock::time_point start_;
  std::string input_;
  Document document_;
  Arena arena_;
  std::vector<ScriptPart> parts_;
};

// Each adds global functions to a test's state; upvalue 1 is the TestFile.
void open_structure(lua_State* L, TestFile* file);  // describe, it, before_each
void open_expect(lua_State* L, TestFile* file);     // expect
void open_records(lua_State* L, TestFile* file);    // transform, golden, json

// Is the value at `at` what transform() answered?
bool is_outcome(lua_State* L, int at);
// transform() on the value at `at`, without meta; pushes the outcome.
void transform_value(lua_State* L, TestFile& file, int at);

}  // namespace sluice::workshop
