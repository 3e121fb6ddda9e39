// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/dead_letter_store.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "runtime/base/fault.h"
#include "runtime/base/mutex.h"
#include "runtime/store/database_format.h"
#include "runtime/store/pair_list.h"
#include "runtime/store/sqlite.h"

namespace sluice {
namespace {

using store::Database;
using store::Statement;
using store::Transaction;

// The two indices hold every column a filter or a summary looks at, so that neither touches the
// records themselves. Large columns come last: reading those before them skips overflow pages.
constexpr const char* kCreate = R"(
CREATE TABLE letters (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  stage TEXT NOT NULL,
  sink TEXT NOT NULL,
  position INTEGER NOT NULL,
  part INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  first_at_us INTEGER NOT NULL,
  last_at_us INTEGER NOT NULL,
  event_time_us INTEGER NOT NULL,
  schema_version TEXT NOT NULL,
  script_hash TEXT NOT NULL,
  bundle_hash TEXT NOT NULL,
  pointer TEXT NOT NULL,
  detail TEXT NOT NULL,
  lane BLOB NOT NULL,
  record_key BLOB,
  headers BLOB NOT NULL,
  fields BLOB NOT NULL,
  raw BLOB NOT NULL,
  rendered BLOB NOT NULL
) STRICT;
CREATE INDEX letters_by_reason ON letters (reason, last_at_us, tenant, pipeline, source);
CREATE INDEX letters_by_time ON letters (last_at_us, tenant, pipeline, source, reason);
)";
constexpr std::array kSteps = {kCreate};

const store::DatabaseFormat kFormat = {
    .file = "dead_letters.db",
    .application_id = 0x534c444c,  // "SLDL"
    .steps = kSteps,
    .loss = "what can be read of its letters comes back with `sqlite3 <file> .recover`"};

constexpr std::string_view kPut = R"(
INSERT INTO letters (id, tenant, pipeline, source, reason, stage, sink, position, part, attempts,
  first_at_us, last_at_us, event_time_us, schema_version, script_hash, bundle_hash, pointer, detail,
  lane, record_key, headers, fields, raw, rendered)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
  ?21, ?22, ?23, ?24)
ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, stage = excluded.stage,
  attempts = excluded.attempts, last_at_us = excluded.last_at_us,
  schema_version = excluded.schema_version, script_hash = excluded.script_hash,
  bundle_hash = excluded.bundle_hash, pointer = excluded.pointer, detail = excluded.detail,
  fields = excluded.fields, rendered = excluded.rendered)";

constexpr std::string_view kSelect =
    "SELECT id, tenant, pipeline, source, reason, stage, sink, position, part, attempts, "
    "first_at_us, last_at_us, event_time_us, schema_version, script_hash, bundle_hash, pointer, "
    "detail, lane, record_key, headers, fields, raw, rendered FROM letters WHERE ";

Result<DeadLetter> read_letter(const Statement& row, const std::string& path) {
  DeadLetter letter;
  letter.id = row.text(0);
  letter.tenant = row.text(1);
  letter.pipeline = row.text(2);
  letter.source = row.text(3);
  letter.reason = row.text(4);
  letter.stage = row.text(5);
  letter.sink = row.text(6);
  letter.position = row.u64(7);
  letter.part = static_cast<uint32_t>(row.u64(8));
  letter.attempts = static_cast<uint32_t>(row.u64(9));
  letter.first_at_us = row.int64(10);
  letter.last_at_us = row.int64(11);
  letter.event_time_us = row.int64(12);
  letter.schema_version = row.text(13);
  letter.script_hash = row.text(14);
  letter.bundle_hash = row.text(15);
  letter.pointer = row.text(16);
  letter.detail = row.text(17);
  letter.lane = row.text(18);
  letter.key = row.optional_text(19);
  auto headers = store::decode_pairs(row.text(20));
  auto fields = store::decode_pairs(row.text(21));
  if (!headers || !fields) {
    return Status(Code::kCorrupt, path + ": letter " + letter.id +
                                      " has headers that cannot be read; the others are not "
                                      "affected, remove it with its id");
  }
  letter.headers = std::move(*headers);
  letter.fields = std::move(*fields);
  letter.raw = row.text(22);
  letter.rendered = row.text(23);
  return letter;
}

