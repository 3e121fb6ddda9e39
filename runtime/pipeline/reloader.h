// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/base/stop.h"
#include "runtime/base/unique_fd.h"
#include "runtime/config/load.h"
#include "runtime/pipeline/activator.h"
#include "runtime/pipeline/file_watch.h"
#include "runtime/pipeline/pipeline.h"
#include "runtime/pipeline/reload_history.h"

namespace sluice {

// What a reload came to. In every case each pipeline runs a whole bundle: the new one, or the last
// good one.
struct ReloadReport {
  enum class Answer {
    kDone,             // every pipeline runs what its files say
    kFailed,           // some do not; see the changes, or `message` when the configuration is wrong
    kUnknownPipeline,  // of that name; nothing was done
    kNotNow,           // the process is starting or ending; nothing was done
    kFixed,            // the configuration asks for what needs a restart; nothing was done
    kNoWayBack,        // there is no earlier bundle to run; nothing was done
  };
  Answer answer = Answer::kDone;
  std::string message;                // for all but kDone
  std::vector<std::string> keys;      // kFixed
  std::vector<BundleChange> changes;  // of the pipelines looked at, in their order
};

// Takes changed schemas, lifts and scripts over while records flow: compiles everything, and only
// then lets the next batches have it. On its own thread it watches the files of pipelines with
// `reload: watch` and serves requests of a descriptor (a signal); sources and sinks notice nothing.
class Reloader {
 public:
  struct Options {
    std::vector<Pipeline*> pipelines;  // outlive this
    ReloadHistory* history = nullptr;  // outlives this
    const Clock* clock = nullptr;
    DeadLetterStore* letters = nullptr;  // may be null; outlives this
    BundleStore* store = nullptr;        // may be null; outlives this
    TestRunner run_tests = run_script_tests;
    // The configuration as it is now, for reloads that are asked for; may be empty. `values` are
    // those the process runs with.
    std::function<Result<LoadedConfig>()> read_config;
    std::map<std::string, std::string> values;
    // An eventfd, borrowed: readable when a reload of everything is asked for, which the reloader's
    // thread does then; the log says what came of it. -1: nobody asks this way.
    int request_fd = -1;
    // How long files must be at rest before a change of them is taken over.
    Millis rest{100};
  };

  explicit Reloader(Options options);
  ~Reloader();

  // Notes what runs, then watches. After the pipelines were prepared.
  void start();
  void stop();  // waits for a reload that is going on

  // Loads now; an empty name means all pipelines. Any thread, one at a time.
  ReloadReport reload(std::string_view pipeline, std::string_view trigger)
      SLUICE_EXCLUDES(reload_mutex_);
  // Lets the bundle that ran before run again, of one pipeline; without a name of the only one
  // there is. Any thread, one at a time with reload().
  ReloadReport roll_back(std::string_view pipeline, std::string_view trigger)
      SLUICE_EXCLUDES(reload_mutex_);
  // The pipelines whose files are watched now.
  [[nodiscard]] std::set<std::string> watched() const SLUICE_EXCLUDES(watched_mutex_);

  // Times the files were looked at because something changed; for tests.
  [[nodiscard]] uint64_t looks() const { return looks_.load(); }

 private:
  using Time = std::chrono::steady_clock::time_point;

  [[nodiscard]] std::optional<ReloadReport> not_now() const;
  [[nodiscard]] std::optional<ReloadReport> not_known(std::string_view pipeline) const
      SLUICE_REQUIRES(reload_mutex_);
  std::optional<ReloadReport> take_config() SLUICE_REQUIRES(reload_mutex_);
  void prune_store() SLUICE_REQUIRES(reload_mutex_);
  void run();
  void serve_request();
  void judge() SLUICE_EXCLUDES(reload_mutex_);
  void watch_files() SLUICE_EXCLUDES(reload_mutex_);
  bool look(bool patient) SLUICE_EXCLUDES(reload_mutex_);
  [[nodiscard]] int wait_ms(Time now) const;

  Options options_;
  std::optional<FileWatch> watch_;  // of the thread
  std::optional<Time> changed_at_;  // of the thread: the last news not looked at yet
  std::optional<Time> first_at_;    // and the first of them
  UniqueFd judge_;                  // an eventfd: a rollout may be judged
  StopSource stop_;
  std::atomic<bool> started_{false};
  std::thread thread_;
  std::atomic<uint64_t> looks_{0};

  // Apart from the next, which is held while files are compiled.
  mutable Mutex watched_mutex_;
  std::set<std::string> watched_ SLUICE_GUARDED_BY(watched_mutex_);

  Mutex reload_mutex_;
  std::vector<Activator> activators_ SLUICE_GUARDED_BY(reload_mutex_);
};

}  // namespace sluice
