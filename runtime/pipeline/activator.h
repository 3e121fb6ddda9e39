// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/pipeline/bundle_change.h"
#include "runtime/pipeline/bundle_store.h"
#include "runtime/pipeline/gate.h"
#include "runtime/pipeline/pipeline.h"
#include "runtime/pipeline/reload_history.h"

namespace sluice {

// Takes one pipeline from the bundle it runs to another one: loads it, runs its tests, lets it run,
// and notes what came of it. Knows the bundles that ran before, for the way back. One thread at a
// time.
class Activator {
 public:
  struct Services {
    ReloadHistory* history = nullptr;
    const Clock* clock = nullptr;
    DeadLetterStore* letters = nullptr;  // may be null: shadow runs do without
    BundleStore* store = nullptr;  // may be null: earlier bundles are known in this process only
    // Asks for judge() to be called, on the thread of the other calls. Any thread.
    std::function<void()> judge_soon = {};
    TestRunner run_tests = run_script_tests;
  };

  // All outlive the activator.
  Activator(Pipeline& pipeline, const Services& services);

  // Notes what runs at the start.
  void note_start();
  // Loads the files as they are now and lets them run if they may. `disturbed` is asked once they
  // are read: true, and nothing is done but forgetting that they were looked at.
  BundleChange reload(std::string_view trigger, const std::function<bool()>& disturbed = {});
  // Lets the bundle that ran before this one run again. Its files are not loaded again before they
  // change, or somebody asks. kNotFound: there is none, or it is not kept any more.
  Result<BundleChange> roll_back(std::string_view trigger);

  // Ends the rollout if there are enough records to judge it by; otherwise nothing.
  void judge();

  // The files are not those that were last looked at.
  [[nodiscard]] bool files_changed() const;
  // What runs is not what the files said at the start: they are still to be tried.
  [[nodiscard]] bool not_loaded_yet() const { return fingerprint_.empty(); }
  // Hashes of the bundles whose files are kept: those the way back may lead to, the one that runs,
  // and one that is being rolled out.
  [[nodiscard]] std::vector<std::string> wanted() const;
  [[nodiscard]] const PipelineConfig& config() const { return config_; }
  void set_config(const PipelineConfig& config) { config_ = config; }

 private:
  BundleChange begin(std::string_view trigger) const;
  void try_bundle(const GateResult& gate, const Bundle& before, BundleChange& change);
  bool run_beside(const GateResult& gate, BundleChange& change);
  void supersede(std::string_view trigger, const std::string& why);
  BundleChange take_back(const Rollout& rollout, std::string_view trigger, std::string why);
  void finish(const BundleChange& change);
  void keep_files(const Bundle& bundle);
  void remember(const std::shared_ptr<const Bundle>& bundle);
  Result<std::shared_ptr<const Bundle>> recall(const std::string& hash) const;

  Pipeline& pipeline_;
  const Services services_;
  PipelineConfig config_;    // of its bundle
  std::string fingerprint_;  // of the files when they were last loaded, with success or without
  std::vector<std::string> good_;
  std::vector<std::shared_ptr<const Bundle>> kept_;  // those of good_ that ran in this process
};

}  // namespace sluice
