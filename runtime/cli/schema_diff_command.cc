// SPDX-License-Identifier: Apache-2.0
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/schema_command.h"
#include "runtime/cli/terminal.h"
#include "runtime/schema/evolve/diff.h"

namespace sluice::cli {
namespace {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

struct DiffArguments {
  std::string before;
  std::string after;
  std::string require;
  std::string lift_file;
  SchemaArguments schema;
  bool scaffold = false;
  bool json = false;
};

void write_field(JsonWriter& writer, const char* name, const std::string& text) {
  writer.Key(name);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_raw(JsonWriter& writer, const char* name, const std::string& json) {
  if (json.empty()) return;
  writer.Key(name);
  writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
}

void write_change(JsonWriter& writer, const SchemaChange& change) {
  writer.StartObject();
  write_field(writer, "path", change.path);
  write_field(writer, "kind", change.kind);
  write_field(writer, "class", change.change_class);
  writer.Key("backward");
  writer.Bool(change.backward);
  writer.Key("forward");
  writer.Bool(change.forward);
  write_field(writer, "detail", change.detail);
  if (!change.within.empty()) write_field(writer, "within", change.within);
  write_raw(writer, "before", change.before);
  write_raw(writer, "after", change.after);
  writer.EndObject();
}

std::string diff_json(const SchemaDiff& diff, bool with_lift) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  write_field(writer, "verdict", std::string(compatibility_name(diff.verdict)));
  writer.Key("changes");
  writer.StartArray();
  for (const SchemaChange& change : diff.changes) write_change(writer, change);
  writer.EndArray();
  writer.Key("cut");
  writer.Bool(diff.cut);
  if (with_lift) write_field(writer, "lift", diff.lift);
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

std::string explain(Compatibility verdict) {
  switch (verdict) {
    case Compatibility::kFull:
      return "every record of either schema is valid under the other";
    case Compatibility::kBackward:
      return "consumers with the new schema can read data written with the old one, not the "
             "reverse";
    case Compatibility::kForward:
      return "consumers with the old schema can read data written with the new one, not the "
             "reverse";
    case Compatibility::kNone:
      return "neither schema is sure to take every record of the other";
  }
  return "";
}

std::string diff_text(const SchemaDiff& diff, bool colour) {
  std::string out;
  if (!diff.changes.empty()) {
    std::vector<std::vector<std::string>> rows{{"path", "change", "class", "detail"}};
    for (const SchemaChange& change : diff.changes) {
      std::string path;
      append_escaped(path, change.path.empty() ? "(root)" : shorten(change.path, 80));
      std::string detail;
      if (!change.within.empty()) detail = "within " + change.within + ": ";
      append_escaped(detail, shorten(change.detail, 160));
      rows.push_back({path, change.kind, change.change_class, detail});
    }
    out = format_table(rows) + "\n";
  }
  if (diff.cut) out += "More changes were left out; the verdict counts all of them.\n";
  const bool good = diff.verdict == Compatibility::kFull;
  const bool bad = diff.verdict == Compatibility::kNone;
  const char* const paint = good ? "\x1b[32m" : (bad ? "\x1b[31m" : "\x1b[33m");
  out += "verdict: ";
  if (colour) out += paint;
  out += compatibility_name(diff.verdict);
  if (colour) out += "\x1b[0m";
  return out + " (" + explain(diff.verdict) + ")\n";
}

bool meets(Compatibility verdict, const std::string& required) {
  if (required.empty() || verdict == Compatibility::kFull) return true;
  return compatibility_name(verdict) == required;
}

// A lift that someone may have finished is not written over.
Status write_lift(const std::string& file, const std::string& lift) {
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(file, error))) {
    return invalid(file + " exists already; name another file, or remove it first");
  }
  constexpr unsigned kReadable = 0644;
  return write_file_atomic(file, lift, kReadable);
}

int run_diff(const DiffArguments& arguments) {
  const auto schema = schema_options(arguments.schema);
  if (!schema) return report(schema.status());
  DiffOptions options;
  options.scaffold = arguments.scaffold;
  options.schema = *schema;
  const auto diff = diff_schema_files(arguments.before, arguments.after, options);
  if (!diff) return report(diff.status());
  const bool lift_on_stdout = arguments.scaffold && arguments.lift_file.empty();
  if (!arguments.lift_file.empty()) {
    if (const Status written = write_lift(arguments.lift_file, diff->lift); !written) {
      return report(written);
    }
  }
  if (arguments.json) {
    write_text(STDOUT_FILENO, diff_json(*diff, lift_on_stdout));
  } else if (lift_on_stdout) {
    write_text(STDOUT_FILENO, diff->lift);
    write_text(STDERR_FILENO, diff_text(*diff, may_colour(STDERR_FILENO)));
  } else {
    write_text(STDOUT_FILENO, diff_text(*diff, may_colour(STDOUT_FILENO)));
  }
  if (meets(diff->verdict, arguments.require)) return kExitOk;
  write_text(STDERR_FILENO, "sluice: --require " + arguments.require +
                                " is not met: the verdict is " +
                                std::string(compatibility_name(diff->verdict)) + "\n");
  return kExitNo;
}

}  // namespace

void add_schema_diff_command(CLI::App& schema, int* exit_code) {
  auto* command =
      schema.add_subcommand("diff", "What changed between two versions of a schema, and for whom");
  auto arguments = std::make_shared<DiffArguments>();
  command->add_option("old", arguments->before, "The schema data was written with")->required();
  command->add_option("new", arguments->after, "The schema it is to be read with")->required();
  command->add_option("--require", arguments->require, "Exit 1 unless the verdict is at least this")
      ->check(CLI::IsMember({"backward", "forward", "full"}));
  auto* const scaffold =
      command
          ->add_option("--scaffold", arguments->lift_file,
                       "Write the Lua that lifts a record of the old schema to the new one: to "
                       "this file, or to standard output")
          ->expected(0, 1);
  add_schema_options(*command, arguments->schema);
  command->add_flag("--json", arguments->json, "Print as JSON");
  command->footer(
      "Examples:\n"
      "  sluice schema diff schema/orders/1.schema.json schema/orders/2.schema.json\n"
      "  sluice schema diff 1.schema.json 2.schema.json --require backward\n"
      "  sluice schema diff 1.schema.json 2.schema.json --scaffold transformers/orders/1_to_2.lua\n"
      "Exit codes: 0 compared, 1 --require is not met, 2 a file is no usable schema.");
  command->callback([arguments, scaffold, exit_code] {
    arguments->scaffold = scaffold->count() > 0;
    *exit_code = run_diff(*arguments);
  });
}

}  // namespace sluice::cli
