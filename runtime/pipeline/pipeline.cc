// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/pipeline.h"

#include <algorithm>
#include <array>

#include "runtime/base/check.h"
#include "runtime/base/fault.h"
#include "runtime/base/log.h"
#include "runtime/config/options.h"
#include "runtime/pipeline/record_keys.h"
#include "runtime/pipeline/sink_options.h"

namespace sluice {
namespace {

constexpr std::array kLagSeconds = {0.01, 0.05, 0.1,  0.25, 0.5,   1.0,   2.5,
                                    5.0,  10.0, 30.0, 60.0, 120.0, 300.0, 900.0};
constexpr std::array kTransformSeconds = {1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5,
                                          1e-4, 2.5e-4, 1e-3, 1e-2, 1e-1,   1.0};

}  // namespace

Pipeline::Pipeline(const PipelineConfig& config, const Context& context)
    : config_(config),
      context_(context),
      flow_(config.name, *context.clock),
      budget_(config.flow.max_in_flight),
      accounting_(config.sources.size() + 1),
      transform_seconds_(kTransformSeconds),
      version_counts_(config.sources.size()),
      script_versions_(config.name) {
  for (const std::string& pointer : config.dead_letters.show) {
    if (auto parsed = JsonPointer::parse(pointer)) shown_.push_back(std::move(parsed).value());
  }
  if (config.shadow) {
    recent_ = std::make_unique<RecordRing>(config.shadow->records, config.shadow->bytes);
  }
}

Pipeline::Source::Source(const DlqBurstConfig& limits, const Clock& clock)
    : lag_seconds(kLagSeconds),
      burst({limits.window, limits.share, limits.least, limits.cool_down}, clock) {}

Pipeline::~Pipeline() = default;

Result<std::unique_ptr<Pipeline>> Pipeline::create(const PipelineConfig& config,
                                                   const Context& context) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline(config, context));
  auto bundle = std::move(pipeline->context_.bundle);
  if (!bundle) {
    SLUICE_ASSIGN_OR_RETURN(bundle, Bundle::load(pipeline->config_));
  }
  {
    MutexLock lock(pipeline->bundle_mutex_);
    pipeline->bundle_ = std::move(bundle);
  }
  if (config.flow.rate) {
    pipeline->bucket_ = std::make_unique<TokenBucket>(*config.flow.rate,
                                                      config.flow.burst_multiplier, *context.clock);
  }
  SLUICE_RETURN_IF_ERROR(pipeline->create_sinks());
  SLUICE_RETURN_IF_ERROR(pipeline->create_sources());
  if (RecordKeys::wanted(config)) {
    SLUICE_CHECK(context.idempotency != nullptr, "a pipeline with keys needs a store for them");
    pipeline->keys_ = std::make_unique<KeyStage>(pipeline->config_, *context.idempotency, *pipeline,
                                                 *context.clock);
  }
  SLUICE_RETURN_IF_ERROR(pipeline->create_versions());
  pipeline->path_context_.config = &pipeline->config_;
  for (const SinkConfig& sink : config.sinks) {
    pipeline->path_context_.sink_names.push_back(sink.name);
  }
  Pipeline* self = pipeline.get();
  pipeline->path_context_.lane_name = [self](uint32_t source, uint32_t lane) {
    return self->sources_[source]->lanes.name_of(lane);
  };
  pipeline->path_context_.transform_seconds = &pipeline->transform_seconds_;
  pipeline->path_context_.drift = context.drift;
  pipeline->path_context_.unkeyed = &pipeline->unkeyed_;
  pipeline->path_context_.version_counts = &pipeline->version_counts_;
  pipeline->path_context_.script_counts = &pipeline->script_counts_;
  pipeline->path_context_.script_versions = &pipeline->script_versions_;
  return pipeline;
}

