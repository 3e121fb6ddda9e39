// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/sink_driver.h"

#include <array>
#include <functional>

#include "runtime/base/log.h"

namespace sluice {
namespace {

constexpr std::array kSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                 0.25,  0.5,    1.0,   2.5,  5.0,   10.0, 60.0};
constexpr std::array kRecords = {1.0, 10.0, 100.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0};

}  // namespace

SinkDriver::SinkDriver(ComponentRef component, Options options, LetterBox& letters,
                       const Clock& clock)
    : options_(std::move(options)),
      letters_(letters),
      clock_(clock),
      component_(std::move(component)),
      services_(*component_.component),
      retry_(options_.config.retry, std::hash<std::string>{}(options_.config.name)),
      // A required sink's queue is bounded by the pipeline's byte budget: intake stops first.
      queue_(options_.config.required ? SIZE_MAX : options_.optional_bytes, SIZE_MAX),
      seconds_(kSeconds),
      batch_records_(kRecords) {}

Result<std::unique_ptr<SinkDriver>> SinkDriver::create(ComponentRef component, Options options,
                                                       LetterBox& letters, const Clock& clock) {
  std::unique_ptr<SinkDriver> driver(
      new SinkDriver(std::move(component), std::move(options), letters, clock));
  const SinkConfig& config = driver->options_.config;
  SLUICE_ASSIGN_OR_RETURN(
      driver->instance_,
      SinkInstance::create(driver->component_, config.name, config.config_json, driver->services_));
  return driver;
}

SinkDriver::~SinkDriver() {
  stop();
  join();
}

void SinkDriver::start() { thread_ = std::thread(&SinkDriver::run, this); }

void SinkDriver::stop() {
  stop_.request();
  queue_.close();
  MutexLock lock(instance_mutex_);
  if (instance_) instance_->stop();
}

void SinkDriver::join() {
  if (thread_.joinable()) thread_.join();
}

std::optional<Status> SinkDriver::first_open(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (!first_open_) {
    if (!opened_.wait_until(mutex_, deadline)) break;
  }
  return first_open_;
}

bool SinkDriver::enqueue(BatchPtr batch) {
  const uint32_t count = batch->count();
  const uint64_t bytes = batch->charged_bytes;
  if (options_.config.required) {
    queue_.push(batch, bytes);  // closed only when the run is over
    return true;
  }
  if (queue_.push_until(batch, bytes, std::chrono::steady_clock::time_point::min())) return true;
  skipped_ += count;
  return false;
}

void SinkDriver::run() {
  if (open_instance()) {
    while (!stop_.requested() && gather()) deliver_gathered();
  }
  batches_.clear();
  const CallResult closed = instance_->close();
  if (closed.rc < 0) {
    log::warn("sink.close", "the sink did not close cleanly: " + closed.message,
              {{"sink", options_.config.name}});
  }
  MutexLock lock(mutex_);
  state_ = "closed";
}

// Opens, trying again until it works or stop is asked. A configuration error ends the first try:
// the start of the runtime reports it.
bool SinkDriver::open_instance() {
  for (;;) {
    const CallResult result = instance_->open();
    note_call(result);
    {
      MutexLock lock(mutex_);
      if (!first_open_) {
        const Code code = result.rc == SLUICE_E_CONFIG ? Code::kInvalid : Code::kUnavailable;
        first_open_ = result.rc == SLUICE_OK
                          ? Status::ok()
                          : Status(code, "sink " + options_.config.name + ": " + result.message);
        opened_.notify_all();
      }
    }
    if (result.rc == SLUICE_OK) return true;
    if (stop_.requested()) return false;
    back_off(failures_, result.retry_after_ms);
    if (stop_.requested()) return false;
  }
}

// Collects parts until the batch is full, its oldest record has waited long enough, or a batch of
// another source comes (a sink batch is of one source). False: the run is over.
bool SinkDriver::gather() {
  batches_.clear();
  gathered_.clear();
  gathered_bytes_ = 0;
  const SinkBatchConfig& limits = options_.config.batch;
  if (next_) {
    add(std::move(*next_));
    next_.reset();
  } else {
    auto first = queue_.pop();
    if (!first) return false;
    add(std::move(*first));
  }
  const auto deadline = clock_.now() + limits.linger;
  while (gathered_.size() < limits.records && gathered_bytes_ < limits.bytes) {
    auto more = queue_.pop_until(deadline);
    if (!more) break;
    if (!batches_.empty() && (*more)->source != batches_.front()->source) {
      next_ = std::move(*more);
      break;
    }
    add(std::move(*more));
  }
  return true;
}

