// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/admin/runtime_backend.h"
#include "runtime/admin/server.h"
#include "runtime/base/log.h"
#include "runtime/cli/check_output.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/end_watch.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/signals.h"
#include "runtime/cli/summary.h"
#include "runtime/cli/terminal.h"
#include "runtime/config/load.h"
#include "runtime/pipeline/runtime.h"
#include "runtime/plugin_host/crash.h"

namespace sluice::cli {
namespace {

// For each thing that the end waits for; all that is settled is durable by then.
constexpr std::chrono::milliseconds kEndLimit{60'000};

struct RunOptions {
  std::string config;
  std::vector<std::string> pipelines;
  bool once = false;
  bool json = false;
  bool strict = false;
  bool dry_run = false;
};

void configure_log(const RuntimeConfig& config) {
  const bool json = config.log_format == LogFormat::kJson ||
                    (config.log_format == LogFormat::kAuto && !is_terminal(STDERR_FILENO));
  log::configure(json ? log::Format::kJson : log::Format::kText, log::level_of(config.log_level));
}

// Redraws one line on a terminal while the run goes on.
class Progress {
 public:
  explicit Progress(const Runtime& runtime) : runtime_(runtime) {
    if (is_terminal(STDERR_FILENO)) thread_ = std::thread(&Progress::run, this);
  }
  ~Progress() {
    end_.request();
    if (!thread_.joinable()) return;
    thread_.join();
    write_text(STDERR_FILENO, "\r\x1b[K");
  }

 private:
  void run() {
    constexpr std::chrono::milliseconds kRedraw{500};
    uint64_t before = 0;
    while (!end_.wait_for(kRedraw)) {
      const RuntimeSnapshot now = runtime_.snapshot();
      const uint64_t settled = total_settled(now);
      const uint64_t rate = (settled - before) * 1000 / static_cast<uint64_t>(kRedraw.count());
      before = settled;
      write_text(STDERR_FILENO, "\r\x1b[K" + progress_line(now, rate));
    }
  }

  const Runtime& runtime_;
  StopSource end_;
  std::thread thread_;
};

int end_code(Runtime& runtime, Runtime::End end, const RunOptions& options,
             const RuntimeSnapshot& last) {
  switch (end) {
    case Runtime::End::kSourceFailed:
      return report(*runtime.failure());
    case Runtime::End::kBurst:
      report(*runtime.burst());
      return kExitNo;
    case Runtime::End::kHeld: {
      std::string what = "the state folder or a sink stayed unavailable";
      for (const PipelineSnapshot& pipeline : last.pipelines) {
        for (const SinkStatus& sink : pipeline.sinks) {
          if (sink.failing_since_us != 0) what = "sink " + sink.name + ": " + sink.last_error;
        }
      }
      return report(unavailable(what + "; what is unsettled was not acknowledged and comes again "
                                       "with the next run"));
    }
    case Runtime::End::kAborted:
      return kExitUnavailable;
    case Runtime::End::kDrained:
      break;
  }
  return options.strict && total_rejected(last) > 0 ? kExitNo : kExitOk;
}

int run(const RunOptions& options) {
  const Environment env = Environment::of_process();
  auto file = find_config_file(options.config, env);
  if (!file) return report(file.status());
  auto loaded = load_config_with_values(*file, env);
  if (!loaded) return report(loaded.status());
  const Config* config = &loaded->config;
  if (options.dry_run) return print_check(*config, options.pipelines, true, options.json);
  configure_log(config->runtime);

  block_signals();
  StopSource drain;
  StopSource abort;
  const SignalWatcher watcher(drain);
  Runtime::Options runtime_options;
  runtime_options.only = options.pipelines;
  runtime_options.once = options.once;
  runtime_options.read_config = [&] { return load_config_with_values(*file, env); };
  runtime_options.values = loaded->values;
  runtime_options.reload_fd = watcher.reload_fd();
  // Goes last: what holds the process may be the end of the runtime itself.
  EndWatch end_watch(kEndLimit, kExitUnavailable);
  runtime_options.ending = [&](std::string_view what) { end_watch.phase(what); };
  auto made = Runtime::create(*config, std::move(runtime_options));
  if (!made) return report(made.status());
  Runtime& runtime = **made;
  RuntimeBackend backend(runtime);
  std::unique_ptr<AdminServer> admin;
  if (!config->runtime.admin_listen.empty()) {
    auto started = AdminServer::start(config->runtime.admin_listen, backend);
    if (!started) return report(started.status());
    admin = std::move(started).value();
    log::info("admin.listening", "health and metrics are served", {{"address", admin->address()}});
  }
  const auto began = std::chrono::steady_clock::now();
  if (Status status = runtime.start(); !status) return report(status);
  Runtime::End end = Runtime::End::kAborted;
  {
    const Progress progress(runtime);
    end = runtime.run(drain, abort);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const RuntimeSnapshot last = runtime.snapshot();
  if (options.json) {
    write_text(STDOUT_FILENO, summary_json(last, took.count()) + "\n");
  } else {
    write_text(STDOUT_FILENO, summary_table(last, took.count()));
  }
  return end_code(runtime, end, options, last);
}

}  // namespace

void add_run_command(CLI::App& app, int* exit_code) {
  auto* command = app.add_subcommand("run", "Run the pipelines of a configuration");
  auto options = std::make_shared<RunOptions>();
  command->add_option("-c,--config", options->config,
                      "Configuration file (default: $SLUICE_CONFIG, ./sluice.yaml, "
                      "/etc/sluice/sluice.yaml)");
  command->add_option("--pipeline", options->pipelines, "Only these pipelines")->delimiter(',');
  command->add_flag("--once", options->once, "End when finite sources are exhausted");
  command->add_flag("--json", options->json, "Print the summary as one JSON object");
  command->add_flag("--strict", options->strict, "Exit 1 if a record was dead-lettered");
  command->add_flag("--dry-run", options->dry_run, "Check everything, connect, move no record");
  command->footer(
      "Examples:\n"
      "  sluice run -c sluice.yaml             until SIGTERM, which drains; a second one ends at "
      "once\n"
      "  sluice run --once --json              a finite run, its account as JSON\n"
      "  sluice run --pipeline orders,refunds  only these\n"
      "SIGHUP takes changed schemas and scripts over, as POST /admin/reload does.\n"
      "Exit codes: 0 ok, 1 --strict and a record was dead-lettered, or --once and a flood of dead\n"
      "letters (dlq_burst), 2 configuration, 3 a dependency was unavailable.");
  command->callback([options, exit_code] { *exit_code = run(*options); });
}

}  // namespace sluice::cli
