// SPDX-License-Identifier: Apache-2.0
// sluice offsets show | reset | delete
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/text.h"
#include "runtime/cli/admin_answer.h"
#include "runtime/cli/admin_client.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/dlq_process.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/offsets_plan.h"
#include "runtime/cli/terminal.h"
#include "runtime/config/load.h"
#include "runtime/pipeline/runtime.h"
#include "runtime/store/state_dir.h"

namespace sluice::cli {
namespace {

Result<Config> read_offsets_config(const OffsetsOptions& options) {
  const Environment env = Environment::of_process();
  SLUICE_ASSIGN_OR_RETURN(const auto file, find_config_file(options.config, env));
  return load_config(file, env);
}

// All, or the one that is named.
Result<std::vector<OfSource>> sources_of(const Config& config, const std::string& name) {
  std::vector<OfSource> out;
  std::vector<std::string> names;
  for (const PipelineConfig& pipeline : config.pipelines) {
    for (const SourceConfig& source : pipeline.sources) {
      names.push_back(source.name);
      if (name.empty() || name == source.name) out.push_back({&pipeline, &source});
    }
  }
  if (!out.empty()) return out;
  std::string message = "there is no source '" + name + "' in " + config.file.string();
  if (const auto near = did_you_mean(name, names)) message += "; did you mean '" + *near + "'?";
  return not_found(message);
}

std::string time_or_null(int64_t us) { return us == 0 ? "null" : '"' + format_time_us(us) + '"'; }

std::string lane_name_shown(const std::string& lane) {
  std::string out;
  append_escaped(out, lane);
  return out;
}

std::string source_json(const OfSource& of, const SourceCheckpoint& at) {
  std::string out = "{\"pipeline\":";
  append_json_string(out, of.pipeline->name);
  out += ",\"source\":";
  append_json_string(out, of.source->name);
  out += ",\"kind\":";
  append_json_string(out, of.source->use);
  out += ",\"epoch\":" + std::to_string(at.epoch) +
         ",\"highest_event_time\":" + time_or_null(at.highest_event_time_us) +
         ",\"updated_at\":" + time_or_null(at.updated_at_us) + ",\"lanes\":[";
  for (const LaneMark& lane : at.lanes) {
    if (out.back() != '[') out += ',';
    out += "{\"lane\":";
    append_json_string(out, lane.lane);
    out += ",\"committed\":" + std::to_string(lane.position) + "}";
  }
  return out + "]}";
}

int show_offsets(const OffsetsOptions& options) {
  const auto config = read_offsets_config(options);
  if (!config) return report(config.status());
  const auto sources = sources_of(*config, options.source);
  if (!sources) return report(sources.status());
  auto store = open_checkpoints(*config, true);
  if (!store && store.status().code() != Code::kNotFound) return report(store.status());
  std::string json;
  std::vector<std::vector<std::string>> table{
      {"pipeline", "source", "lane", "committed", "settled up to", "epoch"}};
  for (const OfSource& of : *sources) {
    SourceCheckpoint at;
    if (store) {
      auto loaded = (*store)->load(of.pipeline->name, of.source->name);
      if (!loaded) return report(loaded.status());
      at = std::move(loaded).value();
    }
    json += (json.empty() ? "" : ",") + source_json(of, at);
    const std::string time =
        at.highest_event_time_us == 0 ? "-" : format_time_us(at.highest_event_time_us);
    const std::string epoch = std::to_string(at.epoch);
    if (at.lanes.empty()) {
      table.push_back({of.pipeline->name, of.source->name, "-", "-", time, epoch});
    }
    for (const LaneMark& lane : at.lanes) {
      table.push_back({of.pipeline->name, of.source->name, lane_name_shown(lane.lane),
                       std::to_string(lane.position), time, epoch});
    }
  }
  write_text(STDOUT_FILENO, options.json ? "{\"sources\":[" + json + "]}\n" : format_table(table));
  return kExitOk;
}

// The running process lets its source leave, moves it, and lets it come back.
Result<uint32_t> move_running(const Config& config, const CheckpointMove& move) {
  DlqPlace place;
  place.config = config;
  place.state_dir = config.runtime.state_dir;
  const auto address = find_dlq_process(place);
  if (!address) {
    return unavailable(
        "--stop-source: no process with this state folder answers; if none runs, leave it out, "
        "else set runtime.admin.listen or $SLUICE_ADMIN_URL to where it answers");
  }
  std::string target = "/admin/offsets?source=" + query_value(move.source);
  if (move.all) target += "&all=true";
  for (const CheckpointMove::Lane& lane : move.lanes) target += "&lane=" + query_value(lane.lane);
  if (!move.lanes.empty() && move.lanes.front().settled) {
    target += "&settled=" + std::to_string(*move.lanes.front().settled);
  }
  SLUICE_ASSIGN_OR_RETURN(const AdminAnswer answer, admin_post(*address, target));
  if (answer.status != 200) return refusal_of(answer);
  Document document;
  if (!document.parse(answer.body, {1U << 20, 16})) {
    return internal("the admin API's answer is not JSON");
  }
  return static_cast<uint32_t>(AnswerReader(document, Document::root()).number("epoch"));
}

int move_offsets(const OffsetsOptions& options, bool forget) {
  const auto config = read_offsets_config(options);
  if (!config) return report(config.status());
  const auto sources = sources_of(*config, options.source);
  if (!sources) return report(sources.status());
  const OfSource of = sources->front();
  std::optional<uint64_t> settled;
  if (!forget) {
    const auto target = target_of(options, of);
    if (!target) return report(target.status());
    settled = *target;
  }
  // Held to the end: nobody may begin to read while its place is changed.
  const bool execute = !options.execute.empty();
  std::optional<StateDir> state;
  if (options.stop_source && options.keep_idempotency) {
    return report(
        invalid("--keep-idempotency needs the runtime to be stopped: leave out "
                "--stop-source, and stop the process first"));
  }
  if (execute && !options.stop_source) {
    auto held = StateDir::acquire(config->runtime.state_dir);
    if (!held) {
      Status status = held.status();
      return report(std::move(status).with_context(
          "the source cannot be moved while a process reads it; stop that first, or let the source "
          "leave and come back with --stop-source"));
    }
    state.emplace(std::move(held).value());
  }
  auto store = open_checkpoints(*config, !state);
  if (!store) return report(store.status());
  const auto plan = plan_of(options, of, forget || options.lanes.empty(), settled, **store);
  if (!plan) return report(plan.status());
  if (!execute) {
    write_text(STDOUT_FILENO, options.json
                                  ? offsets_plan_json(*plan, false, plan->before.epoch)
                                  : offsets_plan_text(*plan) +
                                        "nothing is changed yet; to do it: add --execute " +
                                        plan->hash + "\n");
    return kExitOk;
  }
  if (options.execute != plan->hash) {
    write_text(STDERR_FILENO, "sluice: --execute " + options.execute +
                                  ": the positions are not those of that preview any more, or it "
                                  "was of another move; look at a new one (its hash is " +
                                  plan->hash + ")\n");
    return kExitNo;
  }
  const auto epoch = options.stop_source ? move_running(*config, plan->move)
                                         : (*store)->move(plan->move, Clock::real().wall_us());
  if (!epoch) return report(epoch.status());
  write_text(STDOUT_FILENO, options.json
                                ? offsets_plan_json(*plan, true, *epoch)
                                : offsets_plan_text(*plan) + "done; the source is in epoch " +
                                      std::to_string(*epoch) + " now\n");
  return kExitOk;
}

CLI::App* add_offsets_command(CLI::App& parent, const std::string& name, const std::string& summary,
                              const std::string& more,
                              const std::shared_ptr<OffsetsOptions>& options) {
  CLI::App* command = parent.add_subcommand(name, summary);
  command->footer(more);
  command->add_option("-c,--config", options->config, "Configuration file");
  command->add_flag("--json", options->json, "Print JSON");
  return command;
}

void add_move_options(CLI::App* command, const std::shared_ptr<OffsetsOptions>& options) {
  command->add_option("--source", options->source, "The source")->required();
  command->add_flag("--keep-idempotency", options->keep_idempotency,
                    "What sinks have already they are not given again");
  command->add_flag("--stop-source", options->stop_source,
                    "Of a running process: the source leaves, is moved, and comes back");
  command->add_option("--execute", options->execute, "Do what the preview with this hash said");
}

}  // namespace

void add_offsets_commands(CLI::App& app, int* exit_code) {
  auto* offsets = app.add_subcommand("offsets", "Where sources stand, and going back on purpose");
  offsets->require_subcommand(1);
  offsets->footer(
      "Examples:\n"
      "  sluice offsets show\n"
      "  sluice offsets reset --source orders-file --to earliest");
  const auto options = std::make_shared<OffsetsOptions>();
  CLI::App* show =
      add_offsets_command(*offsets, "show", "What each lane has settled",
                          "Works beside a running process and without one; changes nothing.\n"
                          "Examples:\n"
                          "  sluice offsets show\n"
                          "  sluice offsets show --source orders-file --json",
                          options);
  show->add_option("--source", options->source, "Only this source (all)");
  show->callback([options, exit_code] { *exit_code = show_offsets(*options); });
  CLI::App* reset = add_offsets_command(
      *offsets, "reset", "Let records be read again",
      "Without --execute a preview with its hash, which changes nothing. The runtime must be\n"
      "stopped, but with --stop-source. A move opens a new epoch: marks in sinks and idempotency "
      "of before do not keep\n"
      "the records up to the old position from being processed again. To write records of equal\n"
      "revision anew, the sink needs `on_equal: overwrite`.\n"
      "Exit code: 0 done or shown, 1 the positions have changed since the preview,\n"
      "2 there is no such source, lane or place, 3 a process has the state, or it is away.\n"
      "Examples:\n"
      "  sluice offsets reset --source orders-file --to earliest\n"
      "  sluice offsets reset --source orders-file --to earliest --execute 1a2b3c4d5e6f\n"
      "  sluice offsets reset --source orders --lane orders/3 --to offset 1200 --stop-source",
      options);
  add_move_options(reset, options);
  reset->add_option("--to", options->to, "earliest, or offset N (the first that is read again)")
      ->required()
      ->expected(1, 2);
  reset->add_option("--lane", options->lanes, "Only this lane (all); may be repeated")
      ->take_all()
      ->expected(1);
  reset->callback([options, exit_code] { *exit_code = move_offsets(*options, false); });
  CLI::App* forget = add_offsets_command(
      *offsets, "delete", "Forget where a source stands: it starts as if it had never run",
      "Without --execute a preview with its hash, which changes nothing. The runtime must be\n"
      "stopped. As `reset --to earliest`, which see.\n"
      "Examples:\n"
      "  sluice offsets delete --source orders-file\n"
      "  sluice offsets delete --source orders-file --execute 1a2b3c4d5e6f",
      options);
  add_move_options(forget, options);
  forget->callback([options, exit_code] { *exit_code = move_offsets(*options, true); });
}

}  // namespace sluice::cli
