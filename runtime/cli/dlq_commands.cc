// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "runtime/cli/commands.h"
#include "runtime/cli/dlq_options.h"

namespace sluice::cli {

void add_dlq_commands(CLI::App& app, int* exit_code) {
  auto* dlq = app.add_subcommand(
      "dlq", "Dead letters: look at them, find out why, redrive them (also as `dlqtriage`)");
  dlq->require_subcommand(1);
  dlq->footer(
      "Examples:\n"
      "  sluice dlq summary                          how many, of which kinds\n"
      "  sluice dlq analyze                          alike failures, why, and what to do\n"
      "  sluice dlq sample --reason SCHEMA_DRIFT --limit 5\n"
      "  sluice dlq redrive --group 3f2a91bc0d4e --dry-run\n"
      "Exit codes: 0 ok, 1 the answer is \"no\", 2 usage or configuration, 3 a dependency was\n"
      "unavailable.");
  add_dlq_look_commands(*dlq, exit_code);
  add_dlq_export_command(*dlq, exit_code);
  add_dlq_redrive_command(*dlq, exit_code);
  add_dlq_purge_command(*dlq, exit_code);
}

}  // namespace sluice::cli
