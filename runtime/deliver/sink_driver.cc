// SPDX-License-Identifier: Apache-2.0
// The life of a sink driver and of its thread.
#include "runtime/deliver/sink_driver.h"

#include <functional>

#include "runtime/base/log.h"

namespace sluice {
namespace {

constexpr Millis kLookAtShare{100};
constexpr Millis kLookAtCall{50};

}  // namespace

SinkDriver::SinkDriver(ComponentRef component, Options options, LetterBox& letters,
                       const Clock& clock)
    : options_(std::move(options)),
      letters_(letters),
      clock_(clock),
      component_(std::move(component)),
      services_(*component_.component),
      health_(options_.config.name, options_.config.timeout, clock),
      // A required sink's queue is bounded by the pipeline's byte budget: intake stops first.
      queue_(SIZE_MAX, SIZE_MAX),
      retry_(options_.config.retry, std::hash<std::string>{}(options_.config.name)),
      breaker_(options_.config.breaker, clock),
      waiting_(options_.config.order),
      marks_(options_.marks),
      receipt_(std::make_shared<LetterReceipt>()) {
  if (!options_.spool) return;
  SinkSpool::Options spool;
  spool.sink = options_.config.name;
  spool.index = options_.index;
  spool.drain_rate = options_.config.spool_drain_rate;
  spool.most_in_flight = options_.most_in_flight;
  spool.obliged = [this](const Part& part) { return obliged(part); };
  spool_ = std::make_unique<SinkSpool>(std::move(options_.spool), std::move(spool), *options_.desk,
                                       clock_);
}

Result<std::unique_ptr<SinkDriver>> SinkDriver::create(ComponentRef component, Options options,
                                                       LetterBox& letters, const Clock& clock) {
  std::unique_ptr<SinkDriver> driver(
      new SinkDriver(std::move(component), std::move(options), letters, clock));
  const SinkConfig& config = driver->options_.config;
  SLUICE_ASSIGN_OR_RETURN(
      driver->instance_,
      SinkInstance::create(driver->component_, config.name, config.config_json, driver->services_));
  driver->keeps_marks_ = driver->instance_->keeps_marks() && !driver->options_.marks.scopes.empty();
  if (driver->spool_ || config.spool_bytes != 0) {
    SLUICE_RETURN_IF_ERROR(check_spool(driver->keeps_marks_));
  }
  return driver;
}

SinkDriver::~SinkDriver() {
  stop();
  join();
}

Status SinkDriver::recover() { return spool_ ? spool_->recover() : Status::ok(); }

void SinkDriver::start() {
  if (spool_) stand_in_.start(kLookAtCall, [this] { return stand_in(); });
  thread_ = std::thread(&SinkDriver::run, this);
}

void SinkDriver::stop() {
  stop_.request();
  receipt_->give_up();
  queue_.close();
  MutexLock lock(instance_mutex_);
  if (instance_) instance_->stop();
}

void SinkDriver::join() {
  if (thread_.joinable()) thread_.join();
  stand_in_.end();
}

std::optional<Status> SinkDriver::first_open(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (!first_open_) {
    if (!opened_.wait_until(mutex_, deadline)) break;
  }
  return first_open_;
}

bool SinkDriver::enqueue(BatchPtr batch) {
  const uint64_t bytes = batch->charged_bytes;
  const auto by_name = [this](const Part& part) { return part.sink == options_.index; };
  const bool full = queue_.size() != 0 && queue_.bytes() + bytes > options_.share_bytes;
  if (!options_.config.required && full &&
      std::none_of(batch->parts().begin(), batch->parts().end(), by_name)) {
    if (options_.writer == 0) skipped_ += batch->count();
    return false;
  }
  queue_.push(batch, bytes);  // closed only when the run is over
  return true;
}

// Is the part for this sink, and of one of this writer's lanes?
bool SinkDriver::takes(const Batch& batch, const Part& part) {
  if (part.sink != Part::kAllSinks && part.sink != options_.index) return false;
  return has_lane(batch, batch.record(part.record).lane);
}

uint32_t SinkDriver::writer_of(const std::string& lane, size_t writers) {
  return static_cast<uint32_t>(std::hash<std::string>{}(lane) % writers);
}

bool SinkDriver::has_lane(const Batch& batch, uint32_t lane) {
  // What comes out of this writer's spool went into it as its own.
  if (options_.writers == 1 || batch.spooled != nullptr) return true;
  if (batch.redrive) return lane % options_.writers == options_.writer;  // lanes without names
  constexpr size_t kMostLanes = 65536;                                   // lanes come and go
  if (writer_of_.size() >= kMostLanes) writer_of_.clear();
  const auto [at, is_new] = writer_of_.try_emplace((uint64_t{batch.source} << 32) | lane, 0);
  if (is_new) {
    at->second = writer_of(options_.lane_name(batch.source, lane), options_.writers);
  }
  return at->second == options_.writer;
}

void SinkDriver::run() {
  while (!stop_.requested()) {
    serve_asks();
    if (paused()) {
      stop_.wait_for(kLookAtShare);
      continue;
    }
    if (!available()) {
      if (!sit_out()) break;
      continue;
    }
    if (gathered_.empty() && !gather()) break;
    deliver_gathered();
    if (gathered_.empty()) flush_marks();
    waiting_records_ = waiting_.records() + gathered_.size() + overflow_.size() + parked_.size();
  }
  end_asks();
  if (link_ == Link::kOpen && !stop_.requested()) flush_marks();
  next_.reset();
  gathered_.clear();
  overflow_.clear();
  parked_.clear();
  batches_.clear();
  overflow_batches_.clear();
  lent_.clear();
  lent_batches_.clear();
  parked_batches_.clear();
  const CallResult closed = instance_->close();
  if (closed.rc < 0) {
    log::warn("sink.close", "the sink did not close cleanly: " + closed.message,
              {{"sink", options_.config.name}});
  }
  health_.closed();
}

// No call can be made before resume_at_. False: nothing is left to be done.
bool SinkDriver::sit_out() {
  const bool open = breaker_.state() == CircuitBreaker::State::kOpen;
  const bool gives_up = open && options_.config.on_unavailable == OnUnavailable::kDeadLetter;
  if (gives_up) give_up_all();
  if (spills()) return sit_out_spooling();
  if (nothing_held()) {
    next_ = take_next(resume_at_);
    return next_ || !queue_.closed() || queue_.size() != 0;
  }
  const auto left =
      std::chrono::ceil<Millis>(std::max(resume_at_ - clock_.now(), Time::duration::zero()));
  // More may come than its share meanwhile, and lanes may leave.
  stop_.wait_for(std::min(left, kLookAtShare));
  return true;
}

SinkStatus SinkDriver::status() const {
  SinkStatus out;
  out.name = options_.config.name;
  out.kind = options_.config.use;
  out.required = options_.config.required;
  out.queue_batches = queue_.size();
  out.queue_bytes = queue_.bytes();
  out.waiting_records = waiting_records_;
  out.written = written_;
  out.skipped = skipped_;
  out.effects_unknown = effects_unknown_;
  out.metrics = services_.metrics().snapshot();
  if (spool_) {
    out.spool = spool_->stats();
    out.spool_trouble = spool_->trouble();
  }
  health_.fill(out);
  return out;
}

}  // namespace sluice