// The WHERE clause of a filter, and its values in the same order.
class Condition {
 public:
  explicit Condition(const LetterFilter& filter) : filter_(filter) {
    for (const auto& [column, value] : texts()) {
      if (!value->empty()) add(std::string(column) + " = ?");
    }
    if (filter.since_us != 0) add("last_at_us >= ?");
    if (filter.until_us != 0) add("last_at_us < ?");
  }
  [[nodiscard]] const std::string& sql() const { return sql_; }
  // Answers the index of the next free parameter.
  int bind(Statement& statement) const {
    int index = 1;
    for (const auto& [column, value] : texts()) {
      if (!value->empty()) statement.bind_text(index++, *value);
    }
    if (filter_.since_us != 0) statement.bind(index++, filter_.since_us);
    if (filter_.until_us != 0) statement.bind(index++, filter_.until_us);
    return index;
  }

 private:
  [[nodiscard]] std::array<std::pair<std::string_view, const std::string*>, 4> texts() const {
    return {{{"reason", &filter_.reason},
             {"tenant", &filter_.tenant},
             {"pipeline", &filter_.pipeline},
             {"source", &filter_.source}}};
  }
  void add(const std::string& term) { sql_ += (sql_.empty() ? " WHERE " : " AND ") + term; }

  const LetterFilter& filter_;
  std::string sql_;
};

class SqliteDeadLetterStore final : public DeadLetterStore {
 public:
  static Result<std::unique_ptr<DeadLetterStore>> open(const std::filesystem::path& dir,
                                                       bool read_only) {
    SLUICE_ASSIGN_OR_RETURN(Database database, store::open_database(dir, kFormat, read_only));
    std::unique_ptr<SqliteDeadLetterStore> store(new SqliteDeadLetterStore(database.name()));
    if (!read_only) {
      // Ids are hashes, so writes fall all over their index: keep more of it in memory (KiB), and
      // write pages back to the file less often.
      SLUICE_RETURN_IF_ERROR(
          database.exec("PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4000"));
      SLUICE_ASSIGN_OR_RETURN(Statement put, database.prepare(kPut));
      MutexLock lock(store->mutex_);
      store->writer_.emplace(Writer{std::move(database), std::move(put)});
    }
    return std::unique_ptr<DeadLetterStore>(std::move(store));
  }