Status Pipeline::create_sinks() {
  uint16_t index = 0;
  for (const SinkConfig& sink : config_.sinks) {
    auto component = context_.registry->find(ComponentKind::kSink, sink.use);
    if (!component) return std::move(component).status().with_context(sink.place.text());
    SLUICE_RETURN_IF_ERROR(expect_no_other_spool(sink));
    const auto options = [&](uint32_t writer) {
      return sink_options(sink, component.value(), index, writer);
    };
    auto branch = SinkBranch::create(
        component.value(), sink.writers, options,
        [this](uint32_t source, uint32_t lane) { return lane_name(source, lane); }, *this,
        *context_.clock);
    if (!branch) {
      return std::move(branch).status().with_context(sink.place.text() + ": sinks." + sink.name);
    }
    sinks_.push_back(std::move(branch).value());
    ++index;
  }
  return Status::ok();
}

Result<SinkDriver::Options> Pipeline::sink_options(const SinkConfig& sink,
                                                   const ComponentRef& component, uint16_t index,
                                                   uint32_t writer) {
  SinkDriver::Options options;
  options.config = sink;
  SLUICE_ASSIGN_OR_RETURN(options.config.config_json,
                          complete_sink_options(sink, *component.component));
  options.index = index;
  SLUICE_ASSIGN_OR_RETURN(options.spool, open_spool_of(sink, writer));
  if (auto& rate = options.config.spool_drain_rate) *rate /= sink.writers;
  options.desk = this;
  options.share_bytes = config_.flow.max_in_flight / 4;
  // A part takes at least its own size of the budget.
  options.most_in_flight = config_.flow.max_in_flight / sizeof(Part);
  options.marks = marks_of(sink);
  options.flow = &flow_;
  options.report_deliveries = config_.idempotency.key != IdempotencyConfig::Key::kOff;
  return options;
}

SinkMarks::Options Pipeline::marks_of(const SinkConfig& sink) {
  SinkMarks::Options marks;
  if (!may_keep_marks(config_, sink)) return marks;
  for (const SourceConfig& source : config_.sources) {
    marks.scopes.push_back(config_.name + "/" + source.name + "/" + sink.name);
  }
  // Redriven records have lanes without a name: they move no mark.
  marks.scopes.push_back(config_.name + "//" + sink.name);
  marks.lane_name = [this](uint32_t source, uint32_t lane) {
    return source < sources_.size() ? sources_[source]->lanes.name_of(lane) : std::string();
  };
  marks.epoch_of = [this](uint32_t source) {
    return source < sources_.size() ? sources_[source]->lanes.epoch() : 0;
  };
  marks.again = [this](uint32_t source,
                       const std::string& lane) -> std::optional<SinkMarks::Options::Again> {
    if (source >= sources_.size()) return std::nullopt;
    const auto again = sources_[source]->lanes.again(lane);
    if (!again) return std::nullopt;
    return SinkMarks::Options::Again{again->epoch, again->until};
  };
  marks.lane_gone = [this](uint32_t source, uint32_t lane) {
    return source < sources_.size() && sources_[source]->lanes.gone(lane);
  };
  return marks;
}

// Where a lane goes on: at the lowest of its checkpoint and the marks of sinks that know the lane.
// Not above the checkpoint: letters of records below a mark may not be durable yet. Where records
// are kept in a sink's place (its spool, letters while it is away) its mark lags behind by right.
uint64_t Pipeline::resume_at(uint32_t source, const std::string& lane, uint64_t checkpoint) const {
  uint64_t lowest = checkpoint;
  for (const auto& sink : sinks_) {
    const SinkConfig& config = sink->config();
    if (!config.required || config.spool_bytes != 0) continue;
    if (config.on_unavailable == OnUnavailable::kDeadLetter) continue;
    if (const auto mark = sink->stored_mark(source, lane)) lowest = std::min(lowest, *mark);
  }
  return lowest;
}

