// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/base/stop.h"
#include "runtime/pipeline/pipeline.h"
#include "runtime/pipeline/redrive_dry_run.h"
#include "runtime/pipeline/redrive_request.h"
#include "runtime/store/audit_log.h"

namespace sluice {

// Takes dead letters through their pipelines once more, one redrive at a time. What was chosen is
// kept with the letters before the first of them moves; a letter leaves that plan in the
// transaction that settles it. A redrive that a crash or stop() ended goes on with resume().
// Thread-safe.
class Redriver {
 public:
  // All outlive the redriver.
  struct Context {
    std::vector<Pipeline*> pipelines;
    DeadLetterStore* letters = nullptr;
    AuditLog* audit = nullptr;
    const Clock* clock = nullptr;
  };

  explicit Redriver(Context context);
  ~Redriver();

  // Chooses letters and begins; answers the plan. kExists: another redrive is going on; kInvalid:
  // what was asked for cannot be done, with the cure; kNotFound: a letter or pipeline is not there.
  Result<RedrivePlan> start(RedriveRequest request) SLUICE_EXCLUDES(mutex_);
  // Goes on with a plan that did not come to its end.
  Result<RedrivePlan> resume(uint64_t redrive, const std::string& who) SLUICE_EXCLUDES(mutex_);
  // What it would come to, on the caller's thread.
  Result<DryRunReport> dry_run(const RedriveRequest& request);
  // Takes no more letters in; those on their way are settled. False: it does not run.
  bool stop(uint64_t redrive) SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] Result<std::optional<RedrivePlan>> find(uint64_t redrive) {
    return context_.letters->find_redrive(redrive);
  }
  [[nodiscard]] Result<std::vector<RedrivePlan>> list(uint64_t limit) {
    return context_.letters->redrives(limit);
  }
  [[nodiscard]] bool busy() const { return busy_.load(std::memory_order_acquire); }

  // The end of the process: no more letters. Then, once the pipelines are done (`abandoned`: or
  // have given up), the thread ends.
  void stop_all() SLUICE_EXCLUDES(mutex_);
  void finish(bool abandoned) SLUICE_EXCLUDES(mutex_);

 private:
  Status check(const RedriveRequest& request);
  Status check_overwrites(const RedriveRequest& request, const LetterClass& of) const;
  Status choose(uint64_t redrive, const RedriveRequest& request);
  Result<RedrivePlan> run_plan(uint64_t redrive, RedriveRequest request, const std::string& action)
      SLUICE_REQUIRES(mutex_);
  void run(uint64_t redrive, const RedriveRequest& request, StopSource& stop);
  Status feed(uint64_t redrive, const RedriveRequest& request, StopSource& stop);
  Status feed_page(uint64_t redrive, const RedriveRequest& request, std::vector<DeadLetter> letters,
                   StopSource& stop);
  void settled(uint64_t letters) SLUICE_EXCLUDES(out_mutex_);
  void wait_settled() SLUICE_EXCLUDES(out_mutex_);
  void note(std::string_view action, const std::string& who, const RedrivePlan& plan);
  [[nodiscard]] Pipeline* pipeline(const std::string& name) const;

  const Context context_;
  Mutex mutex_;  // of starting and ending
  std::thread thread_ SLUICE_GUARDED_BY(mutex_);
  std::unique_ptr<StopSource> stop_ SLUICE_GUARDED_BY(mutex_);
  uint64_t running_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool ended_ SLUICE_GUARDED_BY(mutex_) = false;
  StopSource dry_stop_;
  std::atomic<bool> busy_{false};

  Mutex out_mutex_;
  CondVar out_changed_;
  uint64_t out_ SLUICE_GUARDED_BY(out_mutex_) = 0;  // letters taken in and not settled
  bool abandoned_ SLUICE_GUARDED_BY(out_mutex_) = false;
};

// Does the sink let a later record win over an earlier one, whatever their revisions?
bool overwrites_blindly(const SinkConfig& sink);
// A record of this sink that waits in a retry topic lets later ones of its key pass: kInvalid where
// it would replace them when it comes.
Status may_be_passed(const SinkConfig& sink);

}  // namespace sluice
