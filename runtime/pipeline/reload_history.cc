// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/reload_history.h"

#include "runtime/base/log.h"
#include "runtime/record/document.h"

namespace sluice {

ReloadHistory::ReloadHistory(AuditLog* audit) : audit_(audit) {
  if (audit_ == nullptr) return;
  Document document;
  MutexLock lock(mutex_);
  for (const std::string& line : audit_->lines()) {
    if (const auto change = read_change(line, document)) keep(*change);
  }
}

std::vector<std::string> ReloadHistory::Pipeline::good() const {
  std::vector<std::string> out;
  for (const BundleChange& change : changes) {
    if (!change.changed_what_runs()) continue;
    if (change.outcome == "rolled_back") {
      while (!out.empty() && out.back() != change.hash) out.pop_back();
    }
    if (out.empty() || out.back() != change.hash) out.push_back(change.hash);
  }
  return out;
}

void ReloadHistory::keep(const BundleChange& change) {
  Pipeline& pipeline = pipelines_[change.pipeline];
  if (change.changed_what_runs()) pipeline.active_since_us = change.at_us;
  pipeline.changes.push_back(change);
  if (pipeline.changes.size() > kKept) pipeline.changes.pop_front();
}

void ReloadHistory::note(const BundleChange& change) {
  MutexLock lock(mutex_);
  keep(change);
}

void ReloadHistory::write(const BundleChange& change) {
  if (audit_ == nullptr) return;
  if (const Status written = audit_->append(change_json(change)); !written) {
    log::warn("audit.failed", "a change is not in the audit log: " + written.message(),
              {{"pipeline", change.pipeline}});
  }
}

std::map<std::string, ReloadHistory::Pipeline> ReloadHistory::snapshot() const {
  MutexLock lock(mutex_);
  return pipelines_;
}

}  // namespace sluice
