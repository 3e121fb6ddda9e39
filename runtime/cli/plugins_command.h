// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace sluice::cli {

// Adds `plugins list | describe | probe | conform` to the program. Answers go to stdout, errors to
// stderr; the chosen command sets *exit_code, which must outlive the parse: 0; 1 when a plugin is
// refused or does not conform; 2 for usage and configuration.
void add_plugins_commands(CLI::App& app, int* exit_code);

}  // namespace sluice::cli
