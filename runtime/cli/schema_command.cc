// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/schema_command.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"

namespace sluice::cli {
namespace {

struct CheckedSchema {
  std::string file;
  std::shared_ptr<const Schema> schema;  // null: `status` says why
  Status status;
};

std::string check_json(const std::vector<CheckedSchema>& list, bool ok) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  writer.Key("ok");
  writer.Bool(ok);
  writer.Key("schemas");
  writer.StartArray();
  for (const CheckedSchema& one : list) {
    writer.StartObject();
    writer.Key("file");
    writer.String(one.file.c_str());
    writer.Key("ok");
    writer.Bool(one.schema != nullptr);
    if (one.schema) {
      writer.Key("hash");
      writer.String(one.schema->hash().c_str());
      writer.Key("files");
      writer.StartArray();
      for (const auto& file : one.schema->files()) writer.String(file.c_str());
      writer.EndArray();
    } else {
      writer.Key("message");
      writer.String(one.status.message().c_str());
    }
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

std::string check_text(const std::vector<CheckedSchema>& list, bool colour) {
  std::string out;
  for (const CheckedSchema& one : list) {
    if (colour) out += one.schema ? "\x1b[32m" : "\x1b[31m";
    out += one.schema ? "ok   " : "FAIL ";
    if (colour) out += "\x1b[0m";
    out += one.file;
    if (!one.schema) {
      out += "\n     " + one.status.message();
    } else if (one.schema->files().size() > 1) {
      out += " (with " + std::to_string(one.schema->files().size() - 1) + " more it refers to)";
    }
    out += "\n";
  }
  return out;
}

int check(const std::vector<std::string>& files, const SchemaArguments& arguments, bool json) {
  const auto options = schema_options(arguments);
  if (!options) return report(options.status());
  std::vector<CheckedSchema> list;
  int code = kExitOk;
  for (const std::string& file : files) {
    auto compiled = compile_schema_file(file, *options);
    code = std::max(code, exit_code(compiled.status()));
    CheckedSchema& one = list.emplace_back();
    one.file = file;
    one.status = compiled.status();
    if (compiled) one.schema = *compiled;
  }
  write_text(STDOUT_FILENO, json ? check_json(list, code == kExitOk)
                                 : check_text(list, may_colour(STDOUT_FILENO)));
  return code;
}

}  // namespace

void add_schema_options(CLI::App& command, SchemaArguments& arguments) {
  command
      .add_option("--schema-map", arguments.map,
                  "URI=DIR: schemas whose URI begins so are files of this folder; may be repeated")
      ->type_name("URI=DIR");
  command
      .add_option("--formats", arguments.formats,
                  "What `format` does: default (as the dialect says), assert or ignore")
      ->check(CLI::IsMember({"default", "assert", "ignore"}))
      ->capture_default_str();
  command
      .add_option("--dialect", arguments.dialect,
                  "What a schema without $schema is written in (draft-07)")
      ->check(CLI::IsMember({"draft-04", "draft-06", "draft-07", "2019-09", "2020-12"}));
}

Result<SchemaOptions> schema_options(const SchemaArguments& arguments) {
  SchemaOptions out;
  out.dialect = arguments.dialect;
  if (arguments.formats == "assert") out.formats = SchemaOptions::Formats::kAssert;
  if (arguments.formats == "ignore") out.formats = SchemaOptions::Formats::kIgnore;
  for (const std::string& entry : arguments.map) {
    // A URI may hold a '=' itself; a folder after it seldom does.
    const size_t equals = entry.rfind('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == entry.size()) {
      return invalid("--schema-map: expected URI=DIR, found \"" + entry +
                     "\"; for example https://example.com/schemas/=./schemas");
    }
    const std::string folder = entry.substr(equals + 1);
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error)) {
      return invalid("--schema-map: there is no folder " + folder);
    }
    out.map.emplace_back(entry.substr(0, equals), folder);
  }
  return out;
}

void add_schema_check_command(CLI::App& schema, int* exit_code) {
  struct Options {
    std::vector<std::string> files;
    SchemaArguments arguments;
    bool json = false;
  };
  auto* command = schema.add_subcommand("check", "Is each file a schema that can be used?");
  auto options = std::make_shared<Options>();
  command->add_option("schemas", options->files, "JSON Schema files")->required();
  add_schema_options(*command, options->arguments);
  command->add_flag("--json", options->json, "Print as JSON");
  command->footer(
      "Example:\n"
      "  sluice schema check schema/*.json\n"
      "Exit codes: 0 all can be used, 2 one cannot.");
  command->callback([options, exit_code] {
    *exit_code = check(options->files, options->arguments, options->json);
  });
}

void add_schema_commands(CLI::App& app, int* exit_code) {
  auto* schema =
      app.add_subcommand("schema", "Check schemas and records against them; compare, infer");
  schema->require_subcommand(1);
  schema->footer("Example:\n  sluice schema validate orders.schema.json orders.jsonl");
  add_schema_check_command(*schema, exit_code);
  add_schema_validate_command(*schema, exit_code);
  add_schema_diff_command(*schema, exit_code);
  add_schema_infer_command(*schema, exit_code);
  add_schema_pull_command(*schema, exit_code);
  add_schema_drift_command(*schema, exit_code);
}

}  // namespace sluice::cli
