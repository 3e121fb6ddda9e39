// SPDX-License-Identifier: Apache-2.0
// The sink instance, and whether it may be called: opening it, making it anew, leaving it alone.
#include "runtime/base/log.h"
#include "runtime/deliver/sink_driver.h"

namespace sluice {
namespace {

// An instance may become unusable once (a connection that cannot be mended) without it being news.
constexpr uint32_t kUnusableInARow = 2;

}  // namespace

// Can the sink be called now? Opens it where it is not.
bool SinkDriver::available() {
  if (clock_.now() < resume_at_) return false;
  const bool was_open = breaker_.state() == CircuitBreaker::State::kOpen;
  if (!breaker_.admits()) {
    resume_at_ = breaker_.probe_at();
    return false;
  }
  if (was_open) health_.breaker_changed(breaker_);
  if (link_ != Link::kOpen && !connect()) return false;
  return breaker_.state() == CircuitBreaker::State::kClosed || probe();
}

// One try. A configuration error at the first ends the start of the runtime; later it may have been
// mended outside (a table, a right), so it is tried again like everything else.
bool SinkDriver::connect() {
  if (link_ == Link::kUnusable) make_anew();
  if (stop_.requested()) return false;
  CallResult result = watched([this] { return instance_->open(); });
  const bool opened = result.rc == SLUICE_OK;
  if (opened) result = marks_.read(*instance_);
  report_first_open(result);
  if (opened && result.rc != SLUICE_OK) link_ = Link::kUnusable;
  if (result.rc != SLUICE_OK) {
    if (!stop_.requested()) note_failed(result);
    return false;
  }
  link_ = Link::kOpen;
  // An instance that opens and then takes nothing is not well yet.
  const bool believed = unusable_ == 0 || nothing_held();
  if (believed && breaker_.state() == CircuitBreaker::State::kClosed) {
    failures_ = 0;
    health_.good();
  }
  return true;
}

// The instance is unusable: a new one takes its place. It holds none of our memory: a write
// borrows.
void SinkDriver::make_anew() {
  const CallResult closed = instance_->close();
  if (closed.rc < 0) log::warn("sink.close", closed.message, {{"sink", options_.config.name}});
  auto made = SinkInstance::create(component_, options_.config.name, options_.config.config_json,
                                   services_);
  // It was created with this very configuration before; if that fails now the process is ill.
  SLUICE_CHECK(made.is_ok(), made.status().message().c_str());
  {
    MutexLock lock(instance_mutex_);
    std::swap(instance_, made.value());
    if (stop_.requested()) instance_->stop();
  }
  link_ = Link::kCreated;
}

void SinkDriver::report_first_open(const CallResult& result) {
  MutexLock lock(mutex_);
  if (first_open_) return;
  const Code code = result.rc == SLUICE_E_CONFIG ? Code::kInvalid : Code::kUnavailable;
  first_open_ = result.rc == SLUICE_OK
                    ? Status::ok()
                    : Status(code, "sink " + options_.config.name + ": " + result.message);
  opened_.notify_all();
}

// Half open: a sink that can be asked is asked before a record is risked. It stays half open until
// a record went through.
bool SinkDriver::probe() {
  if (instance_->extension(SLUICE_EXT_SINK_PROBE) == nullptr) return true;
  const auto began = clock_.now();
  const CallResult result = watched([this] { return instance_->probe(); });
  if (stop_.requested()) return false;
  if (result.rc < 0) {
    note_failed(result);
    return false;
  }
  if (nothing_held() && queue_.size() == 0) note_good(clock_.now() - began);
  return true;
}

void SinkDriver::note_good(std::chrono::nanoseconds took) {
  failures_ = 0;
  unusable_ = 0;
  note_breaker(breaker_.succeeded(took));
  if (breaker_.state() == CircuitBreaker::State::kClosed) health_.good();
}

// A call failed as a whole: nobody's fault but the sink's.
void SinkDriver::note_failed(const CallResult& result) {
  ++failures_;
  const Millis asked_for(result.retry_after_ms);
  health_.failed(result.message);
  if (result.rc == SLUICE_E_FATAL) {
    link_ = Link::kUnusable;
    ++unusable_;
    log::warn("sink.restart", "the sink asked to be made anew: " + result.message,
              {{"sink", options_.config.name}});
  }
  if (result.rc == SLUICE_E_CONFIG) {
    link_ = Link::kUnusable;
    note_breaker(breaker_.open("its configuration is refused", asked_for));
  } else if (unusable_ >= kUnusableInARow) {
    note_breaker(
        breaker_.open("it became unusable " + std::to_string(unusable_) + " times", asked_for));
  } else {
    note_breaker(breaker_.failed(asked_for));
  }
  resume_at_ = breaker_.state() == CircuitBreaker::State::kOpen
                   ? breaker_.probe_at()
                   : clock_.now() + retry_.delay(failures_, asked_for);
}

// The call came back, but all that was tried has to be tried again.
void SinkDriver::note_trouble(const std::string& what) {
  health_.troubled(what);
  note_breaker(breaker_.failed());
  if (breaker_.state() == CircuitBreaker::State::kOpen) resume_at_ = breaker_.probe_at();
}

void SinkDriver::note_breaker(bool changed) {
  if (changed) health_.breaker_changed(breaker_);
}

}  // namespace sluice
