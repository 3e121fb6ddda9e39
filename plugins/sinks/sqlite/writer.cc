// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/sqlite/writer.h"

#include <sqlite3.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace sluice::sqlite_sink {
namespace {

const sluice_record& record_at(const sluice_batch& batch, uint32_t i) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(batch.records);
  return *reinterpret_cast<const sluice_record*>(bytes + size_t{i} * batch.stride);
}

uint64_t mix(uint64_t hash, uint64_t more) {
  hash ^= more + 0x9E3779B97F4A7C15U + (hash << 6U) + (hash >> 2U);
  return hash * 0xFF51AFD7ED558CCDU;
}

uint64_t hash_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNull:
      return 0;
    case Value::Kind::kInteger:
      return std::hash<int64_t>{}(value.integer);
    case Value::Kind::kReal:
      return std::hash<double>{}(value.real);
    case Value::Kind::kText:
      return std::hash<std::string_view>{}(value.text);
  }
  return 0;
}

// Errors that speak of one row's content; the statement is undone, the transaction lives.
bool blames_row(int code) {
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
      return true;
    default:
      return false;
  }
}

int bind(sqlite3_stmt* statement, int parameter, const Value& value) {
  int code = SQLITE_OK;
  switch (value.kind) {
    case Value::Kind::kNull:
      code = sqlite3_bind_null(statement, parameter);
      break;
    case Value::Kind::kInteger:
      code = sqlite3_bind_int64(statement, parameter, value.integer);
      break;
    case Value::Kind::kReal:
      code = sqlite3_bind_double(statement, parameter, value.real);
      break;
    case Value::Kind::kText:
      code = sqlite3_bind_text64(statement, parameter, value.text.data(), value.text.size(),
                                 SQLITE_STATIC, SQLITE_UTF8);
      break;
  }
  return code;
}

constexpr const char* kWriting = "write to";

}  // namespace

Failure Writer::prepare() {
  if (Failure f = database_->prepare(plan_.write_sql, "prepare the write to", &write_)) {
    if (f.message.find("ON CONFLICT clause does not match") != std::string::npos) {
      f.message +=
          "; `key` needs a primary key or a unique index on exactly its columns: CREATE UNIQUE "
          "INDEX ... ON the table";
    }
    return f;
  }
  values_.resize(plan_.columns.size());
  if (!plan_.revision) return {};
  return database_->prepare(plan_.lookup_sql, "prepare the lookup in", &lookup_);
}

Failure Writer::write(const sluice_batch& batch, const sluice_cell* cells,
                      const std::function<bool()>& give_up, BatchFates* out) {
  if (batch.count == 0) {
    *out = {};
    return {};
  }
  return transact(
      batch, cells, give_up, [this] { return database_->commit(); }, out);
}

Failure Writer::write_marked(const sluice_batch& batch, const sluice_cell* cells,
                             const std::function<bool()>& give_up, MarkTable& marks,
                             std::span<const MarkMove> moves, BatchFates* out) {
  const auto finish = [&]() -> Failure {
    if (fates_->any_rejected()) return {};  // rolled back
    if (Failure f = marks.move(moves)) return f;
    return database_->commit();
  };
  return transact(batch, cells, give_up, finish, out);
}

Failure Writer::transact(const sluice_batch& batch, const sluice_cell* cells,
                         const std::function<bool()>& give_up, const Finish& finish,
                         BatchFates* out) {
  out->rows.assign(batch.count, Fate{});
  out->details.clear();
  cells_ = cells;
  fates_ = out;
  older_.clear();
  if (plan_.revision) keys_.reset(batch.count);

  Failure failure = database_->begin();
  if (!failure) failure = write_rows(batch, give_up);
  if (!failure) failure = finish();
  database_->rollback();
  // The cells go back to the host; no statement may keep pointing at them.
  sqlite3_clear_bindings(write_.get());
  if (lookup_) sqlite3_clear_bindings(lookup_.get());
  cells_ = nullptr;
  fates_ = nullptr;
  // A lone row is its own culprit.
  if (failure.rc == SLUICE_E_BATCH && batch.count == 1) {
    out->details.assign(1, failure.message);
    out->rows[0] = {Fate::Kind::kRejected, Reason::kConstraintViolation, 0};
    return {};
  }
  return failure;
}

