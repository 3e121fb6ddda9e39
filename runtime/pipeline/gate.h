// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/pipeline/bundle.h"
#include "runtime/script/workshop/test_runner.h"

namespace sluice {

struct TestCounts {
  uint64_t passed = 0;
  uint64_t failed = 0;
  uint64_t skipped = 0;
};

// What a bundle has to pass before it may run: it loads, and the tests of its scripts pass.
struct GateResult {
  std::shared_ptr<const Bundle> bundle;  // nullptr: it does not load
  Status status;                         // why it may not run
  bool tests_failed = false;             // that is why
  TestCounts tests;
  std::vector<std::string> warnings;  // it may run all the same: a script without tests
};

using TestRunner =
    std::function<workshop::TestReport(const std::filesystem::path&, const ScriptLimits&)>;
// workshop::run_tests
inline workshop::TestReport run_script_tests(const std::filesystem::path& script,
                                             const ScriptLimits& limits) {
  return workshop::run_tests(script, limits);
}

// Loads what the pipeline names and runs the tests of its script and of its lifts, all of it from
// one state of the files. `seen` as for Bundle::load. `run_tests` is another one in tests of ours.
GateResult load_tested(const PipelineConfig& config, std::string* seen,
                       const TestRunner& run_tests = run_script_tests);

}  // namespace sluice
