// SPDX-License-Identifier: Apache-2.0
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "runtime/bench/record_bench.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"

namespace sluice::cli {
namespace {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

std::string decimals(double value, const char* format) {
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), format, value);
  return out.data();
}

void write_rate(JsonWriter& writer, const BenchStage& stage) {
  writer.StartObject();
  writer.Key("records_per_s");
  writer.Double(stage.records_per_s);
  writer.Key("us_per_record");
  writer.Double(stage.us_per_record);
  writer.EndObject();
}

std::string to_json(const BenchReport& report) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  writer.Key("records");
  writer.Uint64(report.records);
  writer.Key("bytes");
  writer.Uint64(report.bytes);
  writer.Key("rejected");
  writer.Uint64(report.rejected);
  writer.Key("rounds");
  writer.Uint(report.rounds);
  writer.Key("stages");
  writer.StartObject();
  for (const BenchStage& stage : report.stages) {
    writer.Key(stage.name.c_str());
    write_rate(writer, stage);
  }
  writer.EndObject();
  writer.Key("path");
  write_rate(writer, report.path);
  writer.Key("path_unvalidated");
  write_rate(writer, report.path_unvalidated);
  writer.Key("raw_parse");
  write_rate(writer, report.raw_parse);
  writer.Key("path_over_raw");
  writer.Double(report.path_over_raw());
  writer.Key("path_unvalidated_over_raw");
  writer.Double(report.path_unvalidated_over_raw());
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

std::string to_table(const BenchReport& report) {
  std::vector<std::vector<std::string>> rows{{"stage", "records/s", "us/record", "of raw parse"}};
  const auto add = [&](const std::string& name, const BenchStage& stage) {
    rows.push_back({name, with_thousands(static_cast<uint64_t>(stage.records_per_s)),
                    decimals(stage.us_per_record, "%.2f"),
                    decimals(stage.records_per_s / report.raw_parse.records_per_s, "%.2f")});
  };
  for (const BenchStage& stage : report.stages) add(stage.name, stage);
  add("path, no validation", report.path_unvalidated);
  add("path", report.path);
  add("raw in-situ parse", report.raw_parse);
  const uint64_t mean = report.records == 0 ? 0 : report.bytes / report.records;
  return format_table(rows) + "\n" + with_thousands(report.records) + " records of " +
         std::to_string(mean) + " bytes, " + with_thousands(report.rejected) +
         " rejected, median of " + std::to_string(report.rounds) + " rounds, one core\n";
}

}  // namespace

void add_bench_command(CLI::App& app, int* exit_code) {
  struct Options {
    BenchOptions bench;
    bool json = false;
  };
  auto* command = app.add_subcommand("bench", "Cost of each stage on a given file, on one core");
  auto options = std::make_shared<Options>();
  command->add_option("file", options->bench.file, "JSON Lines (at most the first 64 MiB count)")
      ->required();
  command->add_option("--schema", options->bench.schema, "JSON Schema to validate against");
  command->add_option("--transform", options->bench.transform, "Lua script to run");
  command->add_option("--rounds", options->bench.rounds, "Rounds; each figure is their median (7)")
      ->check(CLI::Range(1, 1000));
  command->add_flag("--json", options->json, "Print as JSON");
  command->footer(
      "Example:\n"
      "  sluice bench --schema orders.schema.json --transform orders.lua orders.jsonl");
  command->callback([options, exit_code] {
    const bool show = is_terminal(STDERR_FILENO);
    const auto progress = [&](uint32_t done) {
      if (show) {
        write_text(STDERR_FILENO, "\r\x1b[Kround " + std::to_string(done) + " of " +
                                      std::to_string(options->bench.rounds));
      }
    };
    const auto bench = bench_records(options->bench, progress);
    if (show) write_text(STDERR_FILENO, "\r\x1b[K");
    if (bench) write_text(STDOUT_FILENO, options->json ? to_json(*bench) : to_table(*bench));
    *exit_code = report(bench.status());
  });
}

}  // namespace sluice::cli
