// SPDX-License-Identifier: Apache-2.0
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "runtime/cli/check_output.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"
#include "runtime/config/load.h"
#include "runtime/pipeline/check.h"

namespace sluice::cli {
namespace {

std::string check_json(const std::vector<CheckItem>& items, bool ok) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  writer.Key("ok");
  writer.Bool(ok);
  writer.Key("items");
  writer.StartArray();
  for (const CheckItem& item : items) {
    writer.StartObject();
    writer.Key("what");
    writer.String(item.what.c_str());
    writer.Key("ok");
    writer.Bool(item.status.is_ok());
    if (!item.status) {
      writer.Key("message");
      writer.String(item.status.message().c_str());
    }
    writer.Key("warnings");
    writer.StartArray();
    for (const std::string& warning : item.warnings) writer.String(warning.c_str());
    writer.EndArray();
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

std::string check_text(const std::vector<CheckItem>& items, bool colour) {
  std::string out;
  for (const CheckItem& item : items) {
    const std::string_view mark = item.status ? "ok   " : "FAIL ";
    const std::string_view paint = item.status ? "\x1b[32m" : "\x1b[31m";
    if (colour) out += paint;
    out += mark;
    if (colour) out += "\x1b[0m";
    out += item.what + "\n";
    if (!item.status) out += "     " + item.status.message() + "\n";
    for (const std::string& warning : item.warnings) out += "     warning: " + warning + "\n";
  }
  return out;
}

}  // namespace

int print_check(const Config& config, const std::vector<std::string>& only, bool connect,
                bool json) {
  const auto items = check_pipelines(config, only, connect);
  int code = kExitOk;
  for (const CheckItem& item : items) {
    code = std::max(code, item.refused ? kExitNo : exit_code(item.status));
  }
  if (json) {
    write_text(STDOUT_FILENO, check_json(items, code == kExitOk));
  } else {
    write_text(STDOUT_FILENO, check_text(items, may_colour(STDOUT_FILENO)));
  }
  return code;
}

void add_check_command(CLI::App& app, int* exit_code) {
  struct Options {
    std::string config;
    std::vector<std::string> pipelines;
    bool connect = false;
    bool json = false;
  };
  auto* command =
      app.add_subcommand("check", "Check configuration, plugins, schemas, scripts and their tests");
  auto options = std::make_shared<Options>();
  command->add_option("-c,--config", options->config, "Configuration file");
  command->add_option("--pipeline", options->pipelines, "Only these pipelines")->delimiter(',');
  command->add_flag("--connect", options->connect,
                    "Also open sources and sinks, ask schema registries");
  command->add_flag("--json", options->json, "Print as JSON");
  command->footer(
      "Examples:\n"
      "  sluice check -c sluice.yaml\n"
      "  sluice check --connect --json\n"
      "Exit codes: 0 all is well, 1 tests of a script fail, 2 configuration, 3 a source or sink "
      "could not be reached.");
  command->callback([options, exit_code] {
    const Environment env = Environment::of_process();
    auto file = find_config_file(options->config, env);
    if (!file) {
      *exit_code = report(file.status());
      return;
    }
    auto config = load_config(*file, env);
    *exit_code = config ? print_check(*config, options->pipelines, options->connect, options->json)
                        : report(config.status());
  });
}

}  // namespace sluice::cli
