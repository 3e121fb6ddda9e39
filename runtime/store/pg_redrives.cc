// SPDX-License-Identifier: Apache-2.0
// Redrives in PostgreSQL: what was chosen, and what became of it. A letter and its place in a plan
// change in one transaction.
#include <map>
#include <utility>

#include "runtime/store/pg_letters.h"

namespace sluice::store {
namespace {

constexpr const char* kPlans =
    "SELECT id, pipeline, state, who, options, created_us, updated_us, chosen, committed, "
    "duplicate, filtered, failed, gone, (SELECT count(*) FROM sluice.redrive_letters WHERE redrive "
    "= id)::bigint FROM sluice.redrives ";

Status add_reasons(PgConnection& connection, RedrivePlan& plan) {
  return connection.stream("SELECT reason, letters FROM sluice.redrive_reasons WHERE redrive = $1",
                           PgParams().u64(plan.id), [&](const PgRows& row) {
                             plan.reasons[row.text(0, 0)] = row.u64(0, 1);
                           });
}

}  // namespace

Result<uint64_t> PgLetterWriter::create_redrive(const RedrivePlan& plan) {
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      connection_.run("INSERT INTO sluice.redrives (pipeline, state, who, options, created_us, "
                      "updated_us) VALUES ($1, $2, $3, $4, $5, $5) RETURNING id",
                      PgParams()
                          .text(plan.pipeline)
                          .text(plan.state)
                          .text(plan.who)
                          .text(plan.options)
                          .number(plan.created_us)));
  return rows.u64(0, 0);
}

Status PgLetterWriter::count_in_plan(uint64_t redrive, const std::string& column, uint64_t n,
                                     int64_t now_us) {
  return connection_
      .run("UPDATE sluice.redrives SET " + column + " = " + column +
               " + $2, updated_us = greatest(updated_us, $3) WHERE id = $1",
           PgParams().u64(redrive).u64(n).number(now_us))
      .status();
}

Status PgLetterWriter::choose(uint64_t redrive, const LetterFilter& filter, bool answered_too) {
  PgLetterCondition condition(filter);
  const std::string plan = condition.next();
  condition.params.u64(redrive);
  SLUICE_ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::begin(connection_));
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      connection_.run("INSERT INTO sluice.redrive_letters (redrive, seq) SELECT " + plan +
                          ", l.seq FROM sluice.letters l" +
                          condition.where_and(answered_too ? "true" : "l.answered = 0") +
                          " ON CONFLICT DO NOTHING",
                      condition.params));
  SLUICE_RETURN_IF_ERROR(count_in_plan(redrive, "chosen", rows.affected(), 0));
  return transaction.commit();
}

Status PgLetterWriter::choose(uint64_t redrive, const std::vector<uint64_t>& seqs) {
  SLUICE_ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::begin(connection_));
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      connection_.run("INSERT INTO sluice.redrive_letters (redrive, seq) SELECT $1, "
                      "unnest($2::bigint[]) ON CONFLICT DO NOTHING",
                      PgParams().u64(redrive).numbers(seqs)));
  SLUICE_RETURN_IF_ERROR(count_in_plan(redrive, "chosen", rows.affected(), 0));
  return transaction.commit();
}

Status PgLetterWriter::set_redrive_state(uint64_t redrive, const std::string& state,
                                         int64_t now_us) {
  return connection_
      .run("UPDATE sluice.redrives SET state = $2, updated_us = $3 WHERE id = $1",
           PgParams().u64(redrive).text(state).number(now_us))
      .status();
}

Status PgLetterWriter::drop_missing(uint64_t redrive, const std::vector<uint64_t>& seqs) {
  SLUICE_ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::begin(connection_));
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      connection_.run(
          "DELETE FROM sluice.redrive_letters WHERE redrive = $1 AND seq = ANY($2::bigint[])",
          PgParams().u64(redrive).numbers(seqs)));
  // Another node may have dropped some of them first.
  SLUICE_RETURN_IF_ERROR(count_in_plan(redrive, "gone", rows.affected(), 0));
  return transaction.commit();
}

Status PgLetterWriter::settle_redriven(const std::vector<RedrivenLetter>& letters, int64_t now_us) {
  Status status = [&]() -> Status {
    for (const RedrivenLetter& letter : letters) {
      Letters written;
      if (letter.letter) written.push_back(&*letter.letter);
      for (const DeadLetter& more : letter.more) written.push_back(&more);
      SLUICE_RETURN_IF_ERROR(know_classes(written));
    }
    SLUICE_ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::begin(connection_));
    SLUICE_RETURN_IF_ERROR(settle(letters, now_us));
    return transaction.commit();
  }();
  if (!status) class_ids_.clear();
  return status;
}

