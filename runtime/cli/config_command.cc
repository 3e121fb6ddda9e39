// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/config_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "runtime/config/load.h"
#include "runtime/config/output.h"

namespace sluice {
namespace {

constexpr int kBadConfiguration = 2;

struct Arguments {
  std::string file;
  std::string format = "table";
  bool json = false;
};

int fail(const Status& status) {
  std::cerr << status.message() << '\n';
  return kBadConfiguration;
}

int answer(const std::string& text) {
  std::cout << text;
  if (!text.ends_with('\n')) std::cout << '\n';
  std::cout.flush();
  if (std::cout) return 0;
  std::cerr << "cannot write the answer to standard output; is the disk full?\n";
  return 3;
}

int show(const Arguments& arguments) {
  const Environment env = Environment::of_process();
  const auto file = find_config_file(arguments.file, env);
  if (!file) return fail(file.status());
  const auto text = show_config(*file, env, arguments.json ? ShowFormat::kJson : ShowFormat::kYaml);
  return text ? answer(*text) : fail(text.status());
}

int variables(const Arguments& arguments) {
  const Environment env = Environment::of_process();
  // Without any configuration the runtime's own variables are still worth listing.
  const auto file = find_config_file(arguments.file, env);
  const auto list = list_variables(file ? *file : std::filesystem::path(), env);
  if (!list) return fail(list.status());
  VariableFormat format = VariableFormat::kTable;
  if (arguments.format == "env") format = VariableFormat::kEnvFile;
  if (arguments.json || arguments.format == "json") format = VariableFormat::kJson;
  return answer(format_variables(*list, format));
}

void add_file_option(CLI::App& command, Arguments& arguments) {
  command.add_option("-c,--config", arguments.file,
                     "Configuration; default: $SLUICE_CONFIG, ./sluice.yaml, "
                     "/etc/sluice/sluice.yaml");
}

}  // namespace

void add_config_commands(CLI::App& app, int* exit_code) {
  CLI::App* config = app.add_subcommand("config",
                                        "The configuration: its schema, the effective "
                                        "values, its variables");
  config->require_subcommand(1);
  config->footer("Example:\n  sluice config show -c sluice.yaml");
  const auto arguments = std::make_shared<Arguments>();

  CLI::App* schema = config->add_subcommand("schema",
                                            "Prints the JSON Schema of sluice.yaml, for "
                                            "editors");
  schema->add_flag("--json", arguments->json, "The schema is JSON already; accepted for symmetry");
  schema->footer("Example:\n  sluice config schema > sluice.schema.json");
  schema->callback([exit_code] { *exit_code = answer(config_json_schema()); });

  CLI::App* shown = config->add_subcommand("show",
                                           "Prints the effective configuration, defaults "
                                           "filled in and secrets masked");
  add_file_option(*shown, *arguments);
  shown->add_flag("--json", arguments->json, "As JSON on one line");
  shown->footer("Example:\n  sluice config show -c sluice.yaml --json");
  shown->callback([arguments, exit_code] { *exit_code = show(*arguments); });

  CLI::App* env = config->add_subcommand("env",
                                         "Lists every variable the configuration and the "
                                         "runtime look at");
  add_file_option(*env, *arguments);
  env->add_flag("--json", arguments->json, "As JSON on one line");
  env->add_option("--format", arguments->format, "table, env (a file for shells) or json")
      ->check(CLI::IsMember({"table", "env", "json"}))
      ->capture_default_str();
  env->footer("Example:\n  sluice config env -c sluice.yaml --format env > .env");
  env->callback([arguments, exit_code] { *exit_code = variables(*arguments); });
}

}  // namespace sluice