Failure Writer::write_rows(const sluice_batch& batch, const std::function<bool()>& give_up) {
  constexpr uint32_t kAskEvery = 256;
  for (uint32_t i = 0; i < batch.count; ++i) {
    if (i % kAskEvery == 0 && give_up()) return {SLUICE_CANCELLED, "stop was requested"};
    if (Failure f = write_row(record_at(batch, i), i)) return f;
  }
  settle_older();
  return {};
}

Failure Writer::write_row(const sluice_record& record, uint32_t row) {
  if ((record.flags & SLUICE_RECORDF_DELETE) != 0) {
    fates_->reject(
        row, Reason::kTombstoneUnsupported,
        "a tombstone deletes by key, which this sink does not do; filter tombstones before it");
    return {};
  }
  if (!convert_row(row)) return {};
  if (plan_.revision) return write_guarded(row);
  Stored stored = Stored::kRefused;
  if (Failure f = store(row, &stored)) return f;
  if (stored == Stored::kNotApplied) {
    fates_->reject(row, Reason::kConstraintViolation, "a trigger of the table ignored the row");
  }
  return {};
}

Failure Writer::write_guarded(uint32_t row) {
  const int64_t revision = values_[*plan_.revision].integer;
  BatchKeys::Holder& holder = holder_of_key();
  Fate& fate = fates_->rows[row];
  // The batch itself already brought this key to a known revision: no need to ask the table.
  if (holder.held()) {
    if (revision < holder.revision) {
      fate.kind = Fate::Kind::kSuperseded;
      return {};
    }
    if (revision == holder.revision && plan_.skip_equal) {
      fate.kind = Fate::Kind::kDuplicate;
      return {};
    }
  }
  Stored stored = Stored::kRefused;
  if (Failure f = store(row, &stored)) return f;
  if (stored == Stored::kRefused) return {};
  if (stored == Stored::kNotApplied) return decide_unapplied(row, &holder);
  if (holder.held()) {
    Fate& before = fates_->rows[holder.row()];
    if (before.kind == Fate::Kind::kOk) before.kind = Fate::Kind::kSuperseded;
  }
  holder.hold(row, revision);
  return {};
}

// Fills values_; false when the row was rejected.
bool Writer::convert_row(uint32_t row) {
  const sluice_cell* cells = cells_of(row);
  for (size_t i = 0; i < plan_.columns.size(); ++i) {
    const Column& column = plan_.columns[i];
    const Fit fit = convert(column, cells[i], &values_[i]);
    const bool revision = plan_.revision == i;
    if (fit == Fit::kFits && !(revision && values_[i].kind == Value::Kind::kNull)) continue;
    Reason reason = fit == Fit::kMismatch ? Reason::kTypeMismatch : Reason::kNullRefused;
    if (revision) reason = Reason::kRevisionMissing;
    if (fit == Fit::kNullRefused &&
        std::find(plan_.key.begin(), plan_.key.end(), i) != plan_.key.end()) {
      reason = Reason::kKeyMissing;
    }
    fates_->reject(row, reason, describe_misfit(column, cells[i]));
    return false;
  }
  return true;
}

