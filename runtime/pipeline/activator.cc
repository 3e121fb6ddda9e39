// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/activator.h"

#include <algorithm>

#include "runtime/base/log.h"
#include "runtime/pipeline/bundle_files.h"
#include "runtime/pipeline/shadow.h"

namespace sluice {
namespace {

// Paths whose hash differs, that came, or that went.
std::vector<std::string> changed_files(const Bundle& before, const Bundle& after) {
  std::vector<std::string> out;
  for (const auto& [path, hash] : after.files) {
    const auto old = before.files.find(path);
    if (old == before.files.end() || old->second != hash) out.push_back(path);
  }
  for (const auto& [path, hash] : before.files) {
    if (after.files.find(path) == after.files.end()) out.push_back(path);
  }
  std::sort(out.begin(), out.end());
  return out;
}

// What a change says of the bundle it is about.
void describe(const Bundle& bundle, BundleChange& change) {
  if (bundle.script) change.script = bundle.script->hash();
  change.authored_us = authored_us(bundle);
}

void log_change(const BundleChange& change) {
  if (change.outcome == "unchanged") return;
  for (const std::string& warning : change.warnings) {
    log::warn("bundle.warning", warning, {{"pipeline", change.pipeline}});
  }
  if (change.refused()) {
    log::error("bundle.refused", "the last good bundle runs on: " + change.error,
               {{"pipeline", change.pipeline},
                {"outcome", change.outcome},
                {"hash", change.hash},
                {"trigger", change.trigger}});
  } else if (change.outcome == "activated") {
    log::info("bundle.activated", "the next batches are read with changed files",
              {{"pipeline", change.pipeline},
               {"hash", change.hash},
               {"previous", change.previous},
               {"trigger", change.trigger}});
  } else if (change.outcome == "rolling_out" || change.outcome == "rolled_out" ||
             change.outcome == "superseded") {
    log::info("bundle." + change.outcome,
              change.outcome == "rolling_out"  ? "a share of the keys is read with changed files"
              : change.outcome == "rolled_out" ? "the share was no worse: it is for all keys now"
                                               : change.error,
              {{"pipeline", change.pipeline},
               {"hash", change.hash},
               {"candidate", change.candidate},
               {"rollout", change.rollout},
               {"trigger", change.trigger}});
  } else if (change.outcome == "rolled_back") {
    log::warn("bundle.rolled_back", change.error,
              {{"pipeline", change.pipeline},
               {"hash", change.hash},
               {"taken_back", change.candidate.empty() ? change.previous : change.candidate},
               {"rollout", change.rollout},
               {"trigger", change.trigger}});
  }
}

}  // namespace

Activator::Activator(Pipeline& pipeline, const Services& services)
    : pipeline_(pipeline),
      services_(services),
      config_(pipeline.config()),
      fingerprint_(pipeline.bundle()->fingerprint) {
  const auto history = services_.history->snapshot();
  if (const auto past = history.find(config_.name); past != history.end()) {
    good_ = past->second.good();
  }
}

BundleChange Activator::begin(std::string_view trigger) const {
  BundleChange change;
  change.at_us = services_.clock->wall_us();
  change.pipeline = config_.name;
  change.trigger = trigger;
  change.hash = pipeline_.bundle()->hash;
  return change;
}

void Activator::note_start() {
  BundleChange change = begin("start");
  change.outcome = "started";
  const auto bundle = pipeline_.bundle();
  describe(*bundle, change);
  keep_files(*bundle);
  services_.history->add(change);
  remember(bundle);
}

BundleChange Activator::reload(std::string_view trigger, const std::function<bool()>& disturbed) {
  const auto before = pipeline_.bundle();
  // On an error too: files are not tried again until they change, which is news yet to be read.
  const GateResult gate = load_tested(config_, &fingerprint_, services_.run_tests);
  BundleChange change = begin(trigger);
  change.outcome = "unchanged";
  if (disturbed && disturbed()) {
    fingerprint_.clear();  // what was read may be half of what is being written
    return change;
  }
  if (gate.bundle) {
    describe(*gate.bundle, change);
    change.tests = gate.tests;
    change.warnings = gate.warnings;
  }
  const auto rollout = pipeline_.rollout();
  const bool rolling_already =
      rollout && gate.status && rollout->activation()->bundle()->hash == gate.bundle->hash;
  if (!gate.status) {
    change.outcome = gate.tests_failed ? "refused_by_tests" : "failed";
    change.error = gate.status.message();
    if (gate.bundle && gate.bundle->hash != before->hash) change.candidate = gate.bundle->hash;
  } else if (rolling_already) {
    change.candidate = gate.bundle->hash;  // goes on
  } else if (gate.bundle->hash != before->hash) {
    try_bundle(gate, *before, change);
  } else if (rollout) {
    supersede(trigger, "its files are again those of the bundle that runs");
  }
  if (change.refused()) services_.history->note(change);
  finish(change);
  if (change.changed_what_runs()) remember(gate.bundle);
  return change;
}

void Activator::try_bundle(const GateResult& gate, const Bundle& before, BundleChange& change) {
  if (config_.shadow && !run_beside(gate, change)) return;
  keep_files(*gate.bundle);
  BundleChange done = change;
  done.previous = before.hash;
  done.changed = changed_files(before, *gate.bundle);
  supersede(change.trigger, "another bundle came before it was judged");
  Status status;
  if (config_.rollout) {
    done.previous.clear();
    done.candidate = gate.bundle->hash;
    status = pipeline_.start_rollout(gate.bundle, *config_.rollout, services_.judge_soon, [&] {
      done.at_us = services_.clock->wall_us();
      done.outcome = "rolling_out";
      services_.history->note(done);
    });
  } else {
    status = pipeline_.activate(gate.bundle, [&] {
      done.at_us = services_.clock->wall_us();
      done.outcome = "activated";
      done.hash = gate.bundle->hash;
      services_.history->note(done);
    });
  }
  if (status) {
    change = std::move(done);
    return;
  }
  change.outcome = "failed";
  change.candidate = gate.bundle->hash;
  change.error = status.message();
}

// The shadow run; false: the change is refused.
bool Activator::run_beside(const GateResult& gate, BundleChange& change) {
  ShadowInput input;
  input.records = pipeline_.recent_records();
  input.schema_ids = pipeline_.schema_ids();
  if (config_.shadow->dead_letters && services_.letters != nullptr) {
    input.letters = curable_letters(config_, *services_.letters);
  }
  const auto report = run_shadow(config_, pipeline_.bundle(), gate.bundle, input);
  change.candidate = gate.bundle->hash;
  if (!report) {
    change.outcome = "failed";
    change.error = report.status().message();
    return false;
  }
  change.shadow = report->json();
  change.error = report->refusal(*config_.shadow);
  if (!change.error.empty()) {
    change.outcome = "refused_by_shadow";
    return false;
  }
  change.candidate.clear();
  return true;
}

Result<BundleChange> Activator::roll_back(std::string_view trigger) {
  if (const auto rollout = pipeline_.rollout()) {
    return take_back(*rollout, trigger, "the bundle before this one was asked for");
  }
  BundleChange change = begin(trigger);
  if (good_.size() < 2) {
    return not_found("pipeline " + config_.name + " knows no bundle that ran before " +
                     change.hash.substr(0, 12));
  }
  SLUICE_ASSIGN_OR_RETURN(const auto target, recall(good_[good_.size() - 2]));
  const auto before = pipeline_.bundle();
  change.previous = before->hash;
  change.changed = changed_files(*before, *target);
  change.error = "the bundle before this one was asked for";
  describe(*target, change);
  SLUICE_RETURN_IF_ERROR(pipeline_.activate(target, [&] {
    change.at_us = services_.clock->wall_us();
    change.outcome = "rolled_back";
    change.hash = target->hash;
    services_.history->note(change);
  }));
  good_.pop_back();
  finish(change);
  return change;
}

// A rollout that is going on ends unjudged.
void Activator::supersede(std::string_view trigger, const std::string& why) {
  const auto rollout = pipeline_.rollout();
  if (!rollout) return;
  BundleChange change = begin(trigger);
  change.outcome = "superseded";
  change.candidate = rollout->activation()->bundle()->hash;
  describe(*rollout->activation()->bundle(), change);
  change.error = why;
  change.rollout = rollout->json();
  pipeline_.end_rollout(false, [&] { services_.history->note(change); });
  finish(change);
}

BundleChange Activator::take_back(const Rollout& rollout, std::string_view trigger,
                                  std::string why) {
  const auto bundle = rollout.activation()->bundle();
  BundleChange change = begin(trigger);
  change.outcome = "rolled_back";
  change.candidate = bundle->hash;
  describe(*bundle, change);
  change.error = std::move(why);
  change.rollout = rollout.json();
  pipeline_.end_rollout(false, [&] { services_.history->note(change); });
  finish(change);
  return change;
}

void Activator::judge() {
  const auto rollout = pipeline_.rollout();
  if (!rollout) return;
  const Rollout::Counts counts = rollout->counts();
  if (!Rollout::enough(counts)) return;
  if (Rollout::worse(counts)) {
    take_back(
        *rollout, "rollout",
        "it rejects more than the bundle before it: " + std::to_string(counts.candidate.rejected) +
            " of " + std::to_string(counts.candidate.records) + " records, against " +
            std::to_string(counts.running.rejected) + " of " +
            std::to_string(counts.running.records));
    return;
  }
  const auto bundle = rollout->activation()->bundle();
  BundleChange change = begin("rollout");
  change.previous = change.hash;
  change.changed = changed_files(*pipeline_.bundle(), *bundle);
  change.outcome = "rolled_out";
  change.hash = bundle->hash;
  describe(*bundle, change);
  change.rollout = rollout->json();
  pipeline_.end_rollout(true, [&] { services_.history->note(change); });
  finish(change);
  remember(bundle);
}

// The rest of a change that is in the history's memory already.
void Activator::finish(const BundleChange& change) {
  log_change(change);
  if (change.outcome != "unchanged") services_.history->write(change);
}

bool Activator::files_changed() const {
  return fingerprint_.empty() || BundleFiles::of(config_).fingerprint() != fingerprint_;
}

void Activator::remember(const std::shared_ptr<const Bundle>& bundle) {
  if (good_.empty() || good_.back() != bundle->hash) good_.push_back(bundle->hash);
  if (good_.size() > BundleStore::kKept) {
    good_.erase(good_.begin(), good_.end() - static_cast<ptrdiff_t>(BundleStore::kKept));
  }
  kept_.push_back(bundle);
  std::erase_if(kept_, [&](const auto& kept) {
    return std::find(good_.begin(), good_.end(), kept->hash) == good_.end();
  });
  if (kept_.size() > BundleStore::kKept) kept_.erase(kept_.begin());
}

// Before anybody is told that it runs, and may change its files for that.
void Activator::keep_files(const Bundle& bundle) {
  if (services_.store == nullptr) return;
  if (const Status saved = services_.store->save(config_, bundle); !saved) {
    log::warn("bundle.unsaved",
              "this bundle is not kept for a way back after a restart: " + saved.message(),
              {{"pipeline", config_.name}, {"hash", bundle.hash}});
  }
}

std::vector<std::string> Activator::wanted() const {
  std::vector<std::string> out = good_;
  if (const auto rollout = pipeline_.rollout()) {
    out.push_back(rollout->activation()->bundle()->hash);
  }
  return out;
}

Result<std::shared_ptr<const Bundle>> Activator::recall(const std::string& hash) const {
  for (const auto& bundle : kept_) {
    if (bundle->hash == hash) return bundle;
  }
  if (services_.store != nullptr) return services_.store->load(config_, hash);
  return not_found("the bundle " + hash.substr(0, 12) +
                   " ran in an earlier process and is not kept");
}

}  // namespace sluice
