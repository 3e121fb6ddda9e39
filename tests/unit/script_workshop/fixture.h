// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/script/workshop/test_runner.h"

namespace sluice::workshop {

// A folder with a script `t.lua` and its tests, of which it says in one line a test what became:
// "ok group > name", "skip name", "FAIL name: message".
class WorkshopTest : public ::testing::Test {
 protected:
  // A busy machine is no failure: the cap on time has tests of its own.
  WorkshopTest() {
    limits.wall_us = 60'000'000;
    limits.cpu_us = 10'000'000;
    std::string pattern = (std::filesystem::temp_directory_path() / "workshop.XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    write("t.lua", "function transform(r) return r end");
  }
  ~WorkshopTest() override { std::filesystem::remove_all(folder); }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  TestReport report() const { return run_tests_with(folder / "t.lua", limits, options); }
  static std::string lines(const TestReport& report) {
    if (!report.error.empty()) return "error: " + report.error;
    std::string out;
    for (const TestCase& one : report.cases) {
      if (!out.empty()) out += '\n';
      const char* const kinds[] = {"ok ", "FAIL ", "skip "};
      out += kinds[static_cast<int>(one.outcome)];
      if (!one.group.empty()) out += one.group + " > ";
      out += one.name;
      if (!one.message.empty()) out += ": " + one.message;
    }
    return out;
  }
  // Runs a whole test file.
  std::string run(const std::string& tests) {
    write("t_test.lua", tests);
    return lines(report());
  }
  // The message of one test with this body, "" if it passes.
  std::string body(const std::string& code) {
    write("t_test.lua", "it('t', function()\n" + code + "\nend)");
    const TestReport result = report();
    if (!result.error.empty()) return "error: " + result.error;
    return result.cases.at(0).message;
  }

  ScriptLimits limits;
  TestOptions options;
  std::filesystem::path folder;
};

}  // namespace sluice::workshop
