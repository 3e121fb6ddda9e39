// SPDX-License-Identifier: Apache-2.0
// Letters out of PostgreSQL: each call on a connection of its own, so that reading never waits for
// writing, and a visitor may use the store.
#include <algorithm>
#include <limits>
#include <unordered_map>

#include "runtime/store/pg_letters.h"

namespace sluice::store {
namespace {

// Connections kept open while nobody reads.
constexpr size_t kIdleConnections = 4;

std::string select_from_postgres(std::string_view where) {
  return std::string("SELECT ") + kLetterColumns +
         " FROM sluice.letters l JOIN sluice.letter_classes c ON c.id = l.class WHERE " +
         std::string(where);
}

// Per class what `counts` says, with the class's columns behind it.
std::string select_classes(const PgLetterCondition& condition, std::string_view counts,
                           std::string_view columns) {
  return "SELECT g.*, " + std::string(columns) + " FROM (SELECT class, " + std::string(counts) +
         " FROM sluice.letters l" + condition.where() +
         " GROUP BY class) g JOIN sluice.letter_classes c ON c.id = g.class ORDER BY g.class";
}

}  // namespace

Result<PgDeadLetterStore::Reader> PgDeadLetterStore::reader() {
  {
    MutexLock lock(idle_mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return Reader(*this, std::move(connection));
    }
  }
  SLUICE_ASSIGN_OR_RETURN(PgConnection connection, PgConnection::open(target_));
  return Reader(*this, std::make_unique<PgConnection>(std::move(connection)));
}

void PgDeadLetterStore::give_back(std::unique_ptr<PgConnection> connection) {
  MutexLock lock(idle_mutex_);
  if (connection->broken()) {
    idle_.clear();  // they go to the same server
  } else if (idle_.size() < kIdleConnections) {
    idle_.push_back(std::move(connection));
  }
}

Result<std::map<std::string, uint64_t>> PgDeadLetterStore::count_by_reason(
    const LetterFilter& filter) {
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
  const PgLetterCondition condition(filter);
  std::map<std::string, uint64_t> counts;
  SLUICE_RETURN_IF_ERROR(reader->stream(
      select_classes(condition, "count(*)::bigint AS n", "c.reason"), condition.params,
      [&](const PgRows& row) { counts[row.text(0, 2)] += row.u64(0, 1); }));
  return counts;
}

Result<LetterSummary> PgDeadLetterStore::summarize(const LetterFilter& filter) {
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
  const PgLetterCondition condition(filter);
  LetterSummary out;
  const std::string others = LetterSummary::kOthers;
  // Both walks see the same letters.
  SLUICE_ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::begin(*reader, true));
  SLUICE_RETURN_IF_ERROR(reader->stream(select_classes(condition, "count(*)::bigint AS n",
                                                       "c.reason, c.source, c.path, "
                                                       "c.schema_version"),
                                        condition.params, [&](const PgRows& row) {
                                          const uint64_t n = row.u64(0, 1);
                                          out.total += n;
                                          add_count(out.reasons, row.text(0, 2), others, n);
                                          add_count(out.sources, row.text(0, 3), others, n);
                                          add_count(out.paths, row.text(0, 4), others, n);
                                          add_count(out.versions, row.text(0, 5), others, n);
                                        }));
  // Division rounds towards zero; an hour before 1970 begins below it.
  const std::string hour = std::to_string(kHourUs);
  SLUICE_RETURN_IF_ERROR(
      reader->stream("SELECT l.last_at_us - ((l.last_at_us % " + hour + ") + " + hour + ") % " +
                         hour + " AS hour, count(*)::bigint FROM sluice.letters l" +
                         condition.where() + " GROUP BY hour ORDER BY hour",
                     condition.params, [&](const PgRows& row) {
                       add_count(out.hours, row.int64(0, 0), int64_t{0}, row.u64(0, 1));
                     }));
  SLUICE_RETURN_IF_ERROR(transaction.commit());
  return out;
}

Status PgDeadLetterStore::each_class(const LetterFilter& filter, int64_t now_us,
                                     const std::function<void(const LetterClassCounts&)>& visit) {
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
  PgLetterCondition condition(filter);
  const std::string last_hour = condition.next(1);
  const std::string hour_before = condition.next(2);
  condition.params.number(now_us - kHourUs).number(now_us - 2 * kHourUs);
  return reader->stream(
      select_classes(condition,
                     "count(*)::bigint, min(first_at_us), max(last_at_us), count(*) FILTER (WHERE "
                     "last_at_us >= " +
                         last_hour + ")::bigint, count(*) FILTER (WHERE last_at_us < " + last_hour +
                         " AND last_at_us >= " + hour_before + ")::bigint",
                     class_columns("c.")),
      condition.params, [&](const PgRows& row) {
        LetterClassCounts counts;
        counts.letters = row.u64(0, 1);
        counts.first_us = row.int64(0, 2);
        counts.last_us = row.int64(0, 3);
        counts.last_hour = row.u64(0, 4);
        counts.hour_before = row.u64(0, 5);
        counts.letter_class = class_of_row(row.row(0), 6);
        visit(counts);
      });
}

