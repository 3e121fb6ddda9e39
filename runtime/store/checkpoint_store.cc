// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/checkpoint_store.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/fault.h"
#include "runtime/base/mutex.h"
#include "runtime/store/checkpoint_plan.h"
#include "runtime/store/database_format.h"
#include "runtime/store/sqlite.h"

namespace sluice {
namespace {

using store::Database;
using store::Statement;
using store::Transaction;

// Positions are unsigned 64-bit in SQLite's signed integers, bit for bit.
constexpr const char* kCreate = R"(
CREATE TABLE sources (
  id INTEGER PRIMARY KEY,
  pipeline TEXT NOT NULL,
  source TEXT NOT NULL,
  tenant TEXT NOT NULL,
  cursor BLOB,
  highest_event_time_us INTEGER NOT NULL,
  updated_at_us INTEGER NOT NULL,
  UNIQUE (pipeline, source)
) STRICT;
CREATE TABLE lanes (
  source_id INTEGER NOT NULL REFERENCES sources (id),
  lane BLOB NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (source_id, lane)
) STRICT, WITHOUT ROWID;
)";
constexpr const char* kAddDelivered = R"(
CREATE TABLE delivered (
  source_id INTEGER NOT NULL REFERENCES sources (id),
  lane BLOB NOT NULL,
  sink TEXT NOT NULL,
  first_position INTEGER NOT NULL,
  first_part INTEGER NOT NULL,
  last_position INTEGER NOT NULL,
  last_part INTEGER NOT NULL,
  PRIMARY KEY (source_id, lane, sink, first_position, first_part)
) STRICT, WITHOUT ROWID;
)";
// Epochs are by name, not by a row of sources: a number is never used twice, whatever is deleted.
constexpr const char* kAddEpochs = R"(
CREATE TABLE epochs (
  pipeline TEXT NOT NULL,
  source TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (pipeline, source)
) STRICT, WITHOUT ROWID;
CREATE TABLE again (
  pipeline TEXT NOT NULL,
  source TEXT NOT NULL,
  lane BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  until_position INTEGER NOT NULL,
  PRIMARY KEY (pipeline, source, lane)
) STRICT, WITHOUT ROWID;
)";
constexpr std::array kSteps = {kCreate, kAddDelivered, kAddEpochs};

// The statements over the ranges that sinks have above their lanes' marks.
struct DeliveredStatements {
  Statement all;
  Statement add;
  Statement pass;
  Statement forget;

