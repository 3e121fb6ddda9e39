// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "runtime/base/mutex.h"
#include "runtime/conform/checks.h"
#include "runtime/conform/outcome.h"
#include "runtime/conform/sink_driver.h"
#include "runtime/conform/source_driver.h"
#include "runtime/conform/test_values.h"

namespace sluice::conform {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr auto kGrace = milliseconds(2000);
constexpr uint32_t kLongPollMs = 10'000;

// Calls made one after the other on their own thread, watched from outside.
class PendingCall {
 public:
  void enters() {
    const MutexLock lock(mutex_);
    entered_ = Clock::now();
    changed_.notify_all();
  }
  void leaves() {
    const MutexLock lock(mutex_);
    entered_.reset();
  }
  void done(Status status) {
    const MutexLock lock(mutex_);
    finished_ = true;
    status_ = std::move(status);
    changed_.notify_all();
  }
  // Until a call waits for something, as one that takes long does; or, with an adapter that never
  // waits, until it has been busy for a while.
  void wait_pending() {
    constexpr auto kWaits = milliseconds(100);
    const MutexLock lock(mutex_);
    const auto enough = Clock::now() + milliseconds(400);
    while (!finished_ && Clock::now() < enough) {
      if (entered_ && Clock::now() >= *entered_ + kWaits) return;
      changed_.wait_until(mutex_, entered_ ? std::min(enough, *entered_ + kWaits) : enough);
    }
  }
  bool wait_finished(Clock::time_point deadline) {
    const MutexLock lock(mutex_);
    while (!finished_ && changed_.wait_until(mutex_, deadline)) {
    }
    return finished_;
  }
  Status status() {
    const MutexLock lock(mutex_);
    return status_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::optional<Clock::time_point> entered_ SLUICE_GUARDED_BY(mutex_);
  bool finished_ SLUICE_GUARDED_BY(mutex_) = false;
  Status status_ SLUICE_GUARDED_BY(mutex_);
};

bool stopping(Instance& instance) {
  const auto* host = instance.host().raw();
  return host->stopping(host) != 0;
}

// Polls until the source says that it was stopped or has no more.
Status poll_until_stopped(SourceDriver& driver, PendingCall& call) {
  while (!stopping(driver.instance())) {
    call.enters();
    SLUICE_ASSIGN_OR_RETURN(const Polled polled, driver.poll(16, 1U << 20, kLongPollMs));
    call.leaves();
    driver.release_all();
    const sluice_rc rc = polled.answer.rc;
    if (rc == SLUICE_END || rc == SLUICE_CANCELLED) return Status::ok();
    if (rc < 0) return fail(polled.answer.text("poll"));
  }
  return Status::ok();
}

Status write_until_stopped(SinkDriver& driver, const std::vector<Value>& values,
                           PendingCall& call) {
  for (int i = 0; i < 1000 && !stopping(driver.instance()); ++i) {
    call.enters();
    SLUICE_ASSIGN_OR_RETURN(const Written written, driver.write(values));
    call.leaves();
    SLUICE_RETURN_IF_ERROR(check_outcomes(driver.instance().subject().component(), written));
    if (!written.answer.ok()) break;
  }
  return Status::ok();
}

// Runs `body` on a thread, stops the instance while it is in a call, and waits for the grace
// period. A call that does not come back keeps `driver` for ever; the check's process ends then.
template <typename Driver, typename Body>
Status stop_while(std::unique_ptr<Driver> driver, Body body) {
  auto call = std::make_unique<PendingCall>();
  std::thread thread([&driver = *driver, &call = *call, body] { call.done(body(driver, call)); });
  call->wait_pending();
  driver->instance().stop();
  const bool back = call->wait_finished(Clock::now() + kGrace);
  if (!back) {
    if (!driver->instance().subject().env().alone()) {
      thread.join();  // in this process nobody else would end it
    } else {
      // Left to the end of this process, which is near.
      // NOLINTBEGIN(clang-analyzer-cplusplus.NewDeleteLeaks): leaked on purpose, the call still
      // runs
      (void)std::make_unique<std::thread>(std::move(thread)).release();
      (void)driver.release();
      (void)call.release();
      // NOLINTEND(clang-analyzer-cplusplus.NewDeleteLeaks)
    }
    return fail(fmt::format("a call had not returned {} ms after stop", kGrace.count()));
  }
  thread.join();
  return call->status();
}

Status calls_end_after_stop(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  if (subject.is_source()) {
    MarkStore marks;
    auto driver = std::make_unique<SourceDriver>(subject, &marks);
    SLUICE_RETURN_IF_ERROR(driver->start(config));
    return stop_while(std::move(driver), poll_until_stopped);
  }
  auto driver = std::make_unique<SinkDriver>(subject);
  SLUICE_RETURN_IF_ERROR(driver->start(config));
  const auto values = good_values(subject, 64);
  return stop_while(std::move(driver), [&values](SinkDriver& sink, PendingCall& call) {
    return write_until_stopped(sink, values, call);
  });
}

Status same_lanes(const ByLane& alone, const ByLane& together) {
  for (const auto& [lane, expected] : alone) {
    const auto found = together.find(lane);
    const size_t count = found == together.end() ? 0 : found->second.size();
    for (size_t i = 0; i < std::min(expected.size(), count); ++i) {
      SLUICE_EXPECT(expected[i] == found->second[i],
                    fmt::format("lane {}, record {}: position {} beside another instance, {} "
                                "alone",
                                lane, i, found->second[i].position, expected[i].position));
    }
    SLUICE_EXPECT(count >= expected.size(),
                  fmt::format("lane {}: {} records beside another instance, {} alone", lane, count,
                              expected.size()));
  }
  return Status::ok();
}

Status sources_are_apart(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  SLUICE_ASSIGN_OR_RETURN(const auto other_config, subject.config(0, "b"));
  ByLane alone;
  bool whole = false;
  {
    MarkStore marks;
    SourceDriver driver(subject, &marks);
    SLUICE_RETURN_IF_ERROR(driver.start(config));
    SLUICE_ASSIGN_OR_RETURN(const auto collected, driver.collect(kEnoughRecords));
    alone = by_lane(collected.records);
    whole = collected.ended;
    SLUICE_RETURN_IF_ERROR(driver.close());
  }
  MarkStore marks;
  MarkStore other_marks;
  SourceDriver driver(subject, &marks, {HostShape::kLong, 100});
  auto other = std::make_unique<SourceDriver>(subject, &other_marks);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  SLUICE_RETURN_IF_ERROR(other->start(other_config));
  std::vector<SeenRecord> seen;
  for (int i = 0; i < 2; ++i) {
    SLUICE_ASSIGN_OR_RETURN(const Polled mine, driver.poll(1, 1U << 20, 50));
    if (mine.batch != nullptr) {
      seen.insert(seen.end(), mine.batch->seen.begin(), mine.batch->seen.end());
    }
    SLUICE_ASSIGN_OR_RETURN(const Polled theirs, other->poll(1, 1U << 20, 50));
    (void)theirs;
  }
  driver.release_all();
  subject.env().phase("stop, of the other instance");
  other->instance().stop();
  SLUICE_RETURN_IF_ERROR(other->close());
  other.reset();
  SLUICE_ASSIGN_OR_RETURN(const auto rest, driver.collect(kEnoughRecords));
  seen.insert(seen.end(), rest.records.begin(), rest.records.end());
  SLUICE_RETURN_IF_ERROR(driver.close());
  // An endless source was only looked at for a while: compare what both have.
  if (whole) return same_lanes(alone, by_lane(seen));
  auto expected = std::move(alone);
  const auto found = by_lane(seen);
  for (auto& [lane, records] : expected) {
    const auto it = found.find(lane);
    records.resize(std::min(records.size(), it == found.end() ? 0 : it->second.size()));
  }
  return same_lanes(expected, found);
}

Status sinks_are_apart(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  SLUICE_ASSIGN_OR_RETURN(const auto other_config, subject.config(0, "b"));
  const auto values = good_values(subject, 8);
  SinkDriver driver(subject);
  auto other = std::make_unique<SinkDriver>(subject);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  SLUICE_RETURN_IF_ERROR(other->start(other_config));
  for (SinkDriver* sink : {&driver, other.get()}) {
    SLUICE_ASSIGN_OR_RETURN(const Written written, sink->write(values));
    SLUICE_RETURN_IF_ERROR(check_outcomes(subject.component(), written));
  }
  subject.env().phase("stop, of the other instance");
  other->instance().stop();
  SLUICE_RETURN_IF_ERROR(other->close());
  other.reset();
  SLUICE_ASSIGN_OR_RETURN(const Written written, driver.write(values));
  SLUICE_EXPECT(written.answer.ok(),
                "after another instance was stopped and closed, " + written.answer.text("write"));
  SLUICE_RETURN_IF_ERROR(check_outcomes(subject.component(), written));
  return driver.close();
}

Status instances_are_apart(Subject& subject) {
  if (subject.fixture().has("exclusive")) {
    return skip("quirk: exclusive (two instances of one configuration cannot live at once)");
  }
  return subject.is_source() ? sources_are_apart(subject) : sinks_are_apart(subject);
}

constexpr std::array kStopChecks = {
    Check{"L6", "after stop, every pending call returns within the grace period of 2 seconds",
          Level::kMust, Scope::kComponent, calls_end_after_stop},
    Check{"L7", "two instances at once do not share state", Level::kMust, Scope::kComponent,
          instances_are_apart},
};

}  // namespace

std::span<const Check> stop_checks() { return kStopChecks; }

}  // namespace sluice::conform
