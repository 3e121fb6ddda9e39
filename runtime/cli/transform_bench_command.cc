// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/line_reader.h"
#include "runtime/cli/terminal.h"
#include "runtime/cli/transform_command.h"
#include "runtime/script/workshop/profile.h"

namespace sluice::cli {
namespace {

constexpr size_t kLongestLine = 16U << 20U;
// More than this of a file teaches nothing new and only takes memory.
constexpr size_t kMostBytes = 64U << 20U;
constexpr double kNsPerUs = 1000;

struct BenchArguments {
  std::string script;
  std::string file;
  workshop::ProfileOptions options;
  bool json = false;
};

std::string fixed(double value, int digits) {
  std::array<char, 64> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
  return {buffer.data(), static_cast<size_t>(size)};
}

// The lines of the script, and those of its libraries as "lib.money" has them.
std::string line_of(const BenchArguments& arguments, const workshop::HotLine& hot) {
  constexpr uint64_t kMost = 4U << 20U;
  constexpr size_t kShown = 70;
  std::filesystem::path path = arguments.script;
  if (hot.file.starts_with("lib.")) {
    path = workshop::library_root_of(path) / "lib" / (hot.file.substr(4) + ".lua");
  }
  const auto text = read_file(path, kMost);
  if (!text) return {};
  size_t at = 0;
  for (int line = 1; line < hot.line && at != std::string::npos; ++line) {
    at = text->find('\n', at);
    at = at == std::string::npos ? at : at + 1;
  }
  if (at == std::string::npos) return {};
  std::string_view found = std::string_view(*text).substr(at);
  found = found.substr(0, found.find('\n'));
  found.remove_prefix(std::min(found.find_first_not_of(" \t"), found.size()));
  std::string out;
  append_escaped(out, shorten(found, kShown));
  return out;
}

std::string bench_text(const BenchArguments& arguments, const workshop::Profile& p,
                       size_t records) {
  const auto whole = [](double value) {
    return with_thousands(static_cast<uint64_t>(std::llround(value)));
  };
  std::vector<std::vector<std::string>> rows = {
      {"", "a record"},
      {"parse", fixed(p.parse_ns / kNsPerUs, 2) + " us"},
      {"script, result written", fixed(p.script_ns / kNsPerUs, 2) + " us"},
      {"  of it the collector, about", fixed(p.collector_ns / kNsPerUs, 2) + " us"},
      {"instructions", whole(p.instructions)},
      {"memory", whole(p.memory_bytes) + " bytes"}};
  std::string out = whole(p.records_per_s) + " records/s on one core (" +
                    with_thousands(p.records) + " runs of " + with_thousands(records) +
                    " records; parsing not counted)\n\n" + format_table(rows);
  out += "\nOf " + with_thousands(records) + " records " + with_thousands(p.parts) + " came out, " +
         with_thousands(p.filtered) + " filtered, " + with_thousands(p.rejected) +
         " rejected. A state holds " + format_size(p.state_bytes) + ".\n";
  if (p.hot.empty()) return out;
  rows = {{"share", "line", ""}};
  for (const workshop::HotLine& hot : p.hot) {
    rows.push_back({fixed(hot.share * 100, 1) + "%", hot.file + ":" + std::to_string(hot.line),
                    line_of(arguments, hot)});
  }
  return out + "\nHottest lines, by instructions:\n" + format_table(rows);
}

std::string bench_json(const BenchArguments& arguments, const workshop::Profile& p,
                       size_t records) {
  std::string out =
      "{\"records_per_s\":" + fixed(p.records_per_s, 1) +
      ",\"records\":" + std::to_string(records) + ",\"runs\":" + std::to_string(p.records) +
      ",\"seconds\":" + fixed(p.seconds, 6) +
      ",\"per_record\":{\"parse_us\":" + fixed(p.parse_ns / kNsPerUs, 3) +
      ",\"script_us\":" + fixed(p.script_ns / kNsPerUs, 3) +
      ",\"collector_us\":" + fixed(p.collector_ns / kNsPerUs, 3) +
      ",\"instructions\":" + fixed(p.instructions, 1) +
      ",\"memory_bytes\":" + fixed(p.memory_bytes, 1) +
      "},\"came_out\":" + std::to_string(p.parts) + ",\"filtered\":" + std::to_string(p.filtered) +
      ",\"rejected\":" + std::to_string(p.rejected) +
      ",\"state_bytes\":" + std::to_string(p.state_bytes) + ",\"hottest\":[";
  const char* separator = "";
  for (const workshop::HotLine& hot : p.hot) {
    out += std::string(separator) + "{\"file\":";
    append_json_string(out, hot.file);
    out += ",\"line\":" + std::to_string(hot.line) + ",\"share\":" + fixed(hot.share, 4) +
           ",\"text\":";
    append_json_string(out, line_of(arguments, hot));
    out += '}';
    separator = ",";
  }
  return out + "]}\n";
}

Result<std::vector<std::string>> read_records(const std::string& file) {
  SLUICE_ASSIGN_OR_RETURN(auto reader, LineReader::open(file, kLongestLine));
  std::vector<std::string> out;
  Document document;
  std::string_view line;
  for (size_t bytes = 0; bytes < kMostBytes;) {
    SLUICE_ASSIGN_OR_RETURN(const bool more, reader.next(&line));
    if (!more) break;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    const ParseResult parsed = document.parse(line, ParseLimits{kLongestLine, 128});
    if (reader.too_long() || !parsed) {
      return invalid(file + ":" + std::to_string(reader.number()) +
                     ": expected one JSON value on each line, found: " + parsed.message +
                     "; take such lines out first");
    }
    bytes += line.size();
    out.emplace_back(line);
  }
  if (out.empty()) return invalid(file + ": there is no record; expected JSON Lines");
  return out;
}

int run_bench(const BenchArguments& arguments) {
  const auto script = workshop::load_script(arguments.script, ScriptLimits{});
  if (!script) return report(script.status());
  const auto records = read_records(arguments.file);
  if (!records) return report(records.status());
  const auto profile = workshop::profile(*script, *records, arguments.options);
  if (!profile) return report(profile.status());
  write_text(STDOUT_FILENO, arguments.json ? bench_json(arguments, *profile, records->size())
                                           : bench_text(arguments, *profile, records->size()));
  return kExitOk;
}

}  // namespace

void add_transform_bench_command(CLI::App& transform, int* exit_code) {
  auto* command =
      transform.add_subcommand("bench", "Measure a transformer on the records of a file");
  auto arguments = std::make_shared<BenchArguments>();
  command->add_option("script", arguments->script, "The transformer")->required();
  command
      ->add_option("file", arguments->file,
                   "JSON Lines, or - for standard input; of a large file the first 64 MiB")
      ->required();
  constexpr double kShortest = 0.01;
  constexpr double kLongest = 3600;
  auto* seconds = command
                      ->add_option("--seconds", arguments->options.seconds,
                                   "How long the speed is measured (2)")
                      ->check(CLI::Range(kShortest, kLongest));
  command->add_option("--rounds", arguments->options.rounds, "Passes over the file instead")
      ->excludes(seconds);
  command->add_option("--lines", arguments->options.hot_lines, "How many hot lines are shown (10)");
  command->add_flag("--json", arguments->json, "Print as JSON, one object on one line");
  command->footer(
      "Speed is measured without any hook; instructions, lines and memory in passes of their own.\n"
      "`sluice bench` measures the whole path of a record.\n"
      "Examples:\n"
      "  sluice transform bench transformers/orders.lua orders.jsonl\n"
      "  sluice transform bench transformers/orders.lua orders.jsonl --json --rounds 20\n"
      "Exit codes: 0 measured, 2 a file does not load or a line is not JSON.");
  command->callback([arguments, exit_code] { *exit_code = run_bench(*arguments); });
}

}  // namespace sluice::cli
