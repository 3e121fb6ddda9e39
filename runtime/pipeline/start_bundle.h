// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "runtime/pipeline/bundle_store.h"
#include "runtime/pipeline/gate.h"
#include "runtime/pipeline/reload_history.h"

namespace sluice {

// What a pipeline begins with: the bundle of its files, once their tests pass. Not so when the
// process before this one ended with another one running, and these very files had been taken back:
// then that one runs again, until the files change. With a rollout it runs until
// changed files were judged: its fingerprint is empty then. Errors are those of the files: there is
// nothing to fall back to that somebody at the start would expect.
Result<std::shared_ptr<const Bundle>> choose_start_bundle(
    const PipelineConfig& config, const ReloadHistory& history, const BundleStore& store,
    const TestRunner& run_tests = run_script_tests);

}  // namespace sluice
