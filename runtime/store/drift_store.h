// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace sluice {

// One line of the drift ledger as it is kept and shown; names of kinds and severities are those of
// docs/drift.md.
struct DriftRow {
  std::string pipeline;
  std::string source;
  std::string path;
  std::string kind;
  std::string severity;  // "info", "warning" or "breaking"
  int64_t first_seen_us = 0;
  int64_t last_seen_us = 0;
  uint64_t count = 0;
  uint64_t observed = 0;  // records looked at since it was first seen
  std::string schema_version;
  std::string before;
  std::string after;
  std::string sample;
  std::string record_sha256;

  [[nodiscard]] double share() const {
    return observed == 0 ? 0 : static_cast<double>(count) / static_cast<double>(observed);
  }
};

// Which rows; empty and 0 are any.
struct DriftFilter {
  std::string pipeline;
  std::string source;
  std::string severity;  // this one or a worse one
  int64_t since_us = 0;  // seen at this time or later

  [[nodiscard]] bool accepts(const DriftRow& row) const;
};

// 0 for info, 1 for warning, 2 for breaking; -1: not a severity.
int drift_severity_rank(std::string_view severity);
// Worst first, then most recently seen.
void sort_drift(std::vector<DriftRow>& rows);
// One JSON object on one line: {pipeline, source, path, kind, severity, first_seen, last_seen,
// count, observed, share, schema_version, before, after, sample, record_sha256}; without the sample
// unless it is asked for.
std::string drift_json(const DriftRow& row, bool with_sample);

// What changed in the ledger of one source.
struct DriftUpdate {
  std::string pipeline;
  std::string source;
  std::vector<DriftRow> rows;
  std::vector<std::pair<std::string, std::string>> removed;  // path and kind
  bool all = false;                                          // `rows` are all there are: others go
  std::string baseline;                                      // opaque bytes; empty: unchanged
  bool settled = false;                                      // the baseline is done being learned
};

struct DriftState {
  std::vector<DriftRow> rows;
  std::string baseline;
  bool settled = false;
};

// The drift ledger on disk. One writer at a time inside, readers beside it. Any thread.
class DriftStore {
 public:
  virtual ~DriftStore() = default;
  // All of it durable when it returns OK, none of it otherwise.
  virtual Status save(const std::vector<DriftUpdate>& updates) = 0;
  virtual Result<DriftState> load(const std::string& pipeline, const std::string& source) = 0;
  virtual Result<std::vector<DriftRow>> rows(const DriftFilter& filter) = 0;
};

// SQLite file `drift.db` in the state folder; errors as for the checkpoint store. read_only: for
// commands beside a running process; creates nothing (kNotFound), and save() answers kInvalid.
Result<std::unique_ptr<DriftStore>> open_drift_store(const std::filesystem::path& dir,
                                                     bool read_only = false);

}  // namespace sluice
