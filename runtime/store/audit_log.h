// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"

namespace sluice {

// What people and changed files did to the process, as JSON lines in `audit.jsonl` of the state
// folder (0600): one object a line, oldest first. Past kMaxBytes the file becomes `audit.1.jsonl`,
// in place of the one before, so that disk use is bounded. Thread-safe.
class AuditLog {
 public:
  static constexpr uint64_t kMaxBytes = 1 << 20;

  static Result<std::unique_ptr<AuditLog>> open(const std::filesystem::path& dir);

  // Appends one object (without line break) durably. A line longer than kMaxBytes is refused.
  Status append(std::string_view json) SLUICE_EXCLUDES(mutex_);
  // The lines there are, oldest first. What a crash left unfinished is passed over.
  [[nodiscard]] std::vector<std::string> lines() const SLUICE_EXCLUDES(mutex_);
  // Those of a state folder, beside the process that writes them.
  static std::vector<std::string> lines_of(const std::filesystem::path& dir);

 private:
  explicit AuditLog(std::filesystem::path dir) : dir_(std::move(dir)) {}
  [[nodiscard]] std::filesystem::path file() const { return dir_ / "audit.jsonl"; }
  [[nodiscard]] std::filesystem::path older_file() const { return dir_ / "audit.1.jsonl"; }
  Status open_file() SLUICE_REQUIRES(mutex_);
  Status rotate() SLUICE_REQUIRES(mutex_);

  const std::filesystem::path dir_;
  mutable Mutex mutex_;
  UniqueFd fd_ SLUICE_GUARDED_BY(mutex_);
  uint64_t size_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
