// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/plugins_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"
#include "runtime/config/build.h"
#include "runtime/config/load.h"
#include "runtime/conform/conform.h"
#include "runtime/conform/report.h"
#include "runtime/plugin_host/describe.h"
#include "runtime/plugin_host/probe.h"
#include "runtime/plugin_host/registry.h"

namespace sluice::cli {
namespace {

using Path = std::filesystem::path;

// Where a command looks for plugins.
struct Where {
  std::string config;
  std::vector<std::string> dirs;
};

void add_where(CLI::App& command, Where& where) {
  command.add_option("-c,--config", where.config,
                     "Configuration whose runtime.plugin_dirs are used; default: $SLUICE_CONFIG, "
                     "./sluice.yaml, /etc/sluice/sluice.yaml");
  command.add_option("--plugin-dir", where.dirs,
                     "Look in this folder instead (may be given several times)");
}

// Without any configuration the default folders are still worth looking at.
Result<std::vector<Path>> plugin_dirs(const Where& where) {
  if (!where.dirs.empty()) return std::vector<Path>(where.dirs.begin(), where.dirs.end());
  const Environment env = Environment::of_process();
  const auto file = find_config_file(where.config, env);
  if (!file) {
    if (!where.config.empty() || env.get("SLUICE_CONFIG")) return file.status();
    return config::default_plugin_dirs(config::executable_dir({}));
  }
  auto loaded = load_config(*file, env);
  if (!loaded) return std::move(loaded).status();
  return loaded->runtime.plugin_dirs;
}

int list(const Where& where, bool json) {
  const auto dirs = plugin_dirs(where);
  if (!dirs) return report(dirs.status());
  for (const auto& dir : where.dirs) {
    std::error_code error;
    if (!std::filesystem::is_directory(dir, error)) {
      return report(not_found("--plugin-dir " + dir + ": no such folder"));
    }
  }
  const auto plugins = list_plugins(*dirs);
  if (!plugins) return report(plugins.status());
  write_text(STDOUT_FILENO, json ? list_json(*plugins) : list_text(*plugins));
  return kExitOk;
}

struct DescribeArguments {
  Where where;
  std::string id;
  std::string kind;
  std::string format = "text";
  bool json = false;
};

DescribeFormat describe_format(const DescribeArguments& arguments) {
  if (arguments.json || arguments.format == "json") return DescribeFormat::kJson;
  return arguments.format == "markdown" ? DescribeFormat::kMarkdown : DescribeFormat::kText;
}

// A source and a sink may share an id: both are described then.
int describe(const DescribeArguments& arguments) {
  const auto dirs = plugin_dirs(arguments.where);
  if (!dirs) return report(dirs.status());
  std::vector<PluginRegistry::Dir> folders;
  for (const auto& dir : *dirs) folders.push_back({dir, arguments.where.dirs.empty()});
  const auto registry = PluginRegistry::create(std::move(folders));
  if (!registry) return report(registry.status());
  std::string text;
  Status refused;
  for (const auto kind : {ComponentKind::kSource, ComponentKind::kSink}) {
    if (!arguments.kind.empty() && arguments.kind != kind_name(static_cast<int32_t>(kind)))
      continue;
    const auto found = (*registry)->find(kind, arguments.id);
    if (found) {
      text += describe_component(*found->component, describe_format(arguments));
    } else if (refused.is_ok() || found.status().code() != Code::kNotFound) {
      refused = found.status();  // a file that was refused says more than a name not found
    }
  }
  if (text.empty()) return report(refused);
  write_text(STDOUT_FILENO, text);
  return kExitOk;
}

int probe(const std::string& file, bool json) {
  std::error_code error;
  const Path path = std::filesystem::absolute(file, error);
  if (error || !std::filesystem::exists(path, error)) {
    return report(not_found(file + ": no such file; expected the path of a plugin (*.so)"));
  }
  std::vector<ListedPlugin> one;
  one.push_back({path, probe_plugin(path, path.parent_path())});
  const bool loadable = one.front().report.is_ok();
  write_text(STDOUT_FILENO, json ? list_json(one) : list_text(one));
  return loadable ? kExitOk : kExitNo;
}

struct ConformArguments {
  std::string file;
  std::string fixture;
  std::vector<std::string> only;
  std::string format = "text";
  uint32_t limit_seconds = 20;
  bool in_process = false;
  bool json = false;
  bool list = false;
};

int list_conformance_checks() {
  std::vector<std::vector<std::string>> rows = {{"id", "level", "check"}};
  for (const auto& check : conform::list_checks()) {
    rows.push_back({check.id, check.must ? "must" : "should", check.description});
  }
  write_text(STDOUT_FILENO, format_table(rows));
  return kExitOk;
}

int run_conform(const ConformArguments& arguments) {
  if (arguments.list) return list_conformance_checks();
  if (arguments.file.empty()) {
    return report(invalid("plugins conform: expected the path of a plugin (*.so); see --help"));
  }
  conform::Options options;
  options.file = arguments.file;
  if (!arguments.fixture.empty()) options.fixture = arguments.fixture;
  options.only = arguments.only;
  options.in_process = arguments.in_process;
  options.time_limit = std::chrono::seconds(arguments.limit_seconds);
  const auto result = conform::conform(options);
  if (!result) return report(result.status());
  std::string text;
  if (arguments.json || arguments.format == "json") {
    text = conform::to_json(*result);
  } else if (arguments.format == "junit") {
    text = conform::to_junit(*result);
  } else {
    text = conform::to_text(*result, may_colour(STDOUT_FILENO));
  }
  write_text(STDOUT_FILENO, text);
  return result->conforms() ? kExitOk : kExitNo;
}

void add_list(CLI::App& plugins, int* exit_code) {
  auto* command = plugins.add_subcommand("list", "What is loadable, and why the rest is not");
  const auto where = std::make_shared<Where>();
  const auto json = std::make_shared<bool>(false);
  add_where(*command, *where);
  command->add_flag("--json", *json, "Print as JSON");
  command->footer(
      "Examples:\n"
      "  sluice plugins list\n"
      "  sluice plugins list --plugin-dir ./plugins --json");
  command->callback([where, json, exit_code] { *exit_code = list(*where, *json); });
}

void add_describe(CLI::App& plugins, int* exit_code) {
  auto* command =
      plugins.add_subcommand("describe", "Options, reasons, metrics and an example of an adapter");
  const auto arguments = std::make_shared<DescribeArguments>();
  command->add_option("id", arguments->id, "Component, as in `use:`")->required();
  add_where(*command, arguments->where);
  command->add_option("--kind", arguments->kind, "Only the source or the sink of that id")
      ->check(CLI::IsMember({"source", "sink"}));
  command->add_option("--format", arguments->format, "text, markdown or json")
      ->check(CLI::IsMember({"text", "markdown", "json"}))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "The same as --format json");
  command->footer(
      "Examples:\n"
      "  sluice plugins describe sqlite\n"
      "  sluice plugins describe file --kind source --format markdown");
  command->callback([arguments, exit_code] { *exit_code = describe(*arguments); });
}

void add_probe(CLI::App& plugins, int* exit_code) {
  auto* command = plugins.add_subcommand(
      "probe", "Loads a file in a child process and says whether the runtime would take it");
  const auto file = std::make_shared<std::string>();
  const auto json = std::make_shared<bool>(false);
  command->add_option("file", *file, "The plugin (*.so)")->required();
  command->add_flag("--json", *json, "Print as JSON, a list of one");
  command->footer(
      "Example:\n"
      "  sluice plugins probe ./sink-mine.so\n"
      "Exit codes: 0 loadable, 1 refused, 2 no such file.");
  command->callback([file, json, exit_code] { *exit_code = probe(*file, *json); });
}

void add_conform(CLI::App& plugins, int* exit_code) {
  auto* command = plugins.add_subcommand(
      "conform", "Runs the conformance kit: does the adapter keep the plugin contract?");
  const auto arguments = std::make_shared<ConformArguments>();
  command->add_option("file", arguments->file, "The plugin (*.so)");
  command->add_option("--fixture", arguments->fixture,
                      "Configurations and records for it (JSON; see runtime/conform/README.md)");
  command->add_option("--only", arguments->only, "Only these checks, such as L3,W1")
      ->delimiter(',');
  command->add_option("--limit", arguments->limit_seconds, "Seconds a check may take")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->add_flag("--in-process", arguments->in_process,
                    "Run the checks in this process, for a debugger");
  command->add_option("--format", arguments->format, "text, junit or json")
      ->check(CLI::IsMember({"text", "junit", "json"}))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "The same as --format json");
  command->add_flag("--list", arguments->list, "List the checks and run nothing");
  command->footer(
      "Examples:\n"
      "  sluice plugins conform ./sink-mine.so --fixture fixture.json\n"
      "  sluice plugins conform ./sink-mine.so --only W3 --in-process\n"
      "  sluice plugins conform --list\n"
      "Exit codes: 0 it conforms, 1 it does not, 2 usage.");
  command->callback([arguments, exit_code] { *exit_code = run_conform(*arguments); });
}

}  // namespace

void add_plugins_commands(CLI::App& app, int* exit_code) {
  auto* plugins = app.add_subcommand("plugins", "Adapters: list, describe, probe, conform");
  plugins->require_subcommand(1);
  plugins->footer("Example:\n  sluice plugins list");
  add_list(*plugins, exit_code);
  add_describe(*plugins, exit_code);
  add_probe(*plugins, exit_code);
  add_conform(*plugins, exit_code);
}

}  // namespace sluice::cli