// Inside a transaction.
Status PgLetterWriter::settle(const std::vector<RedrivenLetter>& letters, int64_t now_us) {
  std::vector<uint64_t> done;
  Letters failed;
  Letters more;
  std::map<uint64_t, std::vector<uint64_t>> left;
  std::map<std::pair<uint64_t, std::string>, uint64_t> fates;
  std::map<std::pair<uint64_t, std::string>, uint64_t> reasons;
  for (const RedrivenLetter& letter : letters) {
    left[letter.redrive].push_back(letter.seq);
    ++fates[{letter.redrive, plan_column(letter.fate)}];
    if (letter.letter) {
      failed.push_back(&*letter.letter);
      ++reasons[{letter.redrive, letter.letter->reason}];
    } else {
      done.push_back(letter.seq);
    }
    for (const DeadLetter& other : letter.more) more.push_back(&other);
  }
  SLUICE_RETURN_IF_ERROR(
      connection_
          .run("DELETE FROM sluice.letters WHERE seq = ANY($1::bigint[])", PgParams().numbers(done))
          .status());
  SLUICE_RETURN_IF_ERROR(insert(failed, true));
  SLUICE_RETURN_IF_ERROR(insert(more, false));
  for (const auto& [redrive, seqs] : left) {
    SLUICE_RETURN_IF_ERROR(
        connection_
            .run(
                "DELETE FROM sluice.redrive_letters WHERE redrive = $1 AND seq = ANY($2::bigint[])",
                PgParams().u64(redrive).numbers(seqs))
            .status());
  }
  for (const auto& [key, n] : fates) {
    SLUICE_RETURN_IF_ERROR(count_in_plan(key.first, key.second, n, now_us));
  }
  for (const auto& [key, n] : reasons) {
    SLUICE_RETURN_IF_ERROR(
        connection_
            .run("INSERT INTO sluice.redrive_reasons AS r VALUES ($1, $2, $3) ON CONFLICT "
                 "(redrive, reason) DO UPDATE SET letters = r.letters + $3",
                 PgParams().u64(key.first).text(key.second).u64(n))
            .status());
  }
  return Status::ok();
}

// The store.

Result<uint64_t> PgDeadLetterStore::create_redrive(const RedrivePlan& plan) {
  uint64_t id = 0;
  SLUICE_RETURN_IF_ERROR(write([&](PgLetterWriter& writer) -> Status {
    SLUICE_ASSIGN_OR_RETURN(id, writer.create_redrive(plan));
    return Status::ok();
  }));
  return id;
}

Status PgDeadLetterStore::choose(uint64_t redrive, const LetterFilter& filter, bool answered_too) {
  return write(
      [&](PgLetterWriter& writer) { return writer.choose(redrive, filter, answered_too); });
}

Status PgDeadLetterStore::choose(uint64_t redrive, const std::vector<uint64_t>& seqs) {
  return write([&](PgLetterWriter& writer) { return writer.choose(redrive, seqs); });
}

Status PgDeadLetterStore::set_redrive_state(uint64_t redrive, const std::string& state,
                                            int64_t now_us) {
  return write(
      [&](PgLetterWriter& writer) { return writer.set_redrive_state(redrive, state, now_us); });
}

Status PgDeadLetterStore::settle_redriven(const std::vector<RedrivenLetter>& letters,
                                          int64_t now_us) {
  if (letters.empty()) return Status::ok();
  return write([&](PgLetterWriter& writer) { return writer.settle_redriven(letters, now_us); });
}

Result<std::vector<DeadLetter>> PgDeadLetterStore::next_chosen(uint64_t redrive, uint64_t after,
                                                               uint64_t limit) {
  std::vector<uint64_t> seqs;
  std::vector<uint64_t> missing;
  std::vector<DeadLetter> letters;
  {
    SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
    // Where a whole step of them is gone, the next one is looked at.
    for (bool more = true; more && seqs.empty();) {
      SLUICE_ASSIGN_OR_RETURN(
          const PgRows rows,
          reader->run("SELECT r.seq, l.bytes FROM sluice.redrive_letters r LEFT JOIN "
                      "sluice.letters l ON l.seq = r.seq WHERE r.redrive = $1 AND r.seq > $2 ORDER "
                      "BY r.seq LIMIT $3",
                      PgParams().u64(redrive).u64(after).u64(limit)));
      more = limit > 0 && static_cast<uint64_t>(rows.count()) == limit;
      uint64_t bytes = 0;
      for (int row = 0; row < rows.count() && bytes < kPageBytes; ++row) {
        after = rows.u64(row, 0);
        if (rows.is_null(row, 1)) {
          missing.push_back(after);
          continue;
        }
        seqs.push_back(after);
        bytes += rows.u64(row, 1);
      }
    }
    SLUICE_ASSIGN_OR_RETURN(letters, letters_of(*reader, seqs));
  }
  if (missing.empty()) return letters;
  SLUICE_RETURN_IF_ERROR(
      write([&](PgLetterWriter& writer) { return writer.drop_missing(redrive, missing); }));
  return letters;
}

Result<std::vector<RedrivePlan>> PgDeadLetterStore::redrives(uint64_t limit) {
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      reader->run(std::string(kPlans) + "ORDER BY id DESC LIMIT $1", PgParams().u64(limit)));
  std::vector<RedrivePlan> plans;
  for (int row = 0; row < rows.count(); ++row) plans.push_back(plan_of(rows.row(row)));
  for (RedrivePlan& plan : plans) SLUICE_RETURN_IF_ERROR(add_reasons(*reader, plan));
  return plans;
}

Result<std::optional<RedrivePlan>> PgDeadLetterStore::find_redrive(uint64_t redrive) {
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(const PgRows rows, reader->run(std::string(kPlans) + "WHERE id = $1",
                                                         PgParams().u64(redrive)));
  if (rows.count() == 0) return std::optional<RedrivePlan>();
  RedrivePlan plan = plan_of(rows.row(0));
  SLUICE_RETURN_IF_ERROR(add_reasons(*reader, plan));
  return std::optional<RedrivePlan>(std::move(plan));
}

}  // namespace sluice::store
