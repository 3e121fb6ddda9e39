// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/source_driver.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "runtime/base/fault.h"
#include "runtime/base/log.h"

namespace sluice {
namespace {

// One poll: enough to amortise a batch's fixed cost, small enough to keep all workers busy.
constexpr uint32_t kPollRecords = 2048;
constexpr uint64_t kPollBytes = 1ULL << 20;
constexpr uint32_t kPollMillis = 100;
constexpr int kMaxRestarts = 5;

RetryConfig source_retry() {
  RetryConfig out;
  out.max_attempts = kMaxRestarts + 1;  // the first instance is no restart
  return out;
}

}  // namespace

SourceDriver::SourceDriver(Context context)
    : context_(std::move(context)),
      calls_(source_retry(), std::hash<std::string>{}(context_.config.name)),
      restarts_(source_retry(), std::hash<std::string>{}(context_.config.name)) {}

Result<std::unique_ptr<SourceDriver>> SourceDriver::create(ComponentRef component,
                                                           Context context) {
  std::unique_ptr<SourceDriver> driver(new SourceDriver(std::move(context)));
  driver->component_ = std::move(component);
  driver->metrics_ = std::make_unique<PluginMetrics>(*driver->component_.component);
  const SourceConfig& config = driver->context_.config;
  SLUICE_ASSIGN_OR_RETURN(driver->instance_, SourceInstance::create(driver->component_, config.name,
                                                                    config.config_json, *driver));
  return driver;
}

SourceDriver::~SourceDriver() {
  stop_polling();
  finish();
  join();
}

void SourceDriver::start() { thread_ = std::thread(&SourceDriver::run, this); }

void SourceDriver::stop_polling() {
  stop_polling_.request();
  MutexLock lock(instance_mutex_);
  if (instance_) instance_->stop();
}

void SourceDriver::finish() {
  MutexLock lock(mutex_);
  finishing_ = true;
  changed_.notify_all();
}

void SourceDriver::join() {
  if (thread_.joinable()) thread_.join();
}

void SourceDriver::settled(std::vector<sluice_mark> marks) {
  MutexLock lock(mutex_);
  acks_.insert(acks_.end(), marks.begin(), marks.end());
  changed_.notify_all();
}

void SourceDriver::run() {
  if (open_instance()) poll_loop();
  end_errands();
  quiet_.store(true, std::memory_order_release);
  wait_for_finish();
  close_instance();
}

void SourceDriver::close_instance() {
  {
    // Whoever asks for the lag has the lock; after this nobody does.
    MutexLock lock(instance_mutex_);
    open_ = false;
  }
  const CallResult closed = instance_->close();
  if (closed.rc < 0) {
    log::warn("source.close", "the source did not close cleanly: " + closed.message,
              {{"source", context_.config.name}});
  }
}

bool SourceDriver::open_instance() {
  while (!stop_polling_.requested()) {
    const CallResult result = instance_->open();
    if (result.rc == SLUICE_OK) {
      calls_.succeed();
      failing_since_.reset();
      open_ = true;
      set_state("ok");
      return true;
    }
    if (!handle_failure(result)) return false;
  }
  set_state("stopped");
  return false;
}

void SourceDriver::poll_loop() {
  while (!stop_polling_.requested()) {
    if (!run_errand()) return;
    serve_acks();
    const uint32_t records = room();
    if (records == 0 ? !keep_alive() : !poll_once(records)) return;
  }
  set_state("stopped");
}

// How many records may be asked for now. 0: none, after a while of waiting.
uint32_t SourceDriver::room() {
  uint32_t room = kPollRecords;
  if (!flow_lets(room)) {
    stop_polling_.wait_for(Millis(kPollMillis));
    return 0;
  }
  // Charged at three times the text: the text itself, what comes out of it, and what is built on
  // the way; corrected once the worker is done.
  const auto soon = context_.clock->now() + std::chrono::milliseconds(kPollMillis);
  if (!context_.budget->wait_room(3 * kPollBytes, soon)) {
    set_state("waiting");
    if (context_.flow != nullptr) context_.flow->waited(FlowControl::Wait::kRoom);
    return 0;
  }
  if (context_.burst != nullptr) {
    room = context_.burst->allow(room);
    if (room == 0) {
      set_state("paused");
      stop_polling_.wait_for(Millis(kPollMillis));
      return 0;
    }
  }
  if (context_.bucket != nullptr) {
    room = context_.bucket->take(room);
    if (room == 0) {
      if (context_.flow != nullptr) context_.flow->waited(FlowControl::Wait::kRate);
      stop_polling_.wait_for(std::min(context_.bucket->time_to_next(), Millis(kPollMillis)));
    }
  }
  return room;
}

// False: the pipeline's state lets none in now. Else no more than `records` is made.
bool SourceDriver::flow_lets(uint32_t& records) {
  if (context_.flow == nullptr) return true;
  if (!context_.flow->open()) {
    set_state("paused");
    return false;
  }
  if (!context_.config.low_priority) return true;
  records = share_.allow(records, context_.flow->keep(), context_.clock->now());
  if (records != 0) return true;
  set_state("waiting");
  return false;
}

// False: no more records will come.
bool SourceDriver::poll_once(uint32_t max_records) {
  sluice_batch batch{};
  batch.struct_size = sizeof batch;
  const CallResult result = instance_->poll(max_records, kPollBytes, kPollMillis, &batch);
  const uint32_t got = result.rc == SLUICE_OK ? batch.count : 0;
  if (context_.bucket != nullptr) context_.bucket->give_back(max_records - got);
  switch (result.rc) {
    case SLUICE_OK:
      calls_.succeed();
      failing_since_.reset();
      set_state("ok");
      take_in(batch);
      return true;
    case SLUICE_IDLE:
      calls_.succeed();
      set_state("ok");
      return true;
    case SLUICE_CANCELLED:
      return true;
    case SLUICE_END:
      set_state("exhausted");
      return false;
    default:
      return handle_failure(result);
  }
}

// A poll for no records: a source that is a member of something must be heard of, and may have to
// give lanes back, however long the pipeline takes nothing. False: as of poll_once().
bool SourceDriver::keep_alive() {
  if (stop_polling_.requested()) return true;
  sluice_batch batch{};
  batch.struct_size = sizeof batch;
  const CallResult result = instance_->poll(0, 0, 0, &batch);
  if (result.rc == SLUICE_OK) take_in(batch);  // more than was asked for, but records they are
  return result.rc >= 0 || handle_failure(result);
}

void SourceDriver::take_in(sluice_batch& batch) {
  if (batch.count == 0) {
    if (batch.release != nullptr) batch.release(&batch);
    return;
  }
  SLUICE_FAULT("source.poll.after");
  last_record_at_us_ = context_.clock->wall_us();
  if (context_.config.low_priority) share_.taken(batch.count, context_.clock->now());
  context_.intake(batch, instance_);
}

// True: try again (after the wait it needs).
bool SourceDriver::handle_failure(const CallResult& result) {
  const std::string& name = context_.config.name;
  if (result.rc == SLUICE_E_CONFIG) {
    fail(Code::kInvalid, result.message);
    return false;
  }
  if (result.rc == SLUICE_E_FATAL) {
    const Millis wait = restarts_.fail(Millis(result.retry_after_ms));
    if (restarts_.spent()) {
      fail(Code::kUnavailable,
           "gave up after " + std::to_string(kMaxRestarts) + " restarts: " + result.message);
      return false;
    }
    log::warn("source.restart", "the source asked to be made anew: " + result.message,
              {{"source", name}});
    return restart(wait);
  }
  const Millis wait = calls_.fail(Millis(result.retry_after_ms));
  if (calls_.failures() == 1) {
    failing_since_ = context_.clock->now();
    log::error("source.unavailable", "the source fails and is tried again: " + result.message,
               {{"source", name}});
  }
  set_state("connecting", result.message);
  if (context_.give_up_after.count() > 0 &&
      context_.clock->now() - *failing_since_ >= context_.give_up_after) {
    fail(Code::kUnavailable, result.message);
    return false;
  }
  stop_polling_.wait_for(wait);
  return true;
}

// Batches of the old instance must be released before it goes, which may take as long as a sink is
// away: they hold it meanwhile. What it gave is on its way, so the new one goes on above that.
bool SourceDriver::restart(Millis wait, const std::function<void()>& closed) {
  set_state("connecting", "restarting");
  serve_acks();
  close_instance();
  if (closed) closed();
  context_.lanes->begin_anew();
  opened_.emplace();
  auto made =
      SourceInstance::create(component_, context_.config.name, context_.config.config_json, *this);
  SLUICE_CHECK(made.is_ok(), made.status().message().c_str());
  {
    MutexLock lock(instance_mutex_);
    retired_.push_back(std::exchange(instance_, std::move(made).value()));
  }
  destroy_retired();
  stop_polling_.wait_for(wait);
  return open_instance();
}

// Here rather than where the last batch goes: a plugin may take its time.
void SourceDriver::destroy_retired() {
  std::erase_if(retired_, [](const auto& instance) { return instance.use_count() == 1; });
}

void SourceDriver::serve_acks() {
  if (!retired_.empty()) destroy_retired();
  std::vector<sluice_mark> acks;
  {
    MutexLock lock(mutex_);
    acks.swap(acks_);
  }
  if (opened_) {
    acks.insert(acks.begin(), early_acks_.begin(), early_acks_.end());
    const auto early = std::stable_partition(acks.begin(), acks.end(), [this](const auto& mark) {
      return opened_->contains(mark.lane);
    });
    early_acks_.assign(early, acks.end());
    acks.erase(early, acks.end());
  }
  if (acks.empty()) return;
  SLUICE_FAULT("source.ack.before");
  const CallResult result = instance_->ack(acks);
  SLUICE_FAULT("source.ack.after");
  if (result.rc < 0) {
    // The checkpoint is durable already; a source with a memory of its own falls behind until the
    // next ack, which covers this one.
    log::warn("source.ack", "the source did not take an ack: " + result.message,
              {{"source", context_.config.name}});
  }
}

void SourceDriver::wait_for_finish() {
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (acks_.empty() && !finishing_) changed_.wait(mutex_);
      if (acks_.empty()) return;
    }
    serve_acks();
  }
}

void SourceDriver::set_state(std::string state, const std::string& error) {
  MutexLock lock(mutex_);
  state_ = std::move(state);
  if (!error.empty()) last_error_ = error;
}

void SourceDriver::fail(Code code, const std::string& message) {
  log::error("source.failed", "the source has stopped: " + message,
             {{"source", context_.config.name}});
  MutexLock lock(mutex_);
  state_ = "failed";
  last_error_ = message;
  failure_ = Status(code, "source " + context_.config.name + ": " + message);
}

std::optional<Status> SourceDriver::failure() const {
  MutexLock lock(mutex_);
  return failure_;
}

SourceStatus SourceDriver::status() const {
  SourceStatus out;
  out.name = context_.config.name;
  out.kind = context_.config.use;
  out.last_record_at_us = last_record_at_us_;
  out.metrics = metrics_->snapshot();
  {
    MutexLock lock(instance_mutex_);
    if (open_) {
      SourceInstance::Lag lag = instance_->lag();
      out.lag_records = lag.records;
      out.lag_seconds = lag.seconds;
      out.lanes = std::move(lag.lanes);
    }
  }
  MutexLock lock(mutex_);
  out.state = state_;
  out.last_error = last_error_;
  return out;
}

}  // namespace sluice
