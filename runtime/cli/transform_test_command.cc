// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <set>

#include "runtime/base/file.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"
#include "runtime/cli/transform_command.h"
#include "runtime/cli/transform_watch.h"

namespace sluice::cli {
namespace {

struct TestArguments {
  std::vector<std::string> paths;
  std::string junit;
  workshop::TestOptions options;
  bool watch = false;
  bool json = false;
};

int test_once(const TestArguments& arguments, const std::vector<std::filesystem::path>& scripts) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<workshop::TestReport> reports;
  for (const auto& script : scripts) {
    reports.push_back(workshop::run_tests_with(script, ScriptLimits{}, arguments.options));
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  write_text(STDOUT_FILENO, arguments.json
                                ? tests_as_json(reports, seconds)
                                : tests_as_text(reports, seconds, may_colour(STDOUT_FILENO)));
  if (!arguments.junit.empty()) {
    constexpr unsigned kReadable = 0644;
    const Status written =
        write_file_atomic(arguments.junit, tests_as_junit(reports, seconds), kReadable);
    if (!written) return report(written);
  }
  const TestTotals sums = total(reports);
  if (!arguments.options.only.empty() && sums.errors == 0 &&
      sums.passed + sums.failed + sums.skipped == 0) {
    return report(not_found("--filter: no test has \"" + arguments.options.only +
                            "\" in its name (group > name)"));
  }
  return sums.errors > 0 ? kExitUsage : sums.failed > 0 ? kExitNo : kExitOk;
}

// Until the user ends it.
int watch_tests(const TestArguments& arguments) {
  auto watch = SaveWatch::create();
  if (!watch) return report(watch.status());
  for (;;) {
    const auto scripts = find_scripts(arguments.paths);
    if (!scripts) return report(scripts.status());
    std::set<std::filesystem::path> folders;
    for (const auto& script : *scripts) {
      folders.insert(script.has_parent_path() ? script.parent_path() : ".");
      folders.insert(workshop::library_root_of(script));
    }
    // Watched before the files are read, so that no save falls between.
    if (const Status watched = watch->watch(folders); !watched) return report(watched);
    if (is_terminal(STDOUT_FILENO) && !arguments.json) write_text(STDOUT_FILENO, "\x1b[H\x1b[2J");
    test_once(arguments, *scripts);
    if (is_terminal(STDOUT_FILENO) && !arguments.json) {
      write_text(STDOUT_FILENO, "waiting for a file to be saved (Ctrl-C ends)\n");
    }
    if (const Status waited = watch->wait(); !waited) return report(waited);
  }
}

int run_test(TestArguments arguments) {
  if (arguments.paths.empty()) arguments.paths.emplace_back("transformers");
  if (arguments.watch) return watch_tests(arguments);
  const auto scripts = find_scripts(arguments.paths);
  if (!scripts) return report(scripts.status());
  return test_once(arguments, *scripts);
}

}  // namespace

void add_transform_test_command(CLI::App& transform, int* exit_code) {
  auto* command = transform.add_subcommand("test", "Run the tests of transformers");
  auto arguments = std::make_shared<TestArguments>();
  command->add_option("paths", arguments->paths,
                      "Scripts, test files or folders of them (transformers)");
  command->add_option("--filter", arguments->options.only,
                      "Only tests with this text in \"group > name\"");
  command->add_flag("--coverage", arguments->options.coverage,
                    "Tell which lines of the script the tests did not run");
  command->add_flag("--watch", arguments->watch, "Run again whenever a file is saved");
  command->add_flag("--json", arguments->json, "Print as JSON, one object on one line");
  command->add_option("--junit", arguments->junit, "Also write a JUnit file, for build servers")
      ->type_name("FILE");
  command->footer(
      "The tests of orders.lua are in orders_test.lua beside it; docs/transformers.md shows how.\n"
      "Examples:\n"
      "  sluice transform test\n"
      "  sluice transform test transformers/orders.lua --coverage\n"
      "  sluice transform test transformers --watch --filter refund\n"
      "Exit codes: 0 all passed, 1 a test failed, 2 a file does not load.");
  command->callback([arguments, exit_code] { *exit_code = run_test(*arguments); });
}

}  // namespace sluice::cli
