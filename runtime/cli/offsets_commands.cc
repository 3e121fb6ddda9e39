// SPDX-License-Identifier: Apache-2.0
// sluice offsets show | reset | delete
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/cli/admin_answer.h"
#include "runtime/cli/admin_client.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/dlq_process.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/offsets_plan.h"
#include "runtime/cli/terminal.h"
#include "runtime/pipeline/runtime.h"
#include "runtime/store/state_dir.h"

namespace sluice::cli {
namespace {

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
  for (const CheckpointMove::Lane& lane : move.lanes) {
    target += "&lane=" + query_value(lane.lane);
    if (lane.settled) target += "&settled=" + std::to_string(*lane.settled);
    if (lane.reached) target += "&reached=" + std::to_string(*lane.reached);
  }
  SLUICE_ASSIGN_OR_RETURN(const AdminAnswer answer, admin_post(*address, target));
  if (answer.status != 200) return refusal_of(answer);
  Document document;
  if (!document.parse(answer.body, {1U << 20, 16})) {
    return internal("the admin API's answer is not JSON");
  }
  return static_cast<uint32_t>(AnswerReader(document, Document::root()).number("epoch"));
}

// Here first: if the other system cannot be told, its positions are out of date, and the source
// goes by ours.
Result<uint32_t> move_stopped(const OffsetsPlan& plan, OffsetsSubject& subject,
                              CheckpointStore& store) {
  SLUICE_ASSIGN_OR_RETURN(const uint32_t epoch, store.move(plan.move, Clock::real().wall_us()));
  if (subject.elsewhere == nullptr) return epoch;
  std::vector<LanePlace> places;
  for (const LaneMove& lane : plan.elsewhere) {
    places.push_back(lane.place);
    places.back().next = lane.to;
  }
  if (Status status = subject.elsewhere->store(places, epoch); !status) {
    return std::move(status).with_context(
        plan.move.keep_idempotency
            ? "half of it is done: give the same command again"
            : "the source is moved and will go on there, but its group was not told");
  }
  return epoch;
}

int refuse_hash(const OffsetsOptions& options, const OffsetsPlan& plan) {
  write_text(STDERR_FILENO, "sluice: --execute " + options.execute +
                                ": the positions are not those of that preview any more, or it "
                                "was of another move; look at a new one (its hash is " +
                                plan.hash + ")\n");
  return kExitNo;
}

void print_plan(const OffsetsOptions& options, const OffsetsPlan& plan,
                std::optional<uint32_t> epoch) {
  std::string text;
  if (options.json) {
    text = offsets_plan_json(plan, epoch.has_value(), epoch.value_or(plan.before.epoch));
  } else if (epoch) {
    text = offsets_plan_text(plan) + "done; the source is in epoch " + std::to_string(*epoch) +
           " now\n";
  } else {
    text = offsets_plan_text(plan) + "nothing is changed yet; to do it: add --execute " +
           plan.hash + "\n";
  }
  write_text(STDOUT_FILENO, text);
}

// Held to the end: nobody may begin to read while its place is changed.
Result<StateDir> hold_state(const Config& config) {
  auto held = StateDir::acquire(config.runtime.state_dir);
  if (held) return held;
  Status status = held.status();
  return std::move(status).with_context(
      "the source cannot be moved while a process reads it; stop that first, or let the source "
      "leave and come back with --stop-source");
}

// A group can be moved before this pipeline has ever run.
Result<SourceCheckpoint> stored_of(const Result<std::unique_ptr<CheckpointStore>>& store,
                                   const OffsetsSubject& subject) {
  const bool none = !store && store.status().code() == Code::kNotFound;
  if (none && subject.elsewhere != nullptr) return SourceCheckpoint{};
  if (!store) return store.status();
  return (*store)->load(subject.of.pipeline->name, subject.of.source->name);
}

int move_offsets(const OffsetsOptions& options, bool forget) {
  if (options.stop_source && options.keep_idempotency) {
    return report(
        invalid("--keep-idempotency needs the runtime to be stopped: leave out "
                "--stop-source, and stop the process first"));
  }
  const auto target = target_of(options, forget);
  if (!target) return report(target.status());
  const auto config = read_offsets_config(options);
  if (!config) return report(config.status());
  const bool execute = !options.execute.empty();
  std::optional<StateDir> state;
  auto subject = subject_of(options, *config, *target);
  if (!subject) return report(subject.status());
  if (execute && !options.stop_source) {
    auto held = hold_state(*config);
    if (!held) return report(held.status());
    state.emplace(std::move(held).value());
  }
  auto store = open_checkpoints(*config, !state);
  auto before = stored_of(store, *subject);
  if (!before) return report(before.status());
  const auto plan = plan_of(options, *subject, *target, std::move(before).value());
  if (!plan) return report(plan.status());
  if (!execute) {
    print_plan(options, *plan, std::nullopt);
    return kExitOk;
  }
  if (options.execute != plan->hash) return refuse_hash(options, *plan);
  if (const Status free = nobody_reads(*plan, options.stop_source ? 1 : 0); !free) {
    return report(free);
  }
  const auto epoch = options.stop_source ? move_running(*config, plan->move)
                                         : move_stopped(*plan, *subject, **store);
  if (!epoch) return report(epoch.status());
  print_plan(options, *plan, *epoch);
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
  command->add_option("--source", options->source, "The source");
  command->add_option("--group", options->group,
                      "The source that is of this consumer group; in place of --source");
  command->add_option("--topic", options->topics, "Only this topic (all); may be repeated")
      ->take_all()
      ->expected(1);
  command->add_option("--lane", options->lanes, "Only this lane (all); may be repeated")
      ->take_all()
      ->expected(1);
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
                          "Works beside a running process and without one; changes nothing. Of a "
                          "source whose\n"
                          "positions another system keeps (a Kafka group) that is asked, too: "
                          "committed and end are\n"
                          "the next offsets, as it counts.\n"
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
      "  sluice offsets reset --source orders --lane orders/3 --to offset 1200 --stop-source\n"
      "  sluice offsets reset --group orders-ingest --topic orders --to datetime 2026-01-31T12:00Z",
      options);
  add_move_options(reset, options);
  reset
      ->add_option("--to", options->to,
                   "earliest, latest, offset N (the first that is read again), or datetime T (the "
                   "first of that time or later; 2026-01-31T12:00:00Z, or 2h: so long ago)")
      ->required()
      ->expected(1, 2);
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
