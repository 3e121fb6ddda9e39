// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "runtime/cli/commands.h"
#include "runtime/cli/config_command.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/plugins_command.h"
#include "runtime/cli/schema_command.h"
#include "runtime/cli/terminal.h"
#include "runtime/cli/transform_command.h"
#include "runtime/plugin_host/crash.h"

namespace sluice::cli {
namespace {

// CLI11 answers many codes; ours are 0 for help and version, 2 for any misuse.
int parse_and_run(CLI::App& app, int argc, char** argv, const int* exit_code) {
  // CLI11 takes the arguments from the back.
  std::vector<std::string> arguments(std::make_reverse_iterator(argv + argc),
                                     std::make_reverse_iterator(argv + std::min(argc, 1)));
  // `dlqtriage summary` is `sluice dlq summary`.
  if (argc > 0 && std::filesystem::path(argv[0]).filename() == "dlqtriage") {
    arguments.emplace_back("dlq");
  }
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return *exit_code;
}

int run_program(int argc, char** argv) {
  install_crash_handler();
  CLI::App app{
      "Sluice: an ingest runtime that checks every record against its schema, transforms it "
      "with Lua, and accounts for every single one",
      "sluice"};
  app.set_version_flag("--version", "sluice " SLUICE_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  int exit_code = kExitOk;
  add_run_command(app, &exit_code);
  add_check_command(app, &exit_code);
  add_schema_commands(app, &exit_code);
  add_transform_commands(app, &exit_code);
  add_plugins_commands(app, &exit_code);
  add_config_commands(app, &exit_code);
  add_dlq_commands(app, &exit_code);
  add_spool_commands(app, &exit_code);
  add_offsets_commands(app, &exit_code);
  add_bench_command(app, &exit_code);
  return parse_and_run(app, argc, argv, &exit_code);
}

}  // namespace
}  // namespace sluice::cli

int main(int argc, char** argv) {
  try {
    return sluice::cli::run_program(argc, argv);
  } catch (const std::exception& error) {
    // Nothing in the project throws across modules; this is memory, or a bug.
    sluice::cli::write_text(STDERR_FILENO, std::string("sluice: ") + error.what() + "\n");
    return sluice::cli::kExitUnavailable;
  }
}