Status Pipeline::create_sources() {
  uint32_t index = 0;
  for (const SourceConfig& config : config_.sources) {
    auto component = context_.registry->find(ComponentKind::kSource, config.use);
    if (!component) return std::move(component).status().with_context(config.place.text());
    auto source = std::make_unique<Source>(config_.dlq_burst, *context_.clock);
    SourceDriver::Context driver_context;
    driver_context.config = config;
    SLUICE_ASSIGN_OR_RETURN(driver_context.config.config_json,
                            type_placeholders(config.config_json, config.options,
                                              component.value().component->config_schema));
    driver_context.flow = &flow_;
    driver_context.budget = &budget_;
    driver_context.bucket = bucket_.get();
    driver_context.lanes = &source->lanes;
    driver_context.clock = context_.clock;
    if (config_.dlq_burst.on) driver_context.burst = &source->burst;
    driver_context.intake = [this, index](sluice_batch raw, std::shared_ptr<const void> producer) {
      intake(index, raw, std::move(producer));
    };
    driver_context.changed = [this] { context_.ledger->wake(); };
    driver_context.resume_at = [this, index](const std::string& lane, uint64_t checkpoint) {
      return resume_at(index, lane, checkpoint);
    };
    driver_context.stored = [this, index] {
      return checkpoints_->load(config_.name, config_.sources[index].name);
    };
    driver_context.move = [this, index](std::vector<CheckpointMove::Lane> lanes) {
      return move_lanes(index, std::move(lanes));
    };
    driver_context.shared_store = context_.shared_store;
    driver_context.look_at_marks = [this](auto deadline) { look_at_marks(deadline); };
    driver_context.lanes_left = [this] { lanes_left(); };
    driver_context.give_up_after = context_.give_up_after;
    auto driver = SourceDriver::create(std::move(component).value(), std::move(driver_context));
    if (!driver) {
      return std::move(driver).status().with_context(config.place.text() + ": sources." +
                                                     config.name);
    }
    source->driver = std::move(driver).value();
    if (config_.idempotency.key == IdempotencyConfig::Key::kOrigin) {
      std::vector<DeliveredRanges::Sink> sinks;
      for (const auto& sink : sinks_) sinks.push_back({sink->config().name, sink->keeps_marks()});
      source->delivered = std::make_unique<DeliveredRanges>(std::move(sinks));
    }
    sources_.push_back(std::move(source));
    ++index;
  }
  return Status::ok();
}

Status Pipeline::restore(CheckpointStore& checkpoints) {
  checkpoints_ = &checkpoints;
  for (const auto& source : sources_) {
    SLUICE_ASSIGN_OR_RETURN(const SourceCheckpoint checkpoint,
                            checkpoints.load(config_.name, source->driver->config().name));
    source->lanes.restore(checkpoint);
    if (source->delivered) source->delivered->restore(checkpoint);
  }
  for (const auto& sink : sinks_) SLUICE_RETURN_IF_ERROR(sink->recover());
  return Status::ok();
}

Status Pipeline::start_sinks(std::chrono::steady_clock::time_point deadline) {
  if (keys_) keys_->start();
  if (versions_) versions_->start();
  for (const auto& sink : sinks_) sink->start();
  for (const auto& sink : sinks_) {
    const auto opened = sink->first_open(deadline);
    if (opened && opened->code() == Code::kInvalid) {
      Status status = *opened;
      return std::move(status).with_context(sink->config().place.text());
    }
  }
  return Status::ok();
}

void Pipeline::start_sources() {
  for (const auto& source : sources_) source->driver->start();
}

void Pipeline::stop_sources() {
  draining_ = true;
  flow_.end();
  for (const auto& source : sources_) source->driver->stop_polling();
}

bool Pipeline::has_low_priority() const {
  return std::any_of(config_.sources.begin(), config_.sources.end(),
                     [](const SourceConfig& source) { return source.low_priority; });
}

bool Pipeline::sources_quiet() const {
  return std::all_of(sources_.begin(), sources_.end(),
                     [](const auto& source) { return source->driver->quiet(); });
}

// A record in two spools stands in the account once, and may leave one of them long before the
// other.
bool Pipeline::settled() const {
  return accounting_.snapshot().in_flight() == 0 && lanes_idle() &&
         std::all_of(sinks_.begin(), sinks_.end(),
                     [](const auto& sink) { return sink->spool_empty(); });
}

bool Pipeline::safe() const { return accounting_.snapshot().unsafe() == 0 && lanes_idle(); }

bool Pipeline::lanes_idle() const {
  return std::all_of(sources_.begin(), sources_.end(),
                     [](const auto& source) { return source->lanes.idle(); });
}

