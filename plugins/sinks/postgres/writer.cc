// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/writer.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <pqxx/pqxx>

namespace sluice::postgres_sink {
namespace {

constexpr const char* kWriting = "write to the table";

const sluice_record& record_at(const sluice_batch& batch, size_t i) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(batch.records);
  return *reinterpret_cast<const sluice_record*>(bytes + i * batch.stride);
}

// A row that is refused although no call failed: not for committing.
Failure rolled_back() { return {SLUICE_IDLE, "", {}, false}; }

Failure stop_requested() { return {SLUICE_CANCELLED, "stop was requested", {}, false}; }

Reason reason_of(std::string_view state) {
  if (state == "23505") return Reason::kUniqueViolation;
  if (state == "23502") return Reason::kNullRefused;
  if (state == "23514") return Reason::kCheckViolation;
  if (state == "23503") return Reason::kForeignKeyViolation;
  return state.starts_with("22") ? Reason::kValueRefused : Reason::kConstraintViolation;
}

void append_number(size_t number, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out->append(digits, end.ptr);
}

}  // namespace

Writer::Writer(Connection* connection, TablePlan plan)
    : connection_(connection), plan_(std::move(plan)), statements_(statements_for(plan_)) {}

Failure Writer::prepare() {
  return connection_->transact("prepare the write to the table",
                               [this](pqxx::transaction_base& transaction) {
                                 transaction.exec(statements_.stage_table);
                                 transaction.exec("EXPLAIN " + statements_.write());
                                 return Failure::none();
                               });
}

Failure Writer::write(const sluice_batch& batch, const sluice_cell* cells,
                      const std::function<bool()>& give_up, BatchFates* out) {
  give_up_ = &give_up;
  return write_with(
      batch, cells, [](pqxx::transaction_base&) { return Failure::none(); }, out);
}

Failure Writer::write_marked(const sluice_batch& batch, const sluice_cell* cells,
                             const std::function<bool()>& give_up, const MarkTable& marks,
                             std::span<const MarkMove> moves, BatchFates* out) {
  give_up_ = &give_up;
  const auto finish = [&](pqxx::transaction_base& transaction) {
    return fates_->any_rejected() ? rolled_back() : marks.move(transaction, moves);
  };
  return write_with(batch, cells, finish, out);
}

Failure Writer::write_with(const sluice_batch& batch, const sluice_cell* cells,
                           const Finish& finish, BatchFates* out) {
  // Each round finds at least one culprit; where rows trip one after the other, the host's halving
  // is as good.
  constexpr int kRounds = 4;
  out->rows.assign(batch.count, Fate{});
  out->details.clear();
  batch_ = &batch;
  cells_ = cells;
  fates_ = out;
  Failure failure = write_once(finish);
  for (int round = 0; failure.blames_row() && round < kRounds && batch.count > 1; ++round) {
    ++searches_;
    const size_t known = out->details.size();
    Failure search = find_culprits();
    if (search) {
      failure = std::move(search);
    } else if (out->details.size() == known) {
      break;  // each alone is good: the host finds out which go together
    } else {
      failure = write_once(finish);
    }
  }
  // A lone row is its own culprit.
  if (failure.blames_row() && batch.count == 1) {
    out->reject(0, reason_of(failure.state), failure.message);
    failure = {};
  }
  batch_ = nullptr;
  cells_ = nullptr;
  fates_ = nullptr;
  return failure.rc == SLUICE_IDLE ? Failure::none() : failure;
}

// The lines of all rows that are not rejected; a row that does not fit its columns is.
void Writer::render(bool staged) {
  lines_.clear();
  lines_rows_ = 0;
  for (size_t row = 0; row < fates_->rows.size(); ++row) {
    if (fates_->rows[row].kind == Fate::Kind::kRejected) continue;
    const size_t begin = lines_.size();
    if (!render_row(row)) {
      lines_.resize(begin);
      continue;
    }
    if (staged) {
      lines_.push_back('\t');
      append_number(row, &lines_);
    }
    lines_.push_back('\n');
    ++lines_rows_;
  }
}

