// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/runtime.h"
#include "runtime/pipeline/check.h"
#include "runtime/pipeline/record_keys.h"

#include <algorithm>
#include <thread>

#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/pipeline/start_bundle.h"

namespace sluice {
namespace {

constexpr Millis kLook{20};              // how often the end of a run is looked for
constexpr Millis kSinkOpenWait{10'000};  // how long sources wait for the sinks' first answer

Status select_pipelines(const Config& config, const std::vector<std::string>& only,
                        std::vector<const PipelineConfig*>& out) {
  std::vector<std::string> names;
  for (const PipelineConfig& pipeline : config.pipelines) names.push_back(pipeline.name);
  for (const std::string& name : only) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string message = "there is no pipeline '" + name + "' in " + config.file.string();
    if (const auto near = did_you_mean(name, names)) message += "; did you mean '" + *near + "'?";
    return invalid(std::move(message));
  }
  for (const PipelineConfig& pipeline : config.pipelines) {
    const bool wanted =
        only.empty() || std::find(only.begin(), only.end(), pipeline.name) != only.end();
    if (wanted) out.push_back(&pipeline);
  }
  return Status::ok();
}

}  // namespace

Result<std::unique_ptr<CheckpointStore>> open_checkpoints(const Config& config, bool look_only) {
  const auto& dir = config.runtime.state_dir;
  SLUICE_ASSIGN_OR_RETURN(auto local,
                          look_only ? open_checkpoint_reader(dir) : open_checkpoint_store(dir));
  if (config.runtime.shared_state.empty()) return local;
  RedisCheckpointOptions options;
  options.url = config.runtime.shared_state;
  options.read_only = look_only;
  for (const PipelineConfig& pipeline : config.pipelines) {
    for (const SourceConfig& source : pipeline.sources) {
      options.tenants[source.name] = pipeline.tenant;
    }
  }
  auto shared = open_redis_checkpoint_store(std::move(options), std::move(local));
  if (!shared) return std::move(shared).status().with_context("runtime.state.shared");
  return shared;
}

Runtime::Runtime(const Config& config, Options options)
    : config_(config),
      options_(std::move(options)),
      clock_(Clock::real()),
      started_at_us_(clock_.wall_us()) {}

Runtime::~Runtime() = default;

Result<std::unique_ptr<Runtime>> Runtime::create(const Config& config, Options options) {
  std::unique_ptr<Runtime> runtime(new Runtime(config, std::move(options)));
  SLUICE_RETURN_IF_ERROR(runtime->build());
  return runtime;
}

Status Runtime::build() {
  std::vector<const PipelineConfig*> wanted;
  SLUICE_RETURN_IF_ERROR(select_pipelines(config_, options_.only, wanted));
  SLUICE_ASSIGN_OR_RETURN(auto state_dir, StateDir::acquire(config_.runtime.state_dir));
  state_dir_.emplace(std::move(state_dir));
  SLUICE_ASSIGN_OR_RETURN(checkpoints_, open_checkpoints(config_));
  SLUICE_ASSIGN_OR_RETURN(letters_,
                          open_dead_letters(state_dir_->path(), config_.runtime.dead_letters_dsn));
  limit_letters();
  warn_of_letter_topic();
  SLUICE_ASSIGN_OR_RETURN(audit_, AuditLog::open(state_dir_->path()));
  history_ = std::make_unique<ReloadHistory>(audit_.get());
  bundles_ = std::make_unique<BundleStore>(state_dir_->path());
  SLUICE_ASSIGN_OR_RETURN(drift_store_, open_drift_store(state_dir_->path()));
  drift_ = std::make_unique<DriftKeeper>(*drift_store_, clock_);
  SLUICE_RETURN_IF_ERROR(open_idempotency(wanted));
  std::vector<PluginRegistry::Dir> dirs;
  for (const auto& dir : config_.runtime.plugin_dirs) {
    dirs.push_back({dir, config_.runtime.plugin_dirs_default});
  }
  SLUICE_ASSIGN_OR_RETURN(registry_, PluginRegistry::create(std::move(dirs)));
  SLUICE_RETURN_IF_ERROR(open_retry_topics(wanted));
  workers_ = std::make_unique<WorkerPool>();
  FailureStore& letters = retry_topics_ ? static_cast<FailureStore&>(*retry_topics_) : *letters_;
  ledger_ = std::make_unique<Ledger>(*checkpoints_, letters, clock_);
  Pipeline::Context context;
  context.registry = registry_.get();
  context.ledger = ledger_.get();
  context.work = workers_.get();
  context.clock = &clock_;
  context.idempotency = idempotency_.get();
  context.state_dir = state_dir_->path();
  context.shared_store = !config_.runtime.shared_state.empty();
  if (options_.once) context.give_up_after = config_.runtime.drain_timeout;
  for (const PipelineConfig* pipeline : wanted) {
    SLUICE_ASSIGN_OR_RETURN(context.drift, drift_->open(*pipeline));
    SLUICE_ASSIGN_OR_RETURN(context.bundle, choose_start_bundle(*pipeline, *history_, *bundles_));
    SLUICE_ASSIGN_OR_RETURN(auto made, Pipeline::create(*pipeline, context));
    SLUICE_RETURN_IF_ERROR(made->restore(*checkpoints_));
    pipelines_.push_back(std::move(made));
  }
  FlowDesk::Context flow;
  for (const auto& pipeline : pipelines_) flow.pipelines.push_back(pipeline.get());
  flow.state_dir = state_dir_->path();
  flow.audit = audit_.get();
  flow.clock = &clock_;
  flow_ = std::make_unique<FlowDesk>(std::move(flow));
  SLUICE_RETURN_IF_ERROR(flow_->restore(!options_.once && options_.sources));
  Redriver::Context redrive;
  for (const auto& pipeline : pipelines_) redrive.pipelines.push_back(pipeline.get());
  redrive.letters = letters_.get();
  redrive.audit = audit_.get();
  redrive.clock = &clock_;
  redriver_ = std::make_unique<Redriver>(std::move(redrive));
  Reloader::Options reload;
  for (const auto& pipeline : pipelines_) reload.pipelines.push_back(pipeline.get());
  reload.history = history_.get();
  reload.clock = &clock_;
  reload.store = bundles_.get();
  reload.letters = letters_.get();
  reload.read_config = options_.read_config;
  reload.values = options_.values;
  reload.request_fd = options_.reload_fd;
  reloader_ = std::make_unique<Reloader>(std::move(reload));
  return Status::ok();
}

// Where keys are kept, if records of any pipeline have some: with the state that nodes share, else
// in the state folder.
Status Runtime::open_idempotency(const std::vector<const PipelineConfig*>& pipelines) {
  const bool keys = std::any_of(pipelines.begin(), pipelines.end(),
                                [](const auto* pipeline) { return RecordKeys::wanted(*pipeline); });
  if (!keys) return Status::ok();
  if (config_.runtime.shared_state.empty()) {
    SLUICE_ASSIGN_OR_RETURN(idempotency_, open_idempotency_store(state_dir_->path(), clock_));
    return Status::ok();
  }
  RedisIdempotencyOptions options;
  options.url = config_.runtime.shared_state;
  SLUICE_ASSIGN_OR_RETURN(options.owner, next_owner(state_dir_->path()));
  auto opened = open_redis_idempotency_store(std::move(options));
  if (!opened) return std::move(opened).status().with_context("runtime.state.shared");
  idempotency_ = std::move(opened).value();
  return Status::ok();
}

void Runtime::limit_letters() {
  std::map<std::string, LetterLimit> limits;
  for (const PipelineConfig& pipeline : config_.pipelines) {
    limits[pipeline.name] = {pipeline.dead_letters.max_bytes, pipeline.dead_letters.drop_oldest};
  }
  letters_->set_limits(std::move(limits));
}

// A topic that keeps letters for less than it should loses them: said at each start.
void Runtime::warn_of_letter_topic() {
  const std::string& address = config_.runtime.dead_letters_dsn;
  if (!names_dead_letter_topic(address)) return;
  const auto warnings = check_topic_dead_letters(address, longest_keep(config_), true);
  if (!warnings) return log::warn("dead_letters.topic", warnings.status().message());
  for (const std::string& warning : *warnings) log::warn("dead_letters.topic", warning);
}

Status Runtime::start() {
  uint32_t threads = config_.runtime.workers;
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<Pipeline*> pipelines;
  std::vector<LedgerClient*> clients;
  for (const auto& pipeline : pipelines_) {
    pipelines.push_back(pipeline.get());
    clients.push_back(pipeline.get());
  }
  SLUICE_RETURN_IF_ERROR(workers_->start(threads, pipelines));
  ledger_->start(std::move(clients));
  const auto deadline = clock_.now() + kSinkOpenWait;
  for (const auto& pipeline : pipelines_) {
    if (Status status = pipeline->start_sinks(deadline); !status) {
      shut_down(End::kAborted);
      return status;
    }
  }
  for (const auto& pipeline : pipelines_) {
    if (options_.sources) pipeline->start_sources();
  }
  // A finite run has an end, and what waits for an hour has none within it.
  if (retry_topics_ && options_.sources && !options_.once) retry_topics_->start(*this);
  reloader_->start();
  return Status::ok();
}

bool Runtime::sources_quiet() const {
  if (redriver_->busy()) return false;
  if (!options_.sources) return true;
  return std::all_of(pipelines_.begin(), pipelines_.end(),
                     [](const auto& pipeline) { return pipeline->sources_quiet(); });
}

bool Runtime::settled() const {
  return std::all_of(pipelines_.begin(), pipelines_.end(),
                     [](const auto& pipeline) { return pipeline->settled(); });
}

bool Runtime::safe() const {
  return std::all_of(pipelines_.begin(), pipelines_.end(),
                     [](const auto& pipeline) { return pipeline->safe(); });
}

// A required sink, or a schema registry that records wait for, has failed for longer than a finite
// run waits.
bool Runtime::held_too_long() const {
  const int64_t limit_us = config_.runtime.drain_timeout.count() * 1000;
  for (const auto& pipeline : pipelines_) {
    const PipelineSnapshot snapshot = pipeline->snapshot();
    if (const auto& registry = snapshot.registry;
        registry && registry->waiting_batches != 0 && registry->away_since_us != 0 &&
        clock_.wall_us() - registry->away_since_us > limit_us) {
      return true;
    }
    for (const SinkStatus& sink : snapshot.sinks) {
      if (sink.required && sink.failing_since_us != 0 &&
          clock_.wall_us() - sink.failing_since_us > limit_us) {
        return true;
      }
    }
  }
  return false;
}

Runtime::End Runtime::run(StopSource& drain, StopSource& abort) {
  const End end = wait_for_end(drain, abort);
  shut_down(end);
  return end;
}

Runtime::End Runtime::wait_for_end(StopSource& drain, StopSource& abort) {
  auto purge_at = clock_.now();
  while (!drain.wait_for(kLook)) {
    if (clock_.now() >= purge_at) {
      purge_letters();
      purge_at = clock_.now() + std::chrono::hours(1);
    }
    drift_->save(false);
    for (const auto& pipeline : pipelines_) pipeline->flow().look();
    if (abort.requested()) return End::kAborted;
    if (!options_.once) continue;
    if (held_too_long()) return End::kHeld;
    // Nobody is there to look into it and let the source go on.
    if (burst()) break;
    if (sources_quiet() && settled()) return settled_end();
  }
  return drain_in_flight(abort);
}

Runtime::End Runtime::settled_end() const {
  if (options_.once && burst()) return End::kBurst;
  return failure() ? End::kSourceFailed : End::kDrained;
}

// Letters older than their pipeline's `keep` go; those of pipelines that are not there any more
// with the longest of them.
void Runtime::purge_letters() {
  Millis longest{0};
  for (const PipelineConfig& pipeline : config_.pipelines) {
    longest = std::max(longest, pipeline.dead_letters.keep);
    purge_older(pipeline.name, pipeline.dead_letters.keep);
  }
  purge_older("", longest);
}

void Runtime::purge_older(const std::string& pipeline, Millis keep) {
  LetterFilter old;
  old.pipeline = pipeline;
  old.until_us = clock_.wall_us() - keep.count() * 1000;
  // Bounded, so that a start after a long rest is not held up: the rest goes with the next hours.
  const auto purged = letters_->remove(old);
  if (!purged) log::warn("dead_letters.purge", purged.status().message());
}

Runtime::End Runtime::drain_in_flight(StopSource& abort) {
  redriver_->stop_all();
  if (retry_topics_) retry_topics_->stop();
  for (const auto& pipeline : pipelines_) pipeline->stop_sources();
  const auto deadline = clock_.now() + config_.runtime.drain_timeout;
  while (!(sources_quiet() && safe())) {
    if (clock_.now() >= deadline) return End::kHeld;
    if (abort.wait_for(kLook)) return End::kAborted;
  }
  return settled_end();
}

void Runtime::shut_down(End end) {
  const auto ending = [this](std::string_view what) {
    if (options_.ending) options_.ending(what);
  };
  ending("reloads, redrives and sources stop");
  reloader_->stop();
  redriver_->stop_all();
  if (retry_topics_) retry_topics_->stop();
  for (const auto& pipeline : pipelines_) pipeline->stop_sources();
  const bool give_up = end == End::kHeld || end == End::kAborted;
  ending("workers and sinks come to their end");
  if (give_up) {
    for (const auto& pipeline : pipelines_) pipeline->give_up();
    workers_->abandon();
    for (const auto& pipeline : pipelines_) pipeline->abandon_sinks();
  } else {
    workers_->finish();
    for (const auto& pipeline : pipelines_) pipeline->finish_sinks();
  }
  ending("the last checkpoints are written");
  ledger_->finish();
  redriver_->finish(give_up);
  if (retry_topics_) retry_topics_->finish();
  drift_->save(true);
  ending("sources close");
  for (const auto& pipeline : pipelines_) pipeline->finish_sources();
  ending("adapters are let go");
}

std::optional<Status> Runtime::burst() const {
  for (const auto& pipeline : pipelines_) {
    if (auto burst = pipeline->burst()) return burst;
  }
  return std::nullopt;
}

Result<std::vector<std::string>> Runtime::resume_bursts(std::string_view name) {
  std::vector<std::string> out;
  bool known = name.empty();
  for (const auto& pipeline : pipelines_) {
    if (!name.empty() && pipeline->config().name != name) continue;
    known = true;
    for (std::string& source : pipeline->resume_bursts()) out.push_back(std::move(source));
  }
  if (!known) return not_found("there is no pipeline '" + std::string(name) + "'");
  return out;
}

Result<uint32_t> Runtime::move_source(CheckpointMove move) {
  for (const auto& pipeline : pipelines_) {
    for (const SourceConfig& source : pipeline->config().sources) {
      if (source.name != move.source) continue;
      move.pipeline = pipeline->config().name;
      move.tenant = pipeline->config().tenant;
      return pipeline->move_source(move);
    }
  }
  return not_found("there is no source '" + move.source + "' in this process");
}

std::optional<Status> Runtime::failure() const {
  for (const auto& pipeline : pipelines_) {
    if (auto failure = pipeline->source_failure()) return failure;
  }
  return std::nullopt;
}

RuntimeSnapshot Runtime::snapshot() const {
  RuntimeSnapshot out;
  out.started_at_us = started_at_us_;
  for (const auto& pipeline : pipelines_) out.pipelines.push_back(pipeline->snapshot());
  if (retry_topics_) out.retry_topics = retry_topics_->status();
  out.ledger = ledger_->status();
  if (idempotency_) out.idempotency = idempotency_->status();
  out.ledger_backlog = ledger_->backlog();
  out.queue_batches = workers_->batches();
  out.queue_bytes = workers_->bytes();
  out.workers = workers_->threads();
  return out;
}

}  // namespace sluice
