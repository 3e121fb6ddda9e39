// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/start_bundle.h"

#include "runtime/base/log.h"

namespace sluice {
namespace {

// The last thing that became of these files' bundle was to be taken back, by hand or by a rollout.
bool was_taken_back(const ReloadHistory::Pipeline& past, const std::string& hash) {
  for (auto change = past.changes.rbegin(); change != past.changes.rend(); ++change) {
    if (change->outcome == "rolled_back" &&
        (change->previous == hash || change->candidate == hash)) {
      return true;
    }
    if (change->hash == hash && change->changed_what_runs()) return false;
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<const Bundle>> choose_start_bundle(const PipelineConfig& config,
                                                          const ReloadHistory& history,
                                                          const BundleStore& store,
                                                          const TestRunner& run_tests) {
  GateResult gate = load_tested(config, nullptr, run_tests);
  if (!gate.status) return std::move(gate.status);
  for (const std::string& warning : gate.warnings) {
    log::warn("bundle.warning", warning, {{"pipeline", config.name}});
  }
  const auto all = history.snapshot();
  const auto past = all.find(config.name);
  if (past == all.end()) return gate.bundle;
  const auto good = past->second.good();
  if (good.empty() || good.back() == gate.bundle->hash) return gate.bundle;
  const bool taken_back = was_taken_back(past->second, gate.bundle->hash);
  if (!taken_back && !config.rollout) return gate.bundle;
  auto kept = store.load(config, good.back());
  if (!kept) {
    log::warn("bundle.start",
              "the bundle that ran last cannot run again, so what the files say does: " +
                  kept.status().message(),
              {{"pipeline", config.name}, {"hash", gate.bundle->hash}});
    return gate.bundle;
  }
  log::warn("bundle.start",
            taken_back ? "these files were taken back: the bundle before them runs"
                       : "the bundle that ran last runs until the files have been rolled out",
            {{"pipeline", config.name}, {"files", gate.bundle->hash}, {"hash", (*kept)->hash}});
  auto out = std::make_shared<Bundle>(**kept);
  // Not to be loaded until they change; or, left empty, at once.
  if (taken_back) out->fingerprint = gate.bundle->fingerprint;
  return std::shared_ptr<const Bundle>(std::move(out));
}

}  // namespace sluice
