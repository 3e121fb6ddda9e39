// SPDX-License-Identifier: Apache-2.0
// sluice schema drift: the drift ledger, of the running process or of the state folder.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/text.h"
#include "runtime/cli/admin_answer.h"
#include "runtime/cli/admin_client.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/schema_command.h"
#include "runtime/cli/terminal.h"
#include "runtime/config/load.h"
#include "runtime/record/document.h"
#include "runtime/store/drift_store.h"

namespace sluice::cli {
namespace {

constexpr size_t kCellBytes = 60;

struct Options {
  std::string config;
  std::string state;
  std::string pipeline;
  std::string source;
  std::string severity;
  std::string since;
  bool json = false;
};

// A row with its times as text, as the API tells them.
struct Shown {
  DriftRow row;
  std::string first;
  std::string last;
  std::string json;
};

// Nothing: nobody answers, or a process with another state folder does.
std::optional<std::vector<Shown>> ask_process(const std::string& address,
                                              const std::filesystem::path& state_dir,
                                              const std::string& since) {
  if (address.empty()) return std::nullopt;
  // Filters that this program applies itself need no escaping.
  const auto body = admin_get(address, "/admin/drift" + (since.empty() ? "" : "?since=" + since));
  if (!body) return std::nullopt;
  Document document;
  if (!document.parse(*body, {256U << 20, 16})) return std::nullopt;
  if (!answers_for(document, state_dir)) return std::nullopt;
  const NodeIndex list = document.find(Document::root(), "drift");
  if (list == kNoNode || document.kind(list) != JsonKind::kArray) return std::nullopt;
  std::vector<Shown> out;
  for (NodeIndex at = list + 1; at < document.next(list); at = document.next(at)) {
    AnswerReader reader(document, at);
    Shown shown;
    shown.row.pipeline = reader.text("pipeline");
    shown.row.source = reader.text("source");
    shown.row.path = reader.text("path");
    shown.row.kind = reader.text("kind");
    shown.row.severity = reader.text("severity");
    shown.row.count = reader.number("count");
    shown.row.observed = reader.number("observed");
    shown.row.before = reader.text("before");
    shown.row.after = reader.text("after");
    shown.first = reader.text("first_seen");
    shown.last = reader.text("last_seen");
    shown.json = document.json(at);
    out.push_back(std::move(shown));
  }
  return out;
}

Result<std::vector<Shown>> read_folder(const std::filesystem::path& state_dir, int64_t since_us) {
  SLUICE_ASSIGN_OR_RETURN(const auto store, open_drift_store(state_dir, true));
  DriftFilter filter;
  filter.since_us = since_us;
  SLUICE_ASSIGN_OR_RETURN(auto rows, store->rows(filter));
  sort_drift(rows);
  std::vector<Shown> out;
  for (DriftRow& row : rows) {
    Shown shown;
    shown.first = format_time_us(row.first_seen_us);
    shown.last = format_time_us(row.last_seen_us);
    shown.json = drift_json(row, true);
    shown.row = std::move(row);
    out.push_back(std::move(shown));
  }
  return out;
}

std::string cell(const std::string& text) {
  std::string out;
  append_escaped(out, shorten(text, kCellBytes));
  return out;
}

std::string share_text(double share) {
  char text[16];
  std::snprintf(text, sizeof text, share < 0.01 ? "%.2f%%" : "%.0f%%", share * 100);
  return text;
}

void print(const std::vector<Shown>& all, bool json, bool several) {
  if (json) {
    std::string out;
    for (const Shown& shown : all) out += shown.json + "\n";
    write_text(STDOUT_FILENO, out);
    return;
  }
  if (all.empty()) {
    write_text(STDOUT_FILENO, "no drift\n");
    return;
  }
  std::vector<std::vector<std::string>> rows{
      {"severity", "kind", "path", "before -> after", "count", "share", "first", "last"}};
  if (several) rows[0].insert(rows[0].begin(), "source");
  for (const Shown& shown : all) {
    const DriftRow& row = shown.row;
    rows.push_back({row.severity, row.kind, row.path.empty() ? "(the record)" : cell(row.path),
                    cell(row.before) + " -> " + cell(row.after), with_thousands(row.count),
                    share_text(row.share()), shown.first, shown.last});
    if (several) rows.back().insert(rows.back().begin(), row.pipeline + "/" + row.source);
  }
  write_text(STDOUT_FILENO, format_table(rows));
}

Status run(const Options& options) {
  int64_t since_us = 0;
  if (!options.since.empty()) {
    auto duration = parse_duration(options.since);
    if (!duration) return std::move(duration).status().with_context("--since");
    since_us = Clock::real().wall_us() - duration->count() * 1000;
  }
  std::filesystem::path folder = options.state;
  std::string address;
  if (options.state.empty()) {
    const Environment env = Environment::of_process();
    SLUICE_ASSIGN_OR_RETURN(const auto file, find_config_file(options.config, env));
    SLUICE_ASSIGN_OR_RETURN(const Config config, load_config(file, env));
    folder = config.runtime.state_dir;
    address = admin_address(config);
  }
  auto asked = ask_process(address, folder, options.since);
  std::vector<Shown> all;
  if (asked) {
    all = std::move(*asked);
  } else {
    SLUICE_ASSIGN_OR_RETURN(all, read_folder(folder, since_us));
  }
  DriftFilter filter;
  filter.pipeline = options.pipeline;
  filter.source = options.source;
  filter.severity = options.severity;
  std::erase_if(all, [&](const Shown& shown) { return !filter.accepts(shown.row); });
  bool several = false;
  for (const Shown& shown : all) {
    several |= shown.row.source != all[0].row.source || shown.row.pipeline != all[0].row.pipeline;
  }
  print(all, options.json, several);
  return Status::ok();
}

}  // namespace

void add_schema_drift_command(CLI::App& schema, int* exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = schema.add_subcommand("drift", "How the records differ from what they were");
  command->add_option("-c,--config", options->config, "Configuration file");
  command->add_option("--state", options->state, "State folder (instead of the configuration's)");
  command->add_option("--pipeline", options->pipeline, "Only this pipeline");
  command->add_option("--source", options->source, "Only this source instance");
  command->add_option("--severity", options->severity, "Only this severity or worse")
      ->check(CLI::IsMember({"info", "warning", "breaking"}));
  command->add_option("--since", options->since, "Only what was seen within this time, as 30m");
  command->add_flag("--json", options->json, "Print one JSON object a line");
  command->footer(
      "Examples:\n"
      "  sluice schema drift\n"
      "  sluice schema drift --severity warning --since 30m\n"
      "  sluice schema drift --pipeline orders --json");
  command->callback([options, exit_code] { *exit_code = report(run(*options)); });
}

}  // namespace sluice::cli
