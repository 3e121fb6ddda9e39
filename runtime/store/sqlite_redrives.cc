// SPDX-License-Identifier: Apache-2.0
// Redrives: what was chosen, and what became of it. A plan's row has the counts, `redrive_letters`
// what is still to be settled; a letter and its place in a plan change in one transaction.
#include <algorithm>

#include "runtime/base/fault.h"
#include "runtime/store/sqlite_letters.h"

namespace sluice::store {
namespace {

constexpr std::string_view kPlanColumns =
    "SELECT id, pipeline, state, who, options, created_us, updated_us, chosen, committed, "
    "duplicate, filtered, failed, gone, (SELECT count(*) FROM redrive_letters WHERE redrive = id) "
    "FROM redrives ";

Status read_reasons(Database& reader, RedrivePlan& plan) {
  SLUICE_ASSIGN_OR_RETURN(
      Statement rows,
      reader.prepare("SELECT reason, letters FROM redrive_reasons WHERE redrive = ?1"));
  rows.bind_u64(1, plan.id);
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) return Status::ok();
    plan.reasons[rows.text(0)] = rows.u64(1);
  }
}

// Adds to a counter of a plan.
Status count_in_plan(Database& database, uint64_t redrive, const std::string& column, uint64_t n,
                     int64_t now_us) {
  SLUICE_ASSIGN_OR_RETURN(
      Statement update, database.prepare("UPDATE redrives SET " + column + " = " + column +
                                         " + ?2, updated_us = max(updated_us, ?3) WHERE id = ?1"));
  update.bind_u64(1, redrive);
  update.bind_u64(2, n);
  update.bind(3, now_us);
  return update.run();
}

Status count_reason(Database& database, uint64_t redrive, const std::string& reason, uint64_t n) {
  SLUICE_ASSIGN_OR_RETURN(Statement add,
                          database.prepare("INSERT INTO redrive_reasons VALUES (?1, ?2, ?3) ON "
                                           "CONFLICT DO UPDATE SET letters = letters + ?3"));
  add.bind_u64(1, redrive);
  add.bind_text(2, reason);
  add.bind_u64(3, n);
  return add.run();
}

// Neighbours lie in the same pages.
std::vector<const RedrivenLetter*> in_their_order(const std::vector<RedrivenLetter>& letters) {
  std::vector<const RedrivenLetter*> out;
  out.reserve(letters.size());
  for (const RedrivenLetter& letter : letters) out.push_back(&letter);
  std::stable_sort(out.begin(), out.end(), [](const RedrivenLetter* a, const RedrivenLetter* b) {
    return a->seq < b->seq;
  });
  return out;
}

}  // namespace

Result<uint64_t> LetterWriter::create_redrive(const RedrivePlan& plan) {
  SLUICE_ASSIGN_OR_RETURN(
      Statement add,
      database_.prepare("INSERT INTO redrives (pipeline, state, who, options, created_us, "
                        "updated_us) VALUES (?1, ?2, ?3, ?4, ?5, ?5) RETURNING id"));
  add.bind_text(1, plan.pipeline);
  add.bind_text(2, plan.state);
  add.bind_text(3, plan.who);
  add.bind_text(4, plan.options);
  add.bind(5, plan.created_us);
  SLUICE_ASSIGN_OR_RETURN(const bool row, add.step());
  SLUICE_CHECK(row, "a plan was added without an id");
  const uint64_t id = add.u64(0);
  SLUICE_RETURN_IF_ERROR(add.run());
  return id;
}

Status LetterWriter::choose(uint64_t redrive, const LetterFilter& filter, bool answered_too) {
  const LetterCondition condition(filter);
  const std::string more = answered_too ? "true" : "answered = 0";
  SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database_));
  {
    // The plan's number comes last, so that the values of the condition keep their places.
    SLUICE_ASSIGN_OR_RETURN(
        Statement add, database_.prepare("INSERT OR IGNORE INTO redrive_letters (seq, redrive) "
                                         "SELECT seq, r FROM (SELECT seq FROM letters" +
                                         condition.where_and(more) + "), (SELECT ? AS r)"));
    const int next = condition.bind(add);
    add.bind_u64(next, redrive);
    SLUICE_RETURN_IF_ERROR(add.run());
  }
  const uint64_t added = database_.changes();
  SLUICE_RETURN_IF_ERROR(count_in_plan(database_, redrive, "chosen", added, 0));
  SLUICE_FAULT_STATUS("redrives.choose.before_commit");
  return transaction.commit();
}

Status LetterWriter::choose(uint64_t redrive, const std::vector<uint64_t>& seqs) {
  SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database_));
  uint64_t added = 0;
  {
    SLUICE_ASSIGN_OR_RETURN(
        Statement add,
        database_.prepare("INSERT OR IGNORE INTO redrive_letters (redrive, seq) VALUES (?1, ?2)"));
    for (const uint64_t seq : seqs) {
      add.bind_u64(1, redrive);
      add.bind_u64(2, seq);
      SLUICE_RETURN_IF_ERROR(add.run());
      added += database_.changes();
    }
  }
  SLUICE_RETURN_IF_ERROR(count_in_plan(database_, redrive, "chosen", added, 0));
  return transaction.commit();
}

Status LetterWriter::set_redrive_state(uint64_t redrive, const std::string& state, int64_t now_us) {
  SLUICE_ASSIGN_OR_RETURN(
      Statement update,
      database_.prepare("UPDATE redrives SET state = ?2, updated_us = ?3 WHERE id = ?1"));
  update.bind_u64(1, redrive);
  update.bind_text(2, state);
  update.bind(3, now_us);
  return update.run();
}