  Status put(const std::vector<DeadLetter>& letters) override SLUICE_EXCLUDES(mutex_) {
    if (letters.empty()) return Status::ok();
    MutexLock lock(mutex_);
    if (!writer_) return opened_read_only();
    SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(writer_->database));
    for (const DeadLetter& letter : letters) {
      SLUICE_RETURN_IF_ERROR(put_one(writer_->put, letter));
      SLUICE_FAULT_STATUS("letters.inside");
    }
    SLUICE_FAULT_STATUS("letters.before_commit");
    SLUICE_RETURN_IF_ERROR(transaction.commit());
    SLUICE_FAULT("letters.after_commit");
    return Status::ok();
  }

  Result<std::map<std::string, uint64_t>> count_by_reason(const LetterFilter& filter) override {
    SLUICE_ASSIGN_OR_RETURN(Database reader, Database::open(name_, true));
    const Condition condition(filter);
    SLUICE_ASSIGN_OR_RETURN(Statement rows, reader.prepare("SELECT reason, count(*) FROM letters" +
                                                           condition.sql() + " GROUP BY reason"));
    condition.bind(rows);
    std::map<std::string, uint64_t> counts;
    for (;;) {
      SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
      if (!row) return counts;
      counts[rows.text(0)] = rows.u64(1);
    }
  }

  // First the numbers of the letters out of an index, then one letter at a time, so that a slow
  // visitor holds no snapshot, which would let the write-ahead log grow.
  Status each(const LetterFilter& filter, uint64_t limit,
              const std::function<void(const DeadLetter&)>& visit) override {
    SLUICE_ASSIGN_OR_RETURN(Database reader, Database::open(name_, true));
    SLUICE_ASSIGN_OR_RETURN(const std::vector<int64_t> chosen, choose(reader, filter, limit));
    SLUICE_ASSIGN_OR_RETURN(Statement one, reader.prepare(std::string(kSelect) + "seq = ?1"));
    for (const int64_t seq : chosen) {
      one.bind(1, seq);
      SLUICE_ASSIGN_OR_RETURN(const bool row, one.step());
      if (!row) continue;  // purged meanwhile
      SLUICE_ASSIGN_OR_RETURN(const DeadLetter letter, read_letter(one, name_.path));
      one.reset();
      visit(letter);
    }
    return Status::ok();
  }

  Result<std::optional<DeadLetter>> find(const std::string& id) override {
    SLUICE_ASSIGN_OR_RETURN(Database reader, Database::open(name_, true));
    SLUICE_ASSIGN_OR_RETURN(Statement one, reader.prepare(std::string(kSelect) + "id = ?1"));
    one.bind_text(1, id);
    SLUICE_ASSIGN_OR_RETURN(const bool row, one.step());
    if (!row) return std::optional<DeadLetter>();
    SLUICE_ASSIGN_OR_RETURN(DeadLetter letter, read_letter(one, name_.path));
    return std::optional<DeadLetter>(std::move(letter));
  }

  Result<uint64_t> count() override {
    SLUICE_ASSIGN_OR_RETURN(Database reader, Database::open(name_, true));
    SLUICE_ASSIGN_OR_RETURN(const int64_t n, reader.query_int("SELECT count(*) FROM letters"));
    return static_cast<uint64_t>(n);
  }

  Status purge_older_than(int64_t us) override SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!writer_) return opened_read_only();
    SLUICE_ASSIGN_OR_RETURN(
        Statement remove,
        writer_->database.prepare("DELETE FROM letters WHERE seq IN (SELECT seq FROM letters WHERE "
                                  "last_at_us < ?1 ORDER BY last_at_us LIMIT ?2)"));
    remove.bind(1, us);
    remove.bind_u64(2, kPurgeBatch);
    SLUICE_RETURN_IF_ERROR(remove.run());
    return writer_->database.exec("PRAGMA incremental_vacuum(8192)");
  }

 private:
  struct Writer {
    Database database;
    Statement put;
  };

  explicit SqliteDeadLetterStore(store::DatabaseName name) : name_(std::move(name)) {}

  [[nodiscard]] Status opened_read_only() const {
    return invalid(name_.path + ": opened for reading only; the running process writes it");
  }

  static Status put_one(Statement& put, const DeadLetter& letter) {
    const std::string id = letter.id.empty() ? letter_id(letter) : letter.id;
    const std::string headers = store::encode_pairs(letter.headers);
    const std::string fields = store::encode_pairs(letter.fields);
    put.bind_text(1, id);
    put.bind_text(2, letter.tenant);
    put.bind_text(3, letter.pipeline);
    put.bind_text(4, letter.source);
    put.bind_text(5, letter.reason);
    put.bind_text(6, letter.stage);
    put.bind_text(7, letter.sink);
    put.bind_u64(8, letter.position);
    put.bind(9, letter.part);
    put.bind(10, letter.attempts);
    put.bind(11, letter.first_at_us);
    put.bind(12, letter.last_at_us);
    put.bind(13, letter.event_time_us);
    put.bind_text(14, letter.schema_version);
    put.bind_text(15, letter.script_hash);
    put.bind_text(16, letter.bundle_hash);
    put.bind_text(17, letter.pointer);
    put.bind_text(18, letter.detail);
    put.bind_blob(19, std::string_view(letter.lane));
    put.bind_blob(20, letter.key);
    put.bind_blob(21, std::string_view(headers));
    put.bind_blob(22, std::string_view(fields));
    put.bind_blob(23, std::string_view(letter.raw));
    put.bind_blob(24, std::string_view(letter.rendered));
    return put.run();
  }

  static Result<std::vector<int64_t>> choose(Database& reader, const LetterFilter& filter,
                                             uint64_t limit) {
    const Condition condition(filter);
    SLUICE_ASSIGN_OR_RETURN(Statement rows,
                            reader.prepare("SELECT seq FROM letters" + condition.sql() +
                                           " ORDER BY last_at_us DESC LIMIT ?"));
    const int next = condition.bind(rows);
    constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
    rows.bind_u64(next, std::min(limit, kMost));
    std::vector<int64_t> chosen;
    for (;;) {
      SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
      if (!row) return chosen;
      chosen.push_back(rows.int64(0));
    }
  }

  const store::DatabaseName name_;
  Mutex mutex_;
  std::optional<Writer> writer_ SLUICE_GUARDED_BY(mutex_);  // none: read only
};

}  // namespace

Result<std::unique_ptr<DeadLetterStore>> open_dead_letter_store(const std::filesystem::path& dir,
                                                                bool read_only) {
  return SqliteDeadLetterStore::open(dir, read_only);
}

}  // namespace sluice