void Pipeline::finish_sinks() {
  if (versions_) versions_->stop();
  if (keys_) keys_->stop();
  for (const auto& sink : sinks_) sink->finish();
  for (const auto& sink : sinks_) sink->join();
}

void Pipeline::abandon_sinks() {
  if (versions_) versions_->stop();
  if (keys_) keys_->stop();
  for (const auto& sink : sinks_) sink->stop();
  for (const auto& sink : sinks_) sink->join();
}

void Pipeline::finish_sources() {
  for (const auto& source : sources_) source->driver->finish();
  for (const auto& source : sources_) source->driver->join();
}

std::optional<Status> Pipeline::source_failure() const {
  for (const auto& source : sources_) {
    if (auto failure = source->driver->failure()) return failure;
  }
  return std::nullopt;
}

void Pipeline::intake(uint32_t source_index, sluice_batch raw,
                      std::shared_ptr<const void> producer) {
  Source& source = *sources_[source_index];
  auto batch = std::make_shared<Batch>(raw, buffers_, *this);
  batch->source = source_index;
  batch->producer = std::move(producer);
  receive(*batch);
  if (const auto wrong = source.lanes.enroll(*batch)) {
    // The plugin broke the contract. Its records cannot be named, so they cannot be settled;
    // refusing them here leaves the account open, which health and metrics show.
    log::error("plugin.misbehaviour", "a batch was refused: " + *wrong,
               {{"source", source.driver->config().name}});
    return;
  }
  SLUICE_FAULT("intake.enroll.after");
  to_versions(std::move(batch));
}

// Received before anything can go wrong with it: a batch that vanishes has to show.
void Pipeline::receive(Batch& batch) {
  batch.received_us = context_.clock->wall_us();
  batch.charged_bytes = 3 * batch.value_bytes();
  accounting_.received(batch.source, batch.count(), batch.value_bytes());
  budget_.charge(batch.charged_bytes);
}

// Gives a batch its place in the order, stamps it and lets it wait for a worker.
void Pipeline::take_in(BatchPtr batch) {
  if (batch->redrive) {
    batch->sequence = redriven_.next_sequence++;
  } else {
    Source& source = *sources_[batch->source];
    batch->sequence = source.next_sequence++;
    source.burst.taken(batch->sequence, batch->count());
  }
  WorkItem item{this, std::move(batch), nullptr, nullptr};
  {
    MutexLock lock(bundle_mutex_);
    item.activation = activation_;
    item.rollout = rollout_;
  }
  item.batch->bundle = item.activation->bundle();
  if (item.rollout) {
    item.batch->candidate = item.rollout->activation()->bundle();
    item.batch->candidate_below = item.rollout->below();
  }
  context_.work->push(std::move(item));
}

// Before anybody else sees the batch: one obligation for each letter, and for each part and sink
// that must take it. A record that a sink has already is a duplicate, if it is nothing more
// elsewhere.
void Pipeline::oblige_letters(Batch& batch, const std::vector<LetterRequest>& letters) {
  for (const LetterRequest& letter : letters) batch.oblige(letter.record, 1);
}

void Pipeline::oblige_parts(Batch& batch) const {
  for (const Part& part : batch.parts()) {
    uint32_t n = 0;
    for (uint32_t sink = 0; sink < sinks_.size(); ++sink) {
      if (!sinks_[sink]->obliged(part)) continue;
      if (batch.skips(batch.index_of(part), sink)) {
        batch.note(part.record, Outcome::kDuplicate);
      } else {
        ++n;
      }
    }
    if (n != 0) batch.oblige(part.record, n);
  }
}

bool Pipeline::obliged(const Part& part, uint32_t sink) const {
  return sinks_[sink]->obliged(part);
}

void Pipeline::send(const BatchPtr& batch) {
  oblige_parts(*batch);
  deliver(batch);
}

void Pipeline::deliver(const BatchPtr& batch) {
  SLUICE_FAULT("deliver.enqueue.before");
  for (const auto& sink : sinks_) {
    if (!batch->parts().empty() || sink->keeps_marks()) sink->enqueue(batch);
  }
  batch->publish();
}

}  // namespace sluice
