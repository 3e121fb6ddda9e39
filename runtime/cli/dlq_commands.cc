// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/base/text.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"
#include "runtime/config/load.h"
#include "runtime/store/dead_letter_store.h"

namespace sluice::cli {
namespace {

struct DlqOptions {
  std::string config;
  std::string state;
  std::string tenant;
  std::string reason;
  std::string source;
  std::string since;
  std::string until;
  std::string id;
  uint64_t limit = 10;
  bool full = false;
  bool json = false;
};

// "30m" ago, in microseconds since 1970.
Result<int64_t> ago(const std::string& text) {
  if (text.empty()) return int64_t{0};
  SLUICE_ASSIGN_OR_RETURN(const auto duration, parse_duration(text));
  return Clock::real().wall_us() - duration.count() * 1000;
}

Result<std::filesystem::path> state_folder(const DlqOptions& options) {
  if (!options.state.empty()) return std::filesystem::path(options.state);
  const Environment env = Environment::of_process();
  SLUICE_ASSIGN_OR_RETURN(const auto file, find_config_file(options.config, env));
  SLUICE_ASSIGN_OR_RETURN(const Config config, load_config(file, env));
  return config.runtime.state_dir;
}

Result<std::unique_ptr<DeadLetterStore>> open_store(const DlqOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const auto folder, state_folder(options));
  return open_dead_letter_store(folder, true);
}

Result<LetterFilter> filter_of(const DlqOptions& options) {
  LetterFilter filter;
  filter.tenant = options.tenant;
  filter.reason = options.reason;
  filter.source = options.source;
  SLUICE_ASSIGN_OR_RETURN(filter.since_us, ago(options.since));
  SLUICE_ASSIGN_OR_RETURN(filter.until_us, ago(options.until));
  return filter;
}

Status summary(const DlqOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const auto store, open_store(options));
  SLUICE_ASSIGN_OR_RETURN(const LetterFilter filter, filter_of(options));
  SLUICE_ASSIGN_OR_RETURN(const auto reasons, store->count_by_reason(filter));
  uint64_t total = 0;
  std::string json;
  std::vector<std::vector<std::string>> rows{{"reason", "letters"}};
  for (const auto& [reason, count] : reasons) {
    total += count;
    if (!json.empty()) json += ',';
    append_json_string(json, reason);
    json += ':' + std::to_string(count);
    rows.push_back({reason, with_thousands(count)});
  }
  if (options.json) {
    write_text(STDOUT_FILENO,
               "{\"total\":" + std::to_string(total) + ",\"reasons\":{" + json + "}}\n");
  } else {
    rows.push_back({"total", with_thousands(total)});
    write_text(STDOUT_FILENO, format_table(rows));
  }
  return Status::ok();
}

std::string letter_text(const DeadLetter& letter, bool full) {
  std::string out = letter.id.substr(0, 12) + "  " + format_time_us(letter.last_at_us) + "  " +
                    letter.reason + "  " + letter.source + "  " + letter.lane + "@" +
                    std::to_string(letter.position) + "\n";
  out += "  " + letter.stage + ": ";
  append_escaped(out, full ? letter.detail : shorten(letter.detail, 200));
  out += "\n  ";
  append_escaped(out, full ? letter.raw : shorten(letter.raw, 200));
  return out + "\n";
}

Status sample(const DlqOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const auto store, open_store(options));
  SLUICE_ASSIGN_OR_RETURN(const LetterFilter filter, filter_of(options));
  return store->each(filter, options.limit, [&](const DeadLetter& letter) {
    write_text(STDOUT_FILENO, options.json ? letter_json(letter, options.full) + "\n"
                                           : letter_text(letter, options.full));
  });
}

Status show(const DlqOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const auto store, open_store(options));
  SLUICE_ASSIGN_OR_RETURN(const auto letter, store->find(options.id));
  if (!letter) return not_found("there is no dead letter " + options.id);
  if (options.json) {
    write_text(STDOUT_FILENO, letter_json(*letter, true) + "\n");
    return Status::ok();
  }
  std::vector<std::vector<std::string>> rows{
      {"id", letter->id},
      {"reason", letter->reason},
      {"stage", letter->sink.empty() ? letter->stage : letter->stage + " (" + letter->sink + ")"},
      {"detail", letter->detail},
      {"pointer", letter->pointer.empty() ? "-" : letter->pointer},
      {"pipeline", letter->pipeline + " (tenant " + letter->tenant + ")"},
      {"origin", letter->source + " " + letter->lane + " @ " + std::to_string(letter->position)},
      {"schema", letter->schema_version.empty() ? "-" : letter->schema_version},
      {"script", letter->script_hash.empty() ? "-" : letter->script_hash.substr(0, 12)},
      {"attempts", std::to_string(letter->attempts)},
      {"first", format_time_us(letter->first_at_us)},
      {"last", format_time_us(letter->last_at_us)}};
  std::string out = format_table(rows) + "original\n";
  append_escaped(out, letter->raw);
  write_text(STDOUT_FILENO, out + "\n");
  return Status::ok();
}

void add_common(CLI::App& command, DlqOptions& options) {
  command.add_option("-c,--config", options.config, "Configuration file");
  command.add_option("--state", options.state, "State folder (instead of the configuration's)");
  command.add_flag("--json", options.json, "Print JSON");
}

void add_filter(CLI::App& command, DlqOptions& options) {
  command.add_option("--tenant", options.tenant, "Only this tenant");
  command.add_option("--reason", options.reason, "Only this reason code");
  command.add_option("--source", options.source, "Only this source instance");
  command.add_option("--since", options.since, "Only what failed within this time, such as 30m");
  command.add_option("--until", options.until, "Only what failed before this long ago");
}

}  // namespace

void add_dlq_commands(CLI::App& app, int* exit_code) {
  auto* dlq = app.add_subcommand("dlq", "Look at dead letters (also as `dlqtriage`)");
  dlq->require_subcommand(1);
  dlq->footer(
      "Examples:\n"
      "  sluice dlq summary\n"
      "  sluice dlq sample --reason SCHEMA_DRIFT --limit 5\n"
      "  sluice dlq show 3f2a...");
  auto options = std::make_shared<DlqOptions>();
  auto* summary_command = dlq->add_subcommand("summary", "Letters by reason");
  add_common(*summary_command, *options);
  add_filter(*summary_command, *options);
  summary_command->callback([options, exit_code] { *exit_code = report(summary(*options)); });
  auto* sample_command = dlq->add_subcommand("sample", "The newest letters");
  add_common(*sample_command, *options);
  add_filter(*sample_command, *options);
  sample_command->add_option("--limit", options->limit, "How many (10)");
  sample_command->add_flag("--full", options->full, "With the original bytes");
  sample_command->callback([options, exit_code] { *exit_code = report(sample(*options)); });
  auto* show_command = dlq->add_subcommand("show", "One letter in full");
  add_common(*show_command, *options);
  show_command->add_option("id", options->id, "The letter's id, or the beginning of it")
      ->required();
  show_command->callback([options, exit_code] { *exit_code = report(show(*options)); });
}

}  // namespace sluice::cli
