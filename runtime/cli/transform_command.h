// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/script/workshop/test_runner.h"

namespace CLI {
class App;
}

namespace sluice::cli {

// Adds the group `transform` and in it what each of the functions below adds. A new subcommand is
// one file and one line here and in add_transform_commands().
void add_transform_commands(CLI::App& app, int* exit_code);
void add_transform_test_command(CLI::App& transform, int* exit_code);
void add_transform_run_command(CLI::App& transform, int* exit_code);
void add_transform_bench_command(CLI::App& transform, int* exit_code);
void add_transform_repl_command(CLI::App& transform, int* exit_code);
void add_transform_rollback_command(CLI::App& transform, int* exit_code);

// The scripts that paths mean: a script itself, the script of a test file, or, of a folder, all
// scripts below it but libraries (folders named lib) and hidden folders. Sorted, each once.
// Errors: a path that does not exist; a folder without scripts.
Result<std::vector<std::filesystem::path>> find_scripts(const std::vector<std::string>& paths);

// What tests came to, for people (coloured on request), programs, and build servers.
struct TestTotals {
  uint64_t passed = 0;
  uint64_t failed = 0;
  uint64_t skipped = 0;
  uint64_t errors = 0;    // files that do not load
  uint64_t untested = 0;  // scripts without tests
  double seconds = 0;
};
TestTotals total(const std::vector<workshop::TestReport>& reports);
std::string tests_as_text(const std::vector<workshop::TestReport>& reports, double seconds,
                          bool colour);
std::string tests_as_json(const std::vector<workshop::TestReport>& reports, double seconds);
std::string tests_as_junit(const std::vector<workshop::TestReport>& reports, double seconds);

}  // namespace sluice::cli
