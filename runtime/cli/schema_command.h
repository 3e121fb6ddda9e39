// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/schema/validator.h"

namespace CLI {
class App;
}

namespace sluice::cli {

// Adds the group `schema` and in it what each of the functions below adds. A new subcommand is one
// file and one line here and in add_schema_commands().
void add_schema_commands(CLI::App& app, int* exit_code);
void add_schema_check_command(CLI::App& schema, int* exit_code);
void add_schema_validate_command(CLI::App& schema, int* exit_code);
void add_schema_diff_command(CLI::App& schema, int* exit_code);
void add_schema_infer_command(CLI::App& schema, int* exit_code);
void add_schema_pull_command(CLI::App& schema, int* exit_code);
void add_schema_drift_command(CLI::App& schema, int* exit_code);

// How schema files are read, as options that several subcommands have.
struct SchemaArguments {
  std::vector<std::string> map;  // URI=DIR
  std::string formats = "default";
  std::string dialect;
};
// `arguments` must outlive the parse.
void add_schema_options(CLI::App& command, SchemaArguments& arguments);
// An error names the option that cannot be used.
Result<SchemaOptions> schema_options(const SchemaArguments& arguments);

}  // namespace sluice::cli
