// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Adds `config schema | show | env` to the program. Answers go to stdout, errors to stderr; the
// chosen command sets *exit_code: 0, or 2 when the configuration is not usable. `exit_code` must
// outlive the parse.
void add_config_commands(CLI::App& app, int* exit_code);

}  // namespace sluice
