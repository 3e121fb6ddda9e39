// SPDX-License-Identifier: Apache-2.0
// sluice dlq redrive: in the running process by its admin API, or here when no process holds the
// state folder.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/cli/admin_client.h"
#include "runtime/cli/dlq_process.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/signals.h"
#include "runtime/cli/terminal.h"
#include "runtime/pipeline/redrive_request.h"
#include "runtime/pipeline/runtime.h"
#include "runtime/pipeline/version_desk.h"

namespace sluice::cli {
namespace {

constexpr Millis kRedriveRedraw{200};

struct RedriveOptions {
  DlqOptions dlq;
  std::string from = "raw";
  std::string rate;
  uint64_t resume = 0;
  uint64_t stop = 0;
  bool list = false;
  bool dry_run = false;
  bool force = false;
  bool allow_overwrite = false;
};

Result<RedriveRequest> redrive_request_of(const RedriveOptions& options) {
  RedriveRequest request;
  SLUICE_ASSIGN_OR_RETURN(request.selection, selection_of(options.dlq));
  for (const RedriveFrom from : {RedriveFrom::kRaw, RedriveFrom::kTransform, RedriveFrom::kSink}) {
    if (options.from == redrive_from_name(from)) request.from = from;
  }
  if (!options.rate.empty()) {
    auto rate = parse_rate(options.rate);
    if (!rate && options.rate.find_first_not_of("0123456789") == std::string::npos) {
      rate = parse_rate(options.rate + "/s");
    }
    if (!rate) return std::move(rate).status().with_context("--rate");
    request.rate = *rate;
  }
  request.force = options.force;
  request.allow_overwrite = options.allow_overwrite;
  request.dry_run = options.dry_run;
  request.who = who_am_i();
  return request;
}

// ---- what is shown -----------------------------------------------------------------------------

void show_redrive_progress(const RedrivePlan& plan) {
  if (!is_terminal(STDERR_FILENO)) return;
  const uint64_t done = plan.chosen - std::min(plan.chosen, plan.left);
  write_text(STDERR_FILENO, "\r\x1b[K" + with_thousands(done) + " of " +
                                with_thousands(plan.chosen) + " letters, " +
                                with_thousands(plan.failed) + " failed again");
}

void end_redrive_progress() {
  if (is_terminal(STDERR_FILENO)) write_text(STDERR_FILENO, "\r\x1b[K");
}

using PlanRows = std::vector<std::vector<std::string>>;

void add_outcome(PlanRows& rows, const std::string& name, uint64_t n) {
  if (n != 0) rows.push_back({name, with_thousands(n)});
}

std::string plan_text(const RedrivePlan& plan) {
  PlanRows rows{{"outcome", "letters"}};
  add_outcome(rows, "committed", plan.committed);
  add_outcome(rows, "duplicate", plan.duplicate);
  add_outcome(rows, "filtered", plan.filtered);
  for (const auto& [reason, n] : plan.reasons) add_outcome(rows, reason, n);
  add_outcome(rows, "gone meanwhile", plan.gone);
  add_outcome(rows, "still to do", plan.left);
  std::string out = "redrive " + std::to_string(plan.id) + ": " + plan.state + ", " +
                    with_thousands(plan.chosen) + (plan.chosen == 1 ? " letter\n" : " letters\n");
  if (rows.size() > 1) out += format_table(rows);
  if (plan.left != 0 && plan.state == "stopped") {
    out += "go on with: sluice dlq redrive --resume " + std::to_string(plan.id) + "\n";
  }
  return out;
}

int show_redrive_end(const RedriveOptions& options, const RedrivePlan& plan,
                     const std::string& json) {
  end_redrive_progress();
  write_text(STDOUT_FILENO, options.dlq.json ? json + "\n" : plan_text(plan));
  if (plan.left != 0) return kExitUnavailable;
  return plan.failed != 0 ? kExitNo : kExitOk;
}

std::string dry_run_text(const DryRunReport& report) {
  PlanRows rows{{"outcome", "letters"}};
  add_outcome(rows, "would pass", report.pass);
  add_outcome(rows, "filtered", report.filtered);
  add_outcome(rows, "there already", report.duplicate);
  for (const auto& [reason, n] : report.reasons) add_outcome(rows, reason, n);
  std::string out = "dry run: " + with_thousands(report.letters) +
                    (report.letters == 1 ? " letter" : " letters") + ", nothing is delivered\n";
  if (rows.size() > 1) out += format_table(rows);
  for (const auto& [reason, text] : report.examples) {
    out += reason + ", such as ";
    append_escaped(out, text);
    out += '\n';
  }
  return out;
}

// ---- in the running process --------------------------------------------------------------------

int follow_redrive(const RedriveOptions& options, const std::string& address,
                   const std::string& body) {
  auto seen = read_redrive(body);
  while (seen && seen->state == "running") {
    show_redrive_progress(seen->plan);
    StopSource wait;
    wait.wait_for(kRedriveRedraw);
    const auto answer = admin_ask(address, "/admin/dlq/redrive?id=" + std::to_string(seen->id));
    if (!answer || answer->status != 200) {
      end_redrive_progress();
      return report(
          unavailable("the process that runs redrive " + std::to_string(seen->id) +
                      " does not answer any more; once it runs again, go on with --resume " +
                      std::to_string(seen->id)));
    }
    seen = read_redrive(answer->body);
  }
  if (!seen) return report(seen.status());
  return show_redrive_end(options, seen->plan, seen->json);
}

int redrive_there(const RedriveOptions& options, const RedriveRequest& request,
                  const std::string& address) {
  std::string target = "/admin/dlq/redrive";
  std::string body = redrive_request_json(request);
  if (options.resume != 0 || options.stop != 0) {
    const bool stop = options.stop != 0;
    target += stop ? "/stop?id=" + std::to_string(options.stop)
                   : "/resume?id=" + std::to_string(options.resume);
    target += "&who=" + query_value(request.who);
    body.clear();
  }
  const auto answer = admin_post(address, target, body);
  if (!answer) return report(answer.status());
  if (answer->status != 200) {
    const Status refused = refusal_of(*answer);
    report(refused);
    return refused.code() == Code::kExists ? kExitNo : exit_code(refused);
  }
  if (options.stop != 0) {
    write_text(STDOUT_FILENO, options.dlq.json
                                  ? answer->body
                                  : "redrive " + std::to_string(options.stop) + " is stopping\n");
    return kExitOk;
  }
  if (options.dry_run) {
    const auto read = read_dry_run(answer->body);
    if (!read) return report(read.status());
    write_text(STDOUT_FILENO, options.dlq.json ? answer->body : dry_run_text(*read));
    return kExitOk;
  }
  return follow_redrive(options, address, answer->body);
}

// ---- here --------------------------------------------------------------------------------------

// Beside whatever runs: it only reads.
int dry_run_here(const RedriveOptions& options, const DlqPlace& place,
                 const RedriveRequest& request) {
  const auto store = open_dlq(place);
  if (!store) return report(store.status());
  std::vector<DryRunPipeline> pipelines;
  for (const PipelineConfig& pipeline : place.config->pipelines) {
    auto bundle = Bundle::load(pipeline);
    if (!bundle) return report(bundle.status());
    pipelines.push_back({&pipeline, std::move(bundle).value(),
                         VersionDesk::stored(place.config->runtime.state_dir, pipeline)});
  }
  const StopSource never;
  const auto result = dry_run_redrive(pipelines, **store, request, Clock::real().wall_us(), never);
  if (!result) return report(result.status());
  write_text(STDOUT_FILENO, options.dlq.json ? result->json() + "\n" : dry_run_text(*result));
  return kExitOk;
}

// Draws how far it is until it is told to end.
class RedriveProgress {
 public:
  RedriveProgress(Redriver& redriver, uint64_t redrive) : redriver_(redriver), redrive_(redrive) {
    if (is_terminal(STDERR_FILENO)) thread_ = std::thread(&RedriveProgress::run, this);
  }
  ~RedriveProgress() {
    end_.request();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    while (!end_.wait_for(kRedriveRedraw)) {
      const auto plan = redriver_.find(redrive_);
      if (plan && plan->has_value()) show_redrive_progress(**plan);
    }
  }
  Redriver& redriver_;
  const uint64_t redrive_;
  StopSource end_;
  std::thread thread_;
};

int redrive_here(const RedriveOptions& options, const DlqPlace& place, RedriveRequest request) {
  log::configure(is_terminal(STDERR_FILENO) ? log::Format::kText : log::Format::kJson,
                 log::level_of("warn"));
  block_signals();
  StopSource drain;
  StopSource abort;
  const SignalWatcher watcher(drain);
  Config config = *place.config;
  config.runtime.state_dir = place.state_dir;
  Runtime::Options runtime_options;
  runtime_options.once = true;
  runtime_options.sources = false;
  auto made = Runtime::create(config, std::move(runtime_options));
  if (!made) return report(made.status());
  Runtime& runtime = **made;
  if (Status status = runtime.start(); !status) return report(status);
  auto plan = options.resume != 0 ? runtime.redriver().resume(options.resume, request.who)
                                  : runtime.redriver().start(std::move(request));
  if (!plan) {
    drain.request();
    runtime.run(drain, abort);
    return report(plan.status());
  }
  Runtime::End end = Runtime::End::kDrained;
  {
    const RedriveProgress progress(runtime.redriver(), plan->id);
    end = runtime.run(drain, abort);
  }
  const auto last = runtime.redriver().find(plan->id);
  if (!last || !last->has_value()) return report(internal("the redrive is not there any more"));
  if (end == Runtime::End::kHeld) {
    report(
        unavailable("a sink or the state folder stayed unavailable; the letters that are left "
                    "are as they were"));
  }
  return show_redrive_end(options, **last, redrive_plan_json(**last));
}

// ---- the command -------------------------------------------------------------------------------

int list_redrives(const RedriveOptions& options, const DlqPlace& place) {
  const auto store = open_dlq(place);
  if (!store) return report(store.status());
  const auto plans = (*store)->redrives(options.dlq.limit);
  if (!plans) return report(plans.status());
  PlanRows rows{{"redrive", "state", "begun", "by", "letters", "left", "failed"}};
  std::string json;
  for (const RedrivePlan& plan : *plans) {
    rows.push_back({std::to_string(plan.id), plan.state, format_time_us(plan.created_us), plan.who,
                    with_thousands(plan.chosen), with_thousands(plan.left),
                    with_thousands(plan.failed)});
    json += redrive_plan_json(plan) + "\n";
  }
  write_text(STDOUT_FILENO, options.dlq.json ? json : format_table(rows));
  return kExitOk;
}

int redrive_letters(const RedriveOptions& options) {
  auto place = find_dlq_place(options.dlq);
  if (!place) return report(place.status());
  if (options.list) return list_redrives(options, *place);
  if (!place->config) {
    return report(invalid("a redrive needs the configuration: give it with --config"));
  }
  auto request = redrive_request_of(options);
  if (!request) return report(request.status());
  if (const auto address = find_dlq_process(*place)) {
    return redrive_there(options, *request, *address);
  }
  if (options.stop != 0) return report(not_found("no process runs that could stop a redrive"));
  if (options.dry_run) return dry_run_here(options, *place, *request);
  return redrive_here(options, *place, std::move(request).value());
}

}  // namespace

void add_dlq_redrive_command(CLI::App& dlq, int* exit_code) {
  auto options = std::make_shared<RedriveOptions>();
  auto* command =
      dlq.add_subcommand("redrive", "Take letters through today's schema, script and sinks again");
  add_dlq_common(*command, options->dlq);
  add_dlq_filter(*command, options->dlq, true);
  command->add_flag("--dry-run", options->dry_run, "Show what would come of it, deliver nothing");
  command
      ->add_option("--from", options->from,
                   "raw: everything anew; transform: behind the input schema; sink: what the "
                   "sink was given before, to that sink alone (raw)")
      ->check(CLI::IsMember({"raw", "transform", "sink"}));
  command->add_option("--rate", options->rate, "At most so many letters, such as 500/s");
  command->add_flag("--force", options->force, "Also letters that were redriven three times");
  command->add_flag("--allow-overwrite", options->allow_overwrite,
                    "Into sinks that write by key and know no revision");
  command->add_option("--resume", options->resume, "Go on with a redrive that was interrupted");
  command->add_option("--stop", options->stop, "End a redrive of the running process");
  command->add_flag("--list", options->list, "Show the redrives there were");
  command->add_option("--limit", options->dlq.limit, "With --list: how many (10)");
  command->footer(
      "A letter goes only to sinks that do not have its record yet. It is removed once the record "
      "is\n"
      "settled; one that fails again keeps its id and counts its redrives: after three it stays,\n"
      "with REDRIVE_LIMIT, unless forced. Works in the running process, or by itself when none\n"
      "holds the state folder.\n"
      "Examples:\n"
      "  sluice dlq redrive --group 3f2a91bc0d4e --dry-run\n"
      "  sluice dlq redrive --reason SCHEMA_DRIFT --since 2h --rate 500/s\n"
      "  sluice dlq redrive --where /order_id=o-17,o-18\n"
      "  sluice dlq redrive --resume 4\n"
      "Exit codes: 0 all are settled, 1 some failed again, 2 usage or configuration, 3 some are\n"
      "left because the redrive was stopped or a dependency was unavailable.");
  command->callback([options, exit_code] { *exit_code = redrive_letters(*options); });
}

}  // namespace sluice::cli