  static Result<DeliveredStatements> prepare(Database& database) {
    SLUICE_ASSIGN_OR_RETURN(
        Statement all,
        database.prepare("SELECT lane, sink, first_position, first_part, last_position, last_part "
                         "FROM delivered WHERE source_id = ?1"));
    SLUICE_ASSIGN_OR_RETURN(
        Statement add,
        database.prepare("INSERT OR REPLACE INTO delivered VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
    // Positions are unsigned: those past the sign bit are the larger ones.
    SLUICE_ASSIGN_OR_RETURN(
        Statement pass,
        database.prepare("DELETE FROM delivered WHERE source_id = ?1 AND lane = ?2 AND "
                         "(last_position < 0, last_position) <= (?3 < 0, ?3)"));
    SLUICE_ASSIGN_OR_RETURN(
        Statement forget,
        database.prepare("DELETE FROM delivered WHERE source_id = ?1 AND lane = ?2"));
    return DeliveredStatements{std::move(all), std::move(add), std::move(pass), std::move(forget)};
  }

  Status read(int64_t source, std::vector<DeliveredRange>& out) {
    all.bind(1, source);
    for (;;) {
      SLUICE_ASSIGN_OR_RETURN(const bool row, all.step());
      if (!row) return Status::ok();
      out.push_back({all.text(0), all.text(1), all.u64(2), static_cast<uint32_t>(all.int64(3)),
                     all.u64(4), static_cast<uint32_t>(all.int64(5))});
    }
  }

  Status write(int64_t source, const CheckpointUpdate& update) {
    for (const DeliveredRange& range : update.delivered) {
      add.bind(1, source);
      add.bind_blob(2, std::string_view(range.lane));
      add.bind_text(3, range.sink);
      add.bind_u64(4, range.first_position);
      add.bind(5, static_cast<int64_t>(range.first_part));
      add.bind_u64(6, range.last_position);
      add.bind(7, static_cast<int64_t>(range.last_part));
      SLUICE_RETURN_IF_ERROR(add.run());
    }
    for (const LaneMark& mark : update.set) {
      pass.bind(1, source);
      pass.bind_blob(2, std::string_view(mark.lane));
      pass.bind_u64(3, mark.position);
      SLUICE_RETURN_IF_ERROR(pass.run());
    }
    for (const std::string& lane : update.forget) {
      forget.bind(1, source);
      forget.bind_blob(2, std::string_view(lane));
      SLUICE_RETURN_IF_ERROR(forget.run());
    }
    return Status::ok();
  }
};

// The statements of moves; few and far between, so they are prepared when they are needed.
class MoveStatements {
 public:
  MoveStatements(Database& database, const std::string& pipeline, const std::string& source)
      : database_(database), pipeline_(pipeline), source_(source) {}

  Status read(SourceCheckpoint& out) {
    SLUICE_ASSIGN_OR_RETURN(Statement epoch, named("SELECT epoch FROM epochs WHERE "
                                                   "pipeline = ?1 AND source = ?2"));
    SLUICE_ASSIGN_OR_RETURN(const bool known, epoch.step());
    if (!known) return Status::ok();
    out.epoch = static_cast<uint32_t>(epoch.int64(0));
    SLUICE_ASSIGN_OR_RETURN(Statement again,
                            named("SELECT lane, epoch, until_position FROM again WHERE "
                                  "pipeline = ?1 AND source = ?2 ORDER BY lane"));
    for (;;) {
      SLUICE_ASSIGN_OR_RETURN(const bool row, again.step());
      if (!row) return Status::ok();
      out.again.push_back({again.text(0), static_cast<uint32_t>(again.int64(1)), again.u64(2)});
    }
  }

  // The time is a lower bound: sinks keep marks by epoch, and still have them when a state folder
  // is lost.
  Result<uint32_t> next_epoch(int64_t now_us) {
    SLUICE_ASSIGN_OR_RETURN(Statement next,
                            named("INSERT INTO epochs VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE "
                                  "SET epoch = max(epoch + 1, excluded.epoch) RETURNING epoch"));
    next.bind(3, std::max<int64_t>(1, now_us / 1'000'000));
    SLUICE_ASSIGN_OR_RETURN(const bool row, next.step());
    if (!row) return internal("a written epoch gave no number back");
    const auto epoch = static_cast<uint32_t>(next.int64(0));
    SLUICE_RETURN_IF_ERROR(next.run());
    return epoch;
  }

  Status forget_again() {
    SLUICE_ASSIGN_OR_RETURN(Statement all,
                            named("DELETE FROM again WHERE pipeline = ?1 AND source = ?2"));
    return all.run();
  }

  Status set_again(const LaneAgain& again) {
    SLUICE_ASSIGN_OR_RETURN(Statement set,
                            named("INSERT OR REPLACE INTO again VALUES (?1, ?2, ?3, ?4, ?5)"));
    set.bind_blob(3, std::string_view(again.lane));
    set.bind(4, static_cast<int64_t>(again.epoch));
    set.bind_u64(5, again.until);
    return set.run();
  }

 private:
  Result<Statement> named(const char* sql) {
    SLUICE_ASSIGN_OR_RETURN(Statement statement, database_.prepare(sql));
    statement.bind_text(1, pipeline_);
    statement.bind_text(2, source_);
    return statement;
  }

  Database& database_;
  const std::string& pipeline_;
  const std::string& source_;
};

const store::DatabaseFormat kFormat = {
    .file = "checkpoints.db",
    .application_id = 0x534c4350,  // "SLCP"
    .steps = kSteps,
    .loss = "sources then start from their beginning, and sinks with a key absorb the repeats"};

class SqliteCheckpointStore final : public CheckpointStore {
 public:
  static Result<std::unique_ptr<CheckpointStore>> open(const std::filesystem::path& dir,
                                                       bool read_only) {
    SLUICE_ASSIGN_OR_RETURN(Database database, store::open_database(dir, kFormat, read_only));
    SLUICE_ASSIGN_OR_RETURN(
        Statement find,
        database.prepare("SELECT id, cursor, highest_event_time_us, updated_at_us FROM sources "
                         "WHERE pipeline = ?1 AND source = ?2"));
    SLUICE_ASSIGN_OR_RETURN(
        Statement lanes,
        database.prepare("SELECT lane, position FROM lanes WHERE source_id = ?1 ORDER BY lane"));
    SLUICE_ASSIGN_OR_RETURN(
        Statement touch,
        database.prepare(
            "INSERT INTO sources (pipeline, source, tenant, cursor, highest_event_time_us, "
            "updated_at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (pipeline, source) DO "
            "UPDATE "
            "SET tenant = excluded.tenant, cursor = coalesce(excluded.cursor, cursor), "
            "highest_event_time_us = CASE WHEN excluded.highest_event_time_us = 0 "
            "OR (highest_event_time_us <> 0 "
            "AND highest_event_time_us > excluded.highest_event_time_us) "
            "THEN highest_event_time_us ELSE excluded.highest_event_time_us END, "
            "updated_at_us = excluded.updated_at_us RETURNING id"));
    SLUICE_ASSIGN_OR_RETURN(
        Statement set,
        database.prepare(
            "INSERT INTO lanes (source_id, lane, position) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (source_id, lane) DO UPDATE SET position = excluded.position"));
    SLUICE_ASSIGN_OR_RETURN(
        Statement forget, database.prepare("DELETE FROM lanes WHERE source_id = ?1 AND lane = ?2"));
    SLUICE_ASSIGN_OR_RETURN(DeliveredStatements delivered, DeliveredStatements::prepare(database));
    return std::unique_ptr<CheckpointStore>(new SqliteCheckpointStore(
        std::move(database), std::move(find), std::move(lanes), std::move(touch), std::move(set),
        std::move(forget), std::move(delivered)));
  }

  Result<SourceCheckpoint> load(const std::string& pipeline, const std::string& source) override {
    MutexLock lock(mutex_);
    return read(pipeline, source);
  }

  Result<uint32_t> move(const CheckpointMove& move, int64_t now_us) override {
    MutexLock lock(mutex_);
    SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database_));
    SLUICE_ASSIGN_OR_RETURN(const SourceCheckpoint before, read(move.pipeline, move.source));
    MoveStatements moves(database_, move.pipeline, move.source);
    uint32_t epoch = before.epoch;
    if (!move.keep_idempotency) {
      SLUICE_ASSIGN_OR_RETURN(epoch, moves.next_epoch(now_us));
    }
    const CheckpointPlan plan = plan_move(before, move, epoch);
    SLUICE_RETURN_IF_ERROR(write(plan.forget, now_us));
    SLUICE_RETURN_IF_ERROR(write(plan.update, now_us));
    if (plan.forget_cursor) {
      SLUICE_ASSIGN_OR_RETURN(Statement forget,
                              database_.prepare("UPDATE sources SET cursor = NULL WHERE "
                                                "pipeline = ?1 AND source = ?2"));
      forget.bind_text(1, move.pipeline);
      forget.bind_text(2, move.source);
      SLUICE_RETURN_IF_ERROR(forget.run());
    }
    if (plan.forget_again) SLUICE_RETURN_IF_ERROR(moves.forget_again());
    for (const LaneAgain& again : plan.again) SLUICE_RETURN_IF_ERROR(moves.set_again(again));
    SLUICE_RETURN_IF_ERROR(transaction.commit());
    return epoch;
  }