// Runs the write statement for values_.
Failure Writer::store(uint32_t row, Stored* out) {
  *out = Stored::kRefused;
  for (size_t i = 0; i < values_.size(); ++i) {
    const int code = bind(write_.get(), static_cast<int>(i + 1), values_[i]);
    if (code != SQLITE_OK) return refused(row, code);
  }
  const int code = sqlite3_step(write_.get());
  if (code != SQLITE_DONE) {
    Failure f = refused(row, code);
    sqlite3_reset(write_.get());
    return f;
  }
  sqlite3_reset(write_.get());
  *out = sqlite3_changes(database_->handle()) > 0 ? Stored::kApplied : Stored::kNotApplied;
  return {};
}

// Is it this row's fault, or the database's?
Failure Writer::refused(uint32_t row, int code) {
  bool row_at_fault = blames_row(code);
  const std::string text = sqlite3_errmsg(database_->handle());
  Failure failure = database_->failure(code, kWriting);
  if ((code & 0xFF) == SQLITE_ERROR && database_->in_transaction()) {
    // The statement is still good, so an expression of the table (a generated column, an index, a
    // trigger) failed on this row's values; a table that was dropped or changed fails here.
    Statement again;
    row_at_fault = !database_->prepare(plan_.write_sql, kWriting, &again);
  }
  if (!row_at_fault) return failure;
  if (!database_->in_transaction()) {
    // A conflict clause or a trigger said ROLLBACK: the neighbours are gone with it.
    failure.rc = SLUICE_E_BATCH;
    return failure;
  }
  fates_->reject(row, Reason::kConstraintViolation, text);
  return {};
}

// The guard left the row out: find out why.
Failure Writer::decide_unapplied(uint32_t row, BatchKeys::Holder* holder) {
  const int64_t own = values_[*plan_.revision].integer;
  int64_t stored = 0;
  bool found = false;
  if (Failure f = look_up_revision(&stored, &found)) return f;
  if (!found || own > stored) {
    fates_->reject(row, Reason::kConstraintViolation, "a trigger of the table ignored the row");
  } else if (own == stored) {
    fates_->rows[row].kind = Fate::Kind::kDuplicate;
    holder->hold(row, stored);
  } else {
    older_.push_back({row, own, stored});
  }
  return {};
}

Failure Writer::look_up_revision(int64_t* revision, bool* found) {
  for (size_t i = 0; i < plan_.key.size(); ++i) {
    const int bound = bind(lookup_.get(), static_cast<int>(i + 1), values_[plan_.key[i]]);
    if (bound != SQLITE_OK) return database_->failure(bound, "look up a row of");
  }
  const int code = sqlite3_step(lookup_.get());
  *found = code == SQLITE_ROW;
  if (*found) *revision = sqlite3_column_int64(lookup_.get(), 0);
  Failure failure;
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    failure = database_->failure(code, "look up a row of");
  }
  sqlite3_reset(lookup_.get());
  return failure;
}

// Older than the stored row, yet the batch itself holds the newer one: superseded. Else rejected.
void Writer::settle_older() {
  for (const Older& older : older_) {
    if (!convert_row(older.row)) continue;
    const BatchKeys::Holder& holder = holder_of_key();
    if (holder.held()) {
      fates_->rows[older.row].kind = Fate::Kind::kSuperseded;
      continue;
    }
    fates_->reject(older.row, Reason::kOlderRevision,
                   "revision " + std::to_string(older.own) + " is older than the stored " +
                       std::to_string(older.stored));
  }
}

// The slot of the key in values_.
BatchKeys::Holder& Writer::holder_of_key() {
  uint64_t hash = 0;
  for (const size_t i : plan_.key) hash = mix(hash, hash_of(values_[i]));
  return keys_.slot(hash, [this](uint32_t other) { return same_key(other); });
}

// Does that earlier row have the key now in values_?
bool Writer::same_key(uint32_t row) const {
  const sluice_cell* cells = cells_of(row);
  return std::all_of(plan_.key.begin(), plan_.key.end(), [&](size_t i) {
    Value other;
    return convert(plan_.columns[i], cells[i], &other) == Fit::kFits && other == values_[i];
  });
}

}  // namespace sluice::sqlite_sink
