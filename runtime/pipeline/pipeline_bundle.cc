// SPDX-License-Identifier: Apache-2.0
// The pipeline's side of bundles: which one the next batch is read with, and the reading.
#include "runtime/pipeline/pipeline.h"

namespace sluice {

Status Pipeline::prepare(uint32_t workers) {
  SLUICE_ASSIGN_OR_RETURN(auto made, Activation::create(path_context_, bundle(), workers));
  MutexLock lock(bundle_mutex_);
  workers_ = workers;
  activation_ = std::move(made);
  return Status::ok();
}

Status Pipeline::activate(std::shared_ptr<const Bundle> bundle,
                          const std::function<void()>& swapped) {
  uint32_t workers = 0;
  {
    MutexLock lock(bundle_mutex_);
    workers = workers_;
  }
  SLUICE_ASSIGN_OR_RETURN(auto made, Activation::create(path_context_, bundle, workers));
  std::shared_ptr<Rollout> none;
  {
    MutexLock lock(bundle_mutex_);
    bundle_.swap(bundle);
    activation_.swap(made);
    rollout_.swap(none);
    if (swapped) swapped();
  }
  return Status::ok();  // the old ones go here, outside the lock
}

Status Pipeline::start_rollout(std::shared_ptr<const Bundle> bundle, double share,
                               std::function<void()> enough, const std::function<void()>& swapped) {
  uint32_t workers = 0;
  {
    MutexLock lock(bundle_mutex_);
    workers = workers_;
  }
  SLUICE_ASSIGN_OR_RETURN(auto made, Activation::create(path_context_, std::move(bundle), workers));
  auto rollout = std::make_shared<Rollout>(std::move(made), share, std::move(enough));
  {
    MutexLock lock(bundle_mutex_);
    rollout_.swap(rollout);
    if (swapped) swapped();
  }
  return Status::ok();
}

void Pipeline::end_rollout(bool promote, const std::function<void()>& swapped) {
  std::shared_ptr<Rollout> rollout;
  std::shared_ptr<Activation> activation;
  std::shared_ptr<const Bundle> bundle;
  MutexLock lock(bundle_mutex_);
  rollout_.swap(rollout);
  if (rollout && promote) {
    activation = rollout->activation();
    bundle = activation->bundle();
    activation_.swap(activation);
    bundle_.swap(bundle);
  }
  if (swapped) swapped();
}

std::shared_ptr<const Bundle> Pipeline::bundle() const {
  MutexLock lock(bundle_mutex_);
  return bundle_;
}

std::shared_ptr<Rollout> Pipeline::rollout() const {
  MutexLock lock(bundle_mutex_);
  return rollout_;
}

Status Pipeline::create_versions() {
  if (!VersionDesk::wanted(config_)) return Status::ok();
  VersionDesk::Options options;
  options.registry = *config_.schema->version.registry;
  if (!context_.state_dir.empty()) {
    options.file = VersionDesk::file_of(context_.state_dir, config_.name);
  }
  options.pipeline = config_.name;
  options.pass = [this](BatchPtr batch) { take_in(std::move(batch)); };
  options.clock = context_.clock;
  auto desk = VersionDesk::create(std::move(options));
  if (!desk) return std::move(desk).status().with_context(config_.schema->place.text());
  versions_ = std::move(desk).value();
  return Status::ok();
}

// A batch that was received goes on once it is known which schemas its records name.
void Pipeline::to_versions(BatchPtr batch) {
  if (versions_) {
    versions_->submit(std::move(batch));
  } else {
    take_in(std::move(batch));
  }
}

void Pipeline::process(WorkItem& item, uint32_t worker) {
  BatchPtr batch = std::move(item.batch);
  accounting_.moved(Place::kQueue, Place::kWorker, batch->count());
  batch->place = Place::kWorker;
  std::vector<LetterRequest> letters;
  const bool dropped = batch->all_left();
  if (dropped) {
    give_back_all(*batch);
  } else {
    read(*batch, item, worker, letters);
  }
  if (!batch->redrive && !dropped) {
    if (recent_) recent_->add(*batch, path_context_.lane_name);
    skip_delivered(*batch);
  }
  oblige_letters(*batch, letters);
  if (!keys_) oblige_parts(*batch);
  const uint64_t holds =
      batch->value_bytes() + batch->arena().capacity() + batch->parts().capacity() * sizeof(Part);
  budget_.charge(holds);
  budget_.refund(batch->charged_bytes);
  batch->charged_bytes = holds;
  accounting_.moved(Place::kWorker, Place::kDelivery, batch->count());
  batch->place = Place::kDelivery;
  for (LetterRequest& letter : letters) {
    letter.batch = batch;
    post(std::move(letter));
  }
  OrderBuffer& order = batch->redrive ? redriven_.order : sources_[batch->source]->order;
  order.complete(std::move(batch), [this](const BatchPtr& ready) {
    if (keys_) {
      keys_->submit(ready);
    } else {
      deliver(ready);
    }
  });
}

// Its lanes have left before anybody read it.
void Pipeline::give_back_all(Batch& batch) {
  for (uint32_t i = 0; i < batch.count(); ++i) batch.give_back(i);
}

// Parts that sinks had before a crash are not offered to them again.
void Pipeline::skip_delivered(Batch& batch) const {
  const Source& source = *sources_[batch.source];
  if (!source.delivered) return;
  source.delivered->skip_delivered(batch,
                                   [&source](uint32_t lane) { return source.lanes.name_of(lane); });
}

void Pipeline::read(Batch& batch, const WorkItem& item, uint32_t worker,
                    std::vector<LetterRequest>& letters) {
  if (batch.redrive && batch.redrive->from == RedriveFrom::kSink) {
    item.activation->path(worker).read_keys(batch);
    return stored_parts(batch, config_.sinks, letters);
  }
  if (item.rollout) {
    read_both(batch, item, worker, letters);
  } else {
    item.activation->path(worker).process(batch, letters);
  }
  if (batch.redrive) narrow_parts(batch, config_.sinks, letters);
}

// During a rollout each record goes through the path of the bundle that its key picks.
void Pipeline::read_both(Batch& batch, const WorkItem& item, uint32_t worker,
                         std::vector<LetterRequest>& letters) {
  RecordPath& running = item.activation->path(worker);
  RecordPath& candidate = item.rollout->activation()->path(worker);
  running.begin(batch);
  candidate.begin(batch);
  Rollout::Counts counts;
  for (uint32_t i = 0; i < batch.count(); ++i) {
    const bool is_new = batch.takes_candidate(i);
    const size_t before = letters.size();
    (is_new ? candidate : running).process_record(batch, i, letters);
    Rollout::Side& side = is_new ? counts.candidate : counts.running;
    ++side.records;
    // What cannot be parsed is no bundle's fault.
    side.rejected += letters.size() > before && letters.back().stage != "parse" ? 1 : 0;
  }
  candidate.end(batch);
  running.end(batch);
  // What was refused before is no fair sample.
  if (!batch.redrive) item.rollout->add(counts);
}

}  // namespace sluice
