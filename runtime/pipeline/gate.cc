// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/gate.h"

#include "runtime/base/text.h"
#include "runtime/pipeline/bundle_files.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kShownFailures = 5;
constexpr size_t kShownBytes = 1000;

std::string failures_text(const workshop::TestReport& report) {
  if (!report.error.empty()) return report.error;
  std::string out = std::to_string(report.failed()) + " of " + std::to_string(report.cases.size()) +
                    " tests in " + report.file.filename().string() + " failed";
  uint64_t shown = 0;
  for (const workshop::TestCase& test : report.cases) {
    if (test.outcome != workshop::TestCase::Outcome::kFailed) continue;
    if (shown++ == kShownFailures) break;
    out += shown == 1 ? ": " : "; ";
    if (!test.group.empty()) out += test.group + " > ";
    out += test.name + ": " + shorten(test.message, kShownBytes);
  }
  return out;
}

void add_counts(const workshop::TestReport& report, TestCounts& counts) {
  for (const workshop::TestCase& test : report.cases) {
    switch (test.outcome) {
      case workshop::TestCase::Outcome::kPassed:
        ++counts.passed;
        break;
      case workshop::TestCase::Outcome::kFailed:
        ++counts.failed;
        break;
      case workshop::TestCase::Outcome::kSkipped:
        ++counts.skipped;
        break;
    }
  }
}

void test_script(const fs::path& script, const PipelineConfig& config, const TestRunner& run_tests,
                 GateResult& result) {
  const workshop::TestReport report = run_tests(script, script_limits_of(config));
  add_counts(report, result.tests);
  if (report.ok()) return;
  std::string message = result.status ? std::string() : result.status.message() + "; ";
  result.status = invalid(std::move(message) + failures_text(report));
  result.tests_failed = true;
}

// The script has to have tests, or a warning; a lift may have some.
void test_bundle(const PipelineConfig& config, const TestRunner& run_tests, GateResult& result) {
  std::error_code error;  // a file that cannot be looked at is not there
  if (config.transform) {
    const fs::path file = workshop::test_file_of(*config.transform);
    if (fs::exists(file, error)) {
      test_script(*config.transform, config, run_tests, result);
    } else {
      result.warnings.push_back(config.transform->filename().string() + " has no tests: write " +
                                file.string() + " and they are run before each change goes live");
    }
  }
  if (!result.bundle->lineage) return;
  for (const LineageVersion& version : result.bundle->lineage->versions()) {
    if (version.lift_file.empty()) continue;
    if (!fs::exists(workshop::test_file_of(version.lift_file), error)) continue;
    test_script(version.lift_file, config, run_tests, result);
  }
}

}  // namespace

GateResult load_tested(const PipelineConfig& config, std::string* seen,
                       const TestRunner& run_tests) {
  constexpr int kTries = 5;
  GateResult result;
  for (int i = 0; i < kTries; ++i) {
    result = GateResult();
    auto loaded = Bundle::load(config, seen);
    if (!loaded) {
      result.status = loaded.status();
      return result;
    }
    result.bundle = std::move(loaded).value();
    test_bundle(config, run_tests, result);
    // The tests read the files themselves: what they say counts only for what was loaded.
    if (BundleFiles::of(config).fingerprint() == result.bundle->fingerprint) return result;
  }
  result.bundle.reset();
  result.tests_failed = false;
  result.status = unavailable("the files of pipeline " + config.name +
                              " keep changing while their tests run; try again when they are "
                              "saved");
  return result;
}

}  // namespace sluice
