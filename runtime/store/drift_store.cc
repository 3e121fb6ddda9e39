// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/drift_store.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "runtime/base/fault.h"
#include "runtime/base/mutex.h"
#include "runtime/base/text.h"
#include "runtime/store/database_format.h"
#include "runtime/store/sqlite.h"

namespace sluice {
namespace {

using store::Database;
using store::Statement;
using store::Transaction;

constexpr const char* kCreate = R"(
CREATE TABLE entries (
  pipeline TEXT NOT NULL,
  source TEXT NOT NULL,
  path TEXT NOT NULL,
  kind TEXT NOT NULL,
  severity TEXT NOT NULL,
  first_seen_us INTEGER NOT NULL,
  last_seen_us INTEGER NOT NULL,
  count INTEGER NOT NULL,
  observed INTEGER NOT NULL,
  schema_version TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  sample TEXT NOT NULL,
  record_sha256 TEXT NOT NULL,
  PRIMARY KEY (pipeline, source, path, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE baselines (
  pipeline TEXT NOT NULL,
  source TEXT NOT NULL,
  settled INTEGER NOT NULL,
  profile BLOB NOT NULL,
  PRIMARY KEY (pipeline, source)
) STRICT;
)";
constexpr std::array kSteps = {kCreate};

const store::DatabaseFormat kFormat = {
    .file = "drift.db",
    .application_id = 0x534c4452,  // "SLDR"
    .steps = kSteps,
    .loss = "the drift ledger and what it learned of each source are then learned anew"};

constexpr std::string_view kPut =
    "INSERT OR REPLACE INTO entries (pipeline, source, path, kind, severity, first_seen_us, "
    "last_seen_us, count, observed, schema_version, before, after, sample, record_sha256) VALUES "
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
constexpr std::string_view kSelect =
    "SELECT pipeline, source, path, kind, severity, first_seen_us, last_seen_us, count, observed, "
    "schema_version, before, after, sample, record_sha256 FROM entries";

DriftRow read_row(const Statement& row) {
  DriftRow out;
  out.pipeline = row.text(0);
  out.source = row.text(1);
  out.path = row.text(2);
  out.kind = row.text(3);
  out.severity = row.text(4);
  out.first_seen_us = row.int64(5);
  out.last_seen_us = row.int64(6);
  out.count = row.u64(7);
  out.observed = row.u64(8);
  out.schema_version = row.text(9);
  out.before = row.text(10);
  out.after = row.text(11);
  out.sample = row.text(12);
  out.record_sha256 = row.text(13);
  return out;
}

Status put_row(Statement& put, const DriftRow& row) {
  put.bind_text(1, row.pipeline);
  put.bind_text(2, row.source);
  put.bind_text(3, row.path);
  put.bind_text(4, row.kind);
  put.bind_text(5, row.severity);
  put.bind(6, row.first_seen_us);
  put.bind(7, row.last_seen_us);
  put.bind_u64(8, row.count);
  put.bind_u64(9, row.observed);
  put.bind_text(10, row.schema_version);
  put.bind_text(11, row.before);
  put.bind_text(12, row.after);
  put.bind_text(13, row.sample);
  put.bind_text(14, row.record_sha256);
  return put.run();
}

class SqliteDriftStore final : public DriftStore {
 public:
  static Result<std::unique_ptr<DriftStore>> open(const std::filesystem::path& dir,
                                                  bool read_only) {
    SLUICE_ASSIGN_OR_RETURN(Database database, store::open_database(dir, kFormat, read_only));
    std::unique_ptr<SqliteDriftStore> store(new SqliteDriftStore(database.name()));
    if (!read_only) {
      MutexLock lock(store->mutex_);
      store->writer_.emplace(std::move(database));
    }
    return std::unique_ptr<DriftStore>(std::move(store));
  }

  Status save(const std::vector<DriftUpdate>& updates) override SLUICE_EXCLUDES(mutex_) {
    if (updates.empty()) return Status::ok();
    MutexLock lock(mutex_);
    if (!writer_) {
      return invalid(name_.path + ": opened for reading only; the running process writes it");
    }
    SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(*writer_));
    for (const DriftUpdate& update : updates) SLUICE_RETURN_IF_ERROR(save_one(*writer_, update));
    SLUICE_FAULT_STATUS("drift.before_commit");
    SLUICE_RETURN_IF_ERROR(transaction.commit());
    SLUICE_FAULT("drift.after_commit");
    return Status::ok();
  }

  Result<DriftState> load(const std::string& pipeline, const std::string& source) override {
    DriftState out;
    DriftFilter filter;
    filter.pipeline = pipeline;
    filter.source = source;
    SLUICE_ASSIGN_OR_RETURN(out.rows, rows(filter));
    SLUICE_ASSIGN_OR_RETURN(Database reader, Database::open(name_, true));
    SLUICE_ASSIGN_OR_RETURN(Statement one,
                            reader.prepare("SELECT settled, profile FROM baselines WHERE "
                                           "pipeline = ?1 AND source = ?2"));
    one.bind_text(1, pipeline);
    one.bind_text(2, source);
    SLUICE_ASSIGN_OR_RETURN(const bool found, one.step());
    if (!found) return out;
    out.settled = one.int64(0) != 0;
    out.baseline = one.text(1);
    return out;
  }

  Result<std::vector<DriftRow>> rows(const DriftFilter& filter) override {
    SLUICE_ASSIGN_OR_RETURN(Database reader, Database::open(name_, true));
    SLUICE_ASSIGN_OR_RETURN(Statement each, reader.prepare(kSelect));
    std::vector<DriftRow> out;
    for (;;) {
      SLUICE_ASSIGN_OR_RETURN(const bool more, each.step());
      if (!more) return out;
      DriftRow row = read_row(each);
      if (filter.accepts(row)) out.push_back(std::move(row));
    }
  }

 private:
  explicit SqliteDriftStore(store::DatabaseName name) : name_(std::move(name)) {}

  static Status save_one(Database& database, const DriftUpdate& update) {
    if (update.all) {
      SLUICE_ASSIGN_OR_RETURN(
          Statement clear,
          database.prepare("DELETE FROM entries WHERE pipeline = ?1 AND source = ?2"));
      clear.bind_text(1, update.pipeline);
      clear.bind_text(2, update.source);
      SLUICE_RETURN_IF_ERROR(clear.run());
    }
    SLUICE_ASSIGN_OR_RETURN(Statement remove,
                            database.prepare("DELETE FROM entries WHERE pipeline = ?1 AND source "
                                             "= ?2 AND path = ?3 AND kind = ?4"));
    for (const auto& [path, kind] : update.removed) {
      remove.bind_text(1, update.pipeline);
      remove.bind_text(2, update.source);
      remove.bind_text(3, path);
      remove.bind_text(4, kind);
      SLUICE_RETURN_IF_ERROR(remove.run());
    }
    SLUICE_ASSIGN_OR_RETURN(Statement put, database.prepare(kPut));
    for (const DriftRow& row : update.rows) SLUICE_RETURN_IF_ERROR(put_row(put, row));
    if (update.baseline.empty()) return Status::ok();
    SLUICE_ASSIGN_OR_RETURN(Statement keep,
                            database.prepare("INSERT OR REPLACE INTO baselines (pipeline, source, "
                                             "settled, profile) VALUES (?1, ?2, ?3, ?4)"));
    keep.bind_text(1, update.pipeline);
    keep.bind_text(2, update.source);
    keep.bind(3, update.settled ? 1 : 0);
    keep.bind_blob(4, std::string_view(update.baseline));
    return keep.run();
  }

  const store::DatabaseName name_;
  Mutex mutex_;
  std::optional<Database> writer_ SLUICE_GUARDED_BY(mutex_);  // none: read only
};

}  // namespace

int drift_severity_rank(std::string_view severity) {
  if (severity == "info") return 0;
  if (severity == "warning") return 1;
  return severity == "breaking" ? 2 : -1;
}

bool DriftFilter::accepts(const DriftRow& row) const {
  return (pipeline.empty() || pipeline == row.pipeline) &&
         (source.empty() || source == row.source) && row.last_seen_us >= since_us &&
         (severity.empty() || drift_severity_rank(row.severity) >= drift_severity_rank(severity));
}

void sort_drift(std::vector<DriftRow>& rows) {
  std::sort(rows.begin(), rows.end(), [](const DriftRow& a, const DriftRow& b) {
    const int x = drift_severity_rank(a.severity);
    const int y = drift_severity_rank(b.severity);
    if (x != y) return x > y;
    if (a.last_seen_us != b.last_seen_us) return a.last_seen_us > b.last_seen_us;
    return a.path != b.path ? a.path < b.path : a.kind < b.kind;
  });
}

std::string drift_json(const DriftRow& row, bool with_sample) {
  std::string out = "{";
  const auto text = [&](std::string_view name, std::string_view value) {
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
    out += ',';
  };
  const auto number = [&](std::string_view name, const std::string& value) {
    append_json_string(out, name);
    out += ':' + value + ',';
  };
  text("pipeline", row.pipeline);
  text("source", row.source);
  text("path", row.path);
  text("kind", row.kind);
  text("severity", row.severity);
  text("first_seen", format_time_us(row.first_seen_us));
  text("last_seen", format_time_us(row.last_seen_us));
  number("count", std::to_string(row.count));
  number("observed", std::to_string(row.observed));
  char share[32];
  std::snprintf(share, sizeof share, "%.6f", row.share());
  number("share", share);
  text("schema_version", row.schema_version);
  text("before", row.before);
  text("after", row.after);
  if (with_sample) text("sample", row.sample);
  text("record_sha256", row.record_sha256);
  out.back() = '}';
  return out;
}

Result<std::unique_ptr<DriftStore>> open_drift_store(const std::filesystem::path& dir,
                                                     bool read_only) {
  return SqliteDriftStore::open(dir, read_only);
}

}  // namespace sluice