bool Writer::render_row(size_t row) {
  if ((record_at(*batch_, row).flags & SLUICE_RECORDF_DELETE) != 0) {
    fates_->reject(row, Reason::kTombstoneUnsupported,
                   "a tombstone deletes by key, which this sink does not do; filter tombstones "
                   "before it");
    return false;
  }
  const sluice_cell* cells = cells_of(row);
  for (size_t i = 0; i < plan_.columns.size(); ++i) {
    if (i != 0) lines_.push_back('\t');
    const Column& column = plan_.columns[i];
    const Fit fit = append_field(column, cells[i], &lines_);
    if (fit == Fit::kFits) continue;
    Reason reason = fit == Fit::kMismatch ? Reason::kTypeMismatch : Reason::kNullRefused;
    if (plan_.revision == i) reason = Reason::kRevisionMissing;
    if (fit == Fit::kNullRefused &&
        std::find(plan_.key.begin(), plan_.key.end(), i) != plan_.key.end()) {
      reason = Reason::kKeyMissing;
    }
    fates_->reject(row, reason, describe_misfit(column, cells[i]));
    return false;
  }
  return true;
}

// E_BATCH: the table refused a row, nothing was applied.
Failure Writer::write_once(const Finish& finish) {
  if ((*give_up_)()) return stop_requested();
  for (Fate& fate : fates_->rows) {
    if (fate.kind != Fate::Kind::kRejected) fate.kind = Fate::Kind::kOk;
  }
  render(plan_.upsert());
  return connection_->transact(kWriting, [&](pqxx::transaction_base& transaction) {
    if (lines_rows_ != 0) put_rows(transaction);
    return finish(transaction);
  });
}

void Writer::put_rows(pqxx::transaction_base& transaction) {
  if (!plan_.upsert()) {
    copy_lines(transaction, plan_.table, statements_.columns, lines_);
    return;
  }
  copy_lines(transaction, statements_.stage, statements_.stage_columns, lines_);
  const pqxx::result done = transaction.exec(statements_.write());
  if (done.affected_rows() != lines_rows_) explain(transaction);
}

// Some rows were left out: find out why.
void Writer::explain(pqxx::transaction_base& transaction) {
  for (const pqxx::row& row : transaction.exec(statements_.explain)) {
    std::optional<int64_t> stored;
    if (!row[4].is_null()) stored = row[4].as<int64_t>();
    judge(row[0].as<uint32_t>(), row[1].as<bool>(), row[2].as<int64_t>(), row[3].as<int64_t>(),
          stored ? &*stored : nullptr, row[5].as<bool>());
  }
}

// `counts`: of the rows of its key, it is the one that was offered to the table.
void Writer::judge(uint32_t row, bool counts, int64_t own, int64_t highest, const int64_t* stored,
                   bool ours) {
  Fate& fate = fates_->rows[row];
  if (ours) {
    if (counts) return;
    const bool equal = plan_.revision && plan_.skip_equal && own == highest;
    fate.kind = equal ? Fate::Kind::kDuplicate : Fate::Kind::kSuperseded;
  } else if (stored == nullptr || own > *stored) {
    fates_->reject(row, Reason::kConstraintViolation, "a trigger of the table ignored the row");
  } else if (own == *stored) {
    fate.kind = Fate::Kind::kDuplicate;
  } else if (highest == *stored) {
    fate.kind = Fate::Kind::kSuperseded;  // by a duplicate in the batch
  } else {
    fates_->reject(
        row, Reason::kOlderRevision,
        "revision " + std::to_string(own) + " is older than the stored " + std::to_string(*stored));
  }
}

// Rejects the rows that the table refuses, each on its own; nothing is applied.
Failure Writer::find_culprits() {
  render(true);
  return connection_->look("look for the refused rows", [&](pqxx::dbtransaction& transaction) {
    copy_lines(transaction, statements_.stage, statements_.stage_columns, lines_);
    // Gone with the transaction; without it each try would read the whole batch.
    transaction.exec("CREATE INDEX ON " + statements_.stage + " (ord)");
    return search(transaction);
  });
}

Failure Writer::search(pqxx::dbtransaction& transaction) {
  struct Range {
    size_t first;
    size_t last;
  };
  // Left half first: of two rows that exclude each other the later one is the culprit.
  std::vector<Range> left{{0, fates_->rows.size() - 1}};
  while (!left.empty()) {
    if ((*give_up_)()) return stop_requested();
    const Range range = left.back();
    left.pop_back();
    Failure failure =
        try_statement(transaction, statements_.write_range(range.first, range.last), kWriting);
    if (!failure) continue;
    if (!failure.blames_row()) return failure;
    if (range.first == range.last) {
      fates_->reject(range.first, reason_of(failure.state), std::move(failure.message));
      continue;
    }
    const size_t middle = range.first + (range.last - range.first) / 2;
    left.push_back({middle + 1, range.last});
    left.push_back({range.first, middle});
  }
  return {};
}

}  // namespace sluice::postgres_sink