// First the numbers of the letters, then one letter at a time, so that a slow visitor holds no
// snapshot, which would keep the server from cleaning up.
Status PgDeadLetterStore::each(const LetterFilter& filter, uint64_t limit,
                               const std::function<void(const DeadLetter&)>& visit) {
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
  PgLetterCondition condition(filter);
  const std::string most = condition.next();
  condition.params.u64(std::min<uint64_t>(limit, std::numeric_limits<int64_t>::max()));
  std::vector<uint64_t> chosen;
  SLUICE_RETURN_IF_ERROR(reader->stream(
      "SELECT l.seq FROM sluice.letters l" + condition.where() +
          " ORDER BY l.last_at_us DESC, l.seq DESC LIMIT " + most,
      condition.params, [&](const PgRows& row) { chosen.push_back(row.u64(0, 0)); }));
  for (const uint64_t seq : chosen) {
    SLUICE_ASSIGN_OR_RETURN(const auto letters, letters_of(*reader, {seq}));
    if (!letters.empty()) visit(letters.front());  // else purged meanwhile
  }
  return Status::ok();
}

// Those that are there, in the order given.
Result<std::vector<DeadLetter>> PgDeadLetterStore::letters_of(PgConnection& connection,
                                                              const std::vector<uint64_t>& seqs) {
  std::vector<DeadLetter> letters;
  if (seqs.empty()) return letters;
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      connection.run(select_from_postgres("l.seq = ANY($1::bigint[])"), PgParams().numbers(seqs)));
  std::unordered_map<uint64_t, int> row_of;
  for (int row = 0; row < rows.count(); ++row) row_of.emplace(rows.u64(row, 24), row);
  for (const uint64_t seq : seqs) {
    const auto at = row_of.find(seq);
    if (at == row_of.end()) continue;
    SLUICE_ASSIGN_OR_RETURN(DeadLetter letter, letter_of(rows.row(at->second), target_.shown));
    letters.push_back(std::move(letter));
  }
  return letters;
}

Result<LetterPage> PgDeadLetterStore::page(const LetterFilter& filter, const LetterCursor& after) {
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
  PgLetterCondition condition(filter);
  const std::string last = condition.next(1);
  const std::string seq = condition.next(2);
  const std::string limit = condition.next(3);
  condition.params.number(after.last_at_us).u64(after.seq).u64(kPageLetters);
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      reader->run("SELECT l.seq, l.last_at_us, l.bytes FROM sluice.letters l" +
                      condition.where_and("(l.last_at_us, l.seq) > (" + last + ", " + seq + ")") +
                      " ORDER BY l.last_at_us, l.seq LIMIT " + limit,
                  condition.params));
  LetterPage page;
  std::vector<uint64_t> seqs;
  uint64_t bytes = 0;
  for (int row = 0; row < rows.count() && bytes < kPageBytes; ++row) {
    seqs.push_back(rows.u64(row, 0));
    bytes += rows.u64(row, 2);
    page.next = LetterCursor{rows.int64(row, 1), rows.u64(row, 0)};
  }
  const bool all = seqs.size() == static_cast<size_t>(rows.count());
  if (all && seqs.size() < kPageLetters) page.next.reset();
  SLUICE_ASSIGN_OR_RETURN(page.letters, letters_of(*reader, seqs));
  return page;
}

Result<std::optional<DeadLetter>> PgDeadLetterStore::find(const std::string& id) {
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(const PgRows whole,
                          reader->run(select_from_postgres("l.id = $1"), PgParams().text(id)));
  if (whole.count() > 0) {
    SLUICE_ASSIGN_OR_RETURN(DeadLetter letter, letter_of(whole.row(0), target_.shown));
    return std::optional<DeadLetter>(std::move(letter));
  }
  if (id.size() < kShortestPrefix) return std::optional<DeadLetter>();
  const std::string behind = id + "\xf4\x8f\xbf\xbf";  // the last character there is
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      reader->run(select_from_postgres("l.id >= $1 AND l.id < $2 ORDER BY l.id LIMIT 2"),
                  PgParams().text(id).text(behind)));
  if (rows.count() == 0) return std::optional<DeadLetter>();
  if (rows.count() > 1) return ambiguous_id(id);
  SLUICE_ASSIGN_OR_RETURN(DeadLetter letter, letter_of(rows.row(0), target_.shown));
  return std::optional<DeadLetter>(std::move(letter));
}

Result<uint64_t> PgDeadLetterStore::count() {
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(const PgRows rows,
                          reader->run("SELECT count(*)::bigint FROM sluice.letters"));
  return rows.u64(0, 0);
}

Result<uint64_t> PgDeadLetterStore::dropped() {
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      reader->run("SELECT value FROM sluice.letter_counters WHERE name = 'dropped'"));
  return rows.count() == 0 ? uint64_t{0} : rows.u64(0, 0);
}

}  // namespace sluice::store