  Status commit(const std::vector<CheckpointUpdate>& updates, int64_t now_us) override {
    if (updates.empty()) return Status::ok();
    MutexLock lock(mutex_);
    SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database_));
    for (const CheckpointUpdate& update : updates) {
      SLUICE_RETURN_IF_ERROR(write(update, now_us));
      SLUICE_FAULT_STATUS("checkpoints.inside");
    }
    SLUICE_FAULT_STATUS("checkpoints.before_commit");
    SLUICE_RETURN_IF_ERROR(transaction.commit());
    SLUICE_FAULT("checkpoints.after_commit");
    return Status::ok();
  }

 private:
  SqliteCheckpointStore(Database database, Statement find, Statement lanes, Statement touch,
                        Statement set, Statement forget, DeliveredStatements delivered)
      : database_(std::move(database)),
        find_(std::move(find)),
        lanes_(std::move(lanes)),
        touch_(std::move(touch)),
        set_(std::move(set)),
        forget_(std::move(forget)),
        delivered_(std::move(delivered)) {}

  Result<SourceCheckpoint> read(const std::string& pipeline, const std::string& source)
      SLUICE_REQUIRES(mutex_) {
    SourceCheckpoint checkpoint;
    SLUICE_RETURN_IF_ERROR(MoveStatements(database_, pipeline, source).read(checkpoint));
    find_.bind_text(1, pipeline);
    find_.bind_text(2, source);
    SLUICE_ASSIGN_OR_RETURN(const bool known, find_.step());
    if (!known) return checkpoint;
    const int64_t id = find_.int64(0);
    checkpoint.cursor = find_.optional_text(1);
    checkpoint.highest_event_time_us = find_.int64(2);
    checkpoint.updated_at_us = find_.int64(3);
    find_.reset();
    lanes_.bind(1, id);
    for (;;) {
      SLUICE_ASSIGN_OR_RETURN(const bool row, lanes_.step());
      if (!row) break;
      checkpoint.lanes.push_back({lanes_.text(0), lanes_.u64(1)});
    }
    SLUICE_RETURN_IF_ERROR(delivered_.read(id, checkpoint.delivered));
    return checkpoint;
  }

  Result<int64_t> touch(const CheckpointUpdate& update, int64_t now_us) SLUICE_REQUIRES(mutex_) {
    touch_.bind_text(1, update.pipeline);
    touch_.bind_text(2, update.source);
    touch_.bind_text(3, update.tenant);
    touch_.bind_blob(4, update.cursor);
    touch_.bind(5, update.highest_event_time_us);
    touch_.bind(6, now_us);
    SLUICE_ASSIGN_OR_RETURN(const bool row, touch_.step());
    if (!row) return internal(database_.name().path + ": a written source gave no id back");
    const int64_t id = touch_.int64(0);
    // The statement counts as running until it is stepped to its end.
    SLUICE_RETURN_IF_ERROR(touch_.run());
    return id;
  }

  Status write(const CheckpointUpdate& update, int64_t now_us) SLUICE_REQUIRES(mutex_) {
    SLUICE_ASSIGN_OR_RETURN(const int64_t id, touch(update, now_us));
    for (const LaneMark& mark : update.set) {
      set_.bind(1, id);
      set_.bind_blob(2, std::string_view(mark.lane));
      set_.bind_u64(3, mark.position);
      SLUICE_RETURN_IF_ERROR(set_.run());
    }
    for (const std::string& lane : update.forget) {
      forget_.bind(1, id);
      forget_.bind_blob(2, std::string_view(lane));
      SLUICE_RETURN_IF_ERROR(forget_.run());
    }
    return delivered_.write(id, update);
  }

  Mutex mutex_;        // over all of them
  Database database_;  // before its statements, so that it goes after them
  Statement find_;
  Statement lanes_;
  Statement touch_;
  Statement set_;
  Statement forget_;
  DeliveredStatements delivered_;
};

}  // namespace

Result<std::unique_ptr<CheckpointStore>> open_checkpoint_store(const std::filesystem::path& dir) {
  return SqliteCheckpointStore::open(dir, false);
}

Result<std::unique_ptr<CheckpointStore>> open_checkpoint_reader(const std::filesystem::path& dir) {
  return SqliteCheckpointStore::open(dir, true);
}

}  // namespace sluice