void SinkDriver::add(BatchPtr batch) {
  for (const Part& part : batch->parts()) {
    if (part.sink != Part::kAllSinks && part.sink != options_.index) continue;
    gathered_.push_back({batch.get(), &part, 0, 0});
    gathered_bytes_ += part.value.size();
  }
  batches_.push_back(std::move(batch));
}

// Splits what was gathered into writes within the limits.
void SinkDriver::deliver_gathered() {
  const SinkBatchConfig& limits = options_.config.batch;
  size_t at = 0;
  while (at < gathered_.size() && !stop_.requested()) {
    size_t end = at;
    uint64_t bytes = 0;
    while (end < gathered_.size() && end - at < limits.records &&
           (end == at || bytes + gathered_[end].part->value.size() <= limits.bytes)) {
      bytes += gathered_[end++].part->value.size();
    }
    deliver(Group(gathered_.begin() + static_cast<ptrdiff_t>(at),
                  gathered_.begin() + static_cast<ptrdiff_t>(end)));
    at = end;
  }
}

void SinkDriver::deliver(Group group) {
  std::vector<Group> todo;  // a stack: the last is next
  todo.push_back(std::move(group));
  while (!todo.empty() && !stop_.requested()) {
    Group next = std::move(todo.back());
    todo.pop_back();
    attempt(std::move(next), todo);
  }
  flush_settled();
}

// One write. What must be tried again goes back on the stack, after the wait it needs.
void SinkDriver::attempt(Group group, std::vector<Group>& todo) {
  const CallResult result = write(group);
  if (result.rc == SLUICE_CANCELLED && stop_.requested()) return;
  if (result.rc == SLUICE_E_BATCH) {
    if (group.size() == 1) {
      reject(group.front(), reason_code(result.reason, "CONSTRAINT_VIOLATION"),
             describe(result.reason, result.message));
      return;
    }
    // Left half first, so that order within a lane holds.
    const auto middle = group.begin() + static_cast<ptrdiff_t>(group.size() / 2);
    todo.emplace_back(middle, group.end());
    todo.emplace_back(group.begin(), middle);
    return;
  }
  Group left = apply_outcomes(group, result);
  flush_settled();
  if (result.rc == SLUICE_E_FATAL && !recover(result)) return;
  if (left.empty()) return;
  uint32_t retry_after_ms = result.retry_after_ms;
  uint32_t tries = std::max<uint32_t>(1, failures_);
  for (const sluice_outcome& outcome : outcomes_) {
    if (outcome.verdict == SLUICE_REC_RETRY) {
      retry_after_ms = std::max(retry_after_ms, outcome.retry_after_ms);
    }
  }
  for (const Entry& entry : left) tries = std::max(tries, entry.attempts);
  todo.push_back(std::move(left));
  back_off(tries, retry_after_ms);
}

CallResult SinkDriver::write(const Group& group) {
  records_.clear();
  for (const Entry& entry : group) {
    const sluice_record& from = entry.batch->record(entry.part->record);
    sluice_record to = from;
    to.value = {entry.part->value.data(), entry.part->value.size()};
    to.key = {entry.part->key.data(), entry.part->key.size()};
    to.part = entry.part->part;
    to.flags = entry.part->flags;
    records_.push_back(to);
  }
  outcomes_.assign(group.size(), sluice_outcome{});
  sluice_batch batch{};
  batch.struct_size = sizeof batch;
  batch.stride = sizeof(sluice_record);
  batch.count = static_cast<uint32_t>(records_.size());
  batch.records = records_.data();
  batch.origin = nullptr;
  const auto began = clock_.now();
  call_began_us_ = clock_.wall_us();
  CallResult result = instance_->write(batch, outcomes_);
  call_began_us_ = 0;
  const std::chrono::duration<double> took = clock_.now() - began;
  seconds_.observe(took.count());
  batch_records_.observe(static_cast<double>(group.size()));
  note_call(result);
  return result;
}

}  // namespace sluice
