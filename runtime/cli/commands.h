// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

// One function a command: adds it to the program and, when it is chosen, sets the exit code.
namespace sluice::cli {

void add_run_command(CLI::App& app, int* exit_code);
void add_check_command(CLI::App& app, int* exit_code);
void add_bench_command(CLI::App& app, int* exit_code);
void add_dlq_commands(CLI::App& app, int* exit_code);
void add_spool_commands(CLI::App& app, int* exit_code);
void add_offsets_commands(CLI::App& app, int* exit_code);

}  // namespace sluice::cli
