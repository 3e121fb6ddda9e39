// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/workshop/test_runner.h"

#include <algorithm>
#include <chrono>

#include "runtime/base/file.h"
#include "runtime/script/workshop/line_watch.h"
#include "runtime/script/workshop/test_file.h"

namespace sluice::workshop {
namespace {

namespace fs = std::filesystem;

// All tests of a file: somebody waits for them, perhaps to bring a correction into effect.
constexpr std::chrono::minutes kLongestFile{2};

std::string full_name(const WrittenTest& test) {
  return test.group.empty() ? test.name : test.group + " > " + test.name;
}

// Each test hit a cap costs a fresh state; the file writes down the same tests again.
void run_all(TestFile& file, const std::shared_ptr<const Script>& script,
             const ScriptLimits& limits, const TestOptions& options, TestReport* report) {
  const size_t count = file.tests().size();
  bool usable = true;
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < count; ++i) {
    if (!usable) {
      const Status opened = file.open(script, limits);
      if (!opened || file.tests().size() != count) {
        report->error = opened ? file.path().filename().string() +
                                     ": the file writes down other tests when it is read again"
                               : opened.message();
        return;
      }
    }
    const WrittenTest& test = file.tests()[i];
    if (full_name(test).find(options.only) == std::string::npos) continue;
    TestCase& result = report->cases.emplace_back();
    result.group = test.group;
    result.name = test.name;
    if (std::chrono::steady_clock::now() - start > kLongestFile) {
      result.outcome = TestCase::Outcome::kFailed;
      result.message = file.path().filename().string() + ":" + std::to_string(test.line) +
                       ": not run: the tests before it took more than 2 minutes";
      continue;
    }
    usable = file.run(i, &result);
  }
}

}  // namespace

uint64_t TestReport::failed() const {
  return static_cast<uint64_t>(std::count_if(cases.begin(), cases.end(), [](const TestCase& c) {
    return c.outcome == TestCase::Outcome::kFailed;
  }));
}

fs::path test_file_of(const fs::path& script) {
  return script.parent_path() / (script.stem().string() + "_test.lua");
}

fs::path library_root_of(const fs::path& script) {
  fs::path own = script.has_parent_path() ? script.parent_path() : fs::path(".");
  const auto has_libraries = [](const fs::path& folder) {
    std::error_code error;
    return fs::is_directory(folder / "lib", error) || fs::is_directory(folder / "lookup", error);
  };
  if (has_libraries(own)) return own;
  std::error_code error;
  const fs::path above = fs::absolute(own, error).lexically_normal();
  const fs::path parent = (above.has_filename() ? above : above.parent_path()).parent_path();
  return has_libraries(parent) ? parent : own;
}

Result<std::shared_ptr<const Script>> load_script(const fs::path& script,
                                                  const ScriptLimits& limits) {
  constexpr uint64_t kLargestScript = 4ULL << 20;
  SLUICE_ASSIGN_OR_RETURN(std::string text, read_file(script, kLargestScript));
  return Script::from_text(script.filename().string(), std::move(text), library_root_of(script),
                           limits);
}

TestReport run_tests(const fs::path& script, const ScriptLimits& limits) {
  return run_tests_with(script, limits, TestOptions{});
}

TestReport run_tests_with(const fs::path& script, const ScriptLimits& limits,
                          const TestOptions& options) {
  TestReport report;
  report.script = script;
  std::error_code error;
  const fs::path file = test_file_of(script);
  if (fs::exists(file, error)) report.file = file;
  const auto loaded = load_script(script, limits);
  if (!loaded) {
    report.error = loaded.status().message();
    return report;
  }
  if (report.file.empty()) return report;
  LineWatch watch;
  TestFile tests(script, file);
  if (options.coverage) tests.watch(&watch);
  if (const Status opened = tests.open(*loaded, limits); !opened) {
    report.error = opened.message();
    return report;
  }
  if (tests.tests().empty()) {
    report.error =
        file.filename().string() + ": there is no test in it; write it(name, function() ... end)";
    return report;
  }
  run_all(tests, *loaded, limits, options, &report);
  if (options.coverage) report.coverage = cover(**loaded, watch.hit());
  return report;
}

}  // namespace sluice::workshop
