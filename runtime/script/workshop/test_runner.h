// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/script/script.h"
#include "runtime/script/workshop/coverage.h"

namespace sluice::workshop {

// What became of one `it` of a test file.
struct TestCase {
  enum class Outcome { kPassed, kFailed, kSkipped };
  std::string group;  // the names of the `describe`s around it, joined by " > "
  std::string name;
  Outcome outcome = Outcome::kPassed;
  std::string message;  // of a failure: file:line, what was expected, what was found, a difference
  double seconds = 0;
};

// What became of one test file.
struct TestReport {
  std::filesystem::path script;
  std::filesystem::path file;  // the test file; empty: the script has none
  std::string error;  // the file (or its script) does not load, or hit a cap; empty: it ran
  std::vector<TestCase> cases;         // in the order of the file
  std::vector<FileCoverage> coverage;  // if asked for

  [[nodiscard]] uint64_t failed() const;
  [[nodiscard]] bool ok() const { return error.empty() && failed() == 0; }
};

struct TestOptions {
  std::string only;       // run tests whose group and name ("orders > keeps the id") contain this
  bool coverage = false;  // which lines ran; makes the script several times slower
};

// The test file that belongs to a script, whether it exists or not: orders_test.lua beside
// orders.lua.
std::filesystem::path test_file_of(const std::filesystem::path& script);

// Runs the test file of a script under the script's limits (each test has a call's caps to itself).
// What is wrong with the script or its tests is in the report, not an error; a script without a
// test file gives a report without cases. Any thread; takes as long as the tests do.
TestReport run_tests(const std::filesystem::path& script, const ScriptLimits& limits);
// The same, for those who want other than all tests and nothing else. (A name of its own: the first
// is passed on as a function.)
TestReport run_tests_with(const std::filesystem::path& script, const ScriptLimits& limits,
                          const TestOptions& options);

// A rejection in the two parts a person reads: the script's own code and text, or the reason code
// and what happened. Views into `result`.
struct Rejection {
  std::string_view code;
  std::string_view text;
};
Rejection rejection_of(const ScriptResult& result);

// The folder above `lib/` and `lookup/` for a script: its own, or, for lifts in a folder below the
// transformers, the one above if only that has them.
std::filesystem::path library_root_of(const std::filesystem::path& script);
// Script::load with that folder.
Result<std::shared_ptr<const Script>> load_script(const std::filesystem::path& script,
                                                  const ScriptLimits& limits);

}  // namespace sluice::workshop
