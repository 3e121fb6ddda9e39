// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/status.h"

// The conformance kit; README.md says what it promises.
namespace sluice::conform {

enum class Verdict { kPass, kFail, kSkip };

struct CheckInfo {
  std::string id;
  std::string description;
  bool must = true;  // else: should
};

struct CheckResult {
  CheckInfo check;
  std::string component;  // "source file"; empty for checks of the file
  Verdict verdict = Verdict::kPass;
  std::string reason;  // of a failure or a skip
  std::chrono::milliseconds took{0};
};

struct Options {
  std::filesystem::path file;
  std::optional<std::filesystem::path> fixture;
  std::vector<std::string> only;  // ids; empty: all
  bool in_process = false;        // for a debugger: a crash is a crash of this program
  std::chrono::milliseconds time_limit{20'000};  // a check
};

struct Report {
  std::string file;
  std::vector<CheckResult> results;
  // No check of level must failed, and at least one passed.
  [[nodiscard]] bool conforms() const;
  [[nodiscard]] size_t count(Verdict verdict) const;
};

// Every check there is, in the order they are run.
std::vector<CheckInfo> list_checks();

// Runs the checks one after the other. Errors are the caller's: a file that cannot be read, a
// broken fixture, an unknown id in `only`. Call from a process without other busy threads.
Result<Report> conform(const Options& options);

}  // namespace sluice::conform