Status LetterWriter::drop_missing(uint64_t redrive, const std::vector<uint64_t>& seqs) {
  SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database_));
  {
    SLUICE_ASSIGN_OR_RETURN(
        Statement drop,
        database_.prepare("DELETE FROM redrive_letters WHERE redrive = ?1 AND seq = ?2"));
    for (const uint64_t seq : seqs) {
      drop.bind_u64(1, redrive);
      drop.bind_u64(2, seq);
      SLUICE_RETURN_IF_ERROR(drop.run());
    }
  }
  SLUICE_RETURN_IF_ERROR(count_in_plan(database_, redrive, "gone", seqs.size(), 0));
  return transaction.commit();
}

Status LetterWriter::settle_redriven(const std::vector<RedrivenLetter>& letters, int64_t now_us) {
  Status status = [&]() -> Status {
    SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database_));
    std::map<std::pair<uint64_t, std::string>, uint64_t> fates;
    std::map<std::pair<uint64_t, std::string>, uint64_t> reasons;
    {
      SLUICE_ASSIGN_OR_RETURN(
          Statement leave,
          database_.prepare("DELETE FROM redrive_letters WHERE redrive = ?1 AND seq = ?2"));
      for (const RedrivenLetter* at : in_their_order(letters)) {
        const RedrivenLetter& letter = *at;
        SLUICE_RETURN_IF_ERROR(settle_one(letter));
        leave.bind_u64(1, letter.redrive);
        leave.bind_u64(2, letter.seq);
        SLUICE_RETURN_IF_ERROR(leave.run());
        SLUICE_FAULT_STATUS("redrives.settle.inside");
        ++fates[{letter.redrive, plan_column(letter.fate)}];
        if (letter.letter) ++reasons[{letter.redrive, letter.letter->reason}];
      }
    }
    for (const auto& [key, n] : fates) {
      SLUICE_RETURN_IF_ERROR(count_in_plan(database_, key.first, key.second, n, now_us));
    }
    for (const auto& [key, n] : reasons) {
      SLUICE_RETURN_IF_ERROR(count_reason(database_, key.first, key.second, n));
    }
    SLUICE_FAULT_STATUS("redrives.settle.before_commit");
    SLUICE_RETURN_IF_ERROR(transaction.commit());
    SLUICE_FAULT("redrives.settle.after_commit");
    return Status::ok();
  }();
  if (!status) class_ids_.clear();
  return status;
}

Status LetterWriter::settle_one(const RedrivenLetter& letter) {
  if (!letter.letter) {
    remove_one_.bind_u64(1, letter.seq);
    SLUICE_RETURN_IF_ERROR(remove_one_.run());
  } else {
    SLUICE_RETURN_IF_ERROR(put_one(put_redriven_, *letter.letter));
  }
  for (const DeadLetter& more : letter.more) SLUICE_RETURN_IF_ERROR(put_one(put_, more));
  return Status::ok();
}

Result<std::vector<DeadLetter>> SqliteDeadLetterStore::next_chosen(uint64_t redrive, uint64_t after,
                                                                   uint64_t limit) {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(Statement seqs,
                          reader.prepare("SELECT seq FROM redrive_letters WHERE redrive = ?1 AND "
                                         "seq > ?2 ORDER BY seq LIMIT ?3"));
  seqs.bind_u64(1, redrive);
  seqs.bind_u64(2, after);
  seqs.bind_u64(3, limit);
  SLUICE_ASSIGN_OR_RETURN(Statement one, reader.prepare(select_letters("l.seq = ?1")));
  std::vector<DeadLetter> letters;
  std::vector<uint64_t> missing;
  uint64_t looked_at = 0;  // in this step
  for (uint64_t bytes = 0; bytes < kPageBytes;) {
    SLUICE_ASSIGN_OR_RETURN(const bool row, seqs.step());
    if (!row) {
      if (!letters.empty() || looked_at == 0 || looked_at < limit) break;
      // A whole step of them is gone: look behind it.
      seqs.bind_u64(2, missing.back());
      looked_at = 0;
      continue;
    }
    ++looked_at;
    one.bind_u64(1, seqs.u64(0));
    SLUICE_ASSIGN_OR_RETURN(const bool there, one.step());
    if (!there) {
      missing.push_back(seqs.u64(0));
      continue;
    }
    SLUICE_ASSIGN_OR_RETURN(DeadLetter letter, letter_of(one, name_.path));
    one.reset();
    bytes += letter_bytes(letter);
    letters.push_back(std::move(letter));
  }
  if (missing.empty()) return letters;
  MutexLock lock(mutex_);
  if (!writer_) return opened_read_only();
  SLUICE_RETURN_IF_ERROR(writer_->drop_missing(redrive, missing));
  return letters;
}

Result<std::vector<RedrivePlan>> SqliteDeadLetterStore::redrives(uint64_t limit) {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(Statement rows,
                          reader.prepare(std::string(kPlanColumns) + "ORDER BY id DESC LIMIT ?1"));
  rows.bind_u64(1, limit);
  std::vector<RedrivePlan> plans;
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) break;
    plans.push_back(plan_of(rows));
  }
  for (RedrivePlan& plan : plans) SLUICE_RETURN_IF_ERROR(read_reasons(reader, plan));
  return plans;
}

Result<std::optional<RedrivePlan>> SqliteDeadLetterStore::find_redrive(uint64_t redrive) {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(Statement rows,
                          reader.prepare(std::string(kPlanColumns) + "WHERE id = ?1"));
  rows.bind_u64(1, redrive);
  SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
  if (!row) return std::optional<RedrivePlan>();
  RedrivePlan plan = plan_of(rows);
  rows.reset();
  SLUICE_RETURN_IF_ERROR(read_reasons(reader, plan));
  return std::optional<RedrivePlan>(std::move(plan));
}

}  // namespace sluice::store
