// SPDX-License-Identifier: Apache-2.0
// Letters out: each on a connection of its own, so that reading never waits for writing.
#include <algorithm>
#include <limits>

#include "runtime/store/sqlite_letters.h"

namespace sluice::store {
namespace {

int64_t hour_of(int64_t us) {
  const int64_t hour = us / kHourUs - (us % kHourUs < 0 ? 1 : 0);
  return hour * kHourUs;
}

// Letters of a class with their times, class by class, each in the order of last failures.
using ScanVisit = std::function<void(int64_t id, int64_t last_us, int64_t first_us)>;

Status scan(Database& reader, const LetterFilter& filter, const ScanVisit& visit) {
  const LetterCondition condition(filter);
  SLUICE_ASSIGN_OR_RETURN(
      Statement rows, reader.prepare("SELECT class, last_at_us, first_at_us FROM letters" +
                                     condition.indexed_by("letters_by_class") + condition.where() +
                                     " ORDER BY class, last_at_us"));
  condition.bind(rows);
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) return Status::ok();
    visit(rows.int64(0), rows.int64(1), rows.int64(2));
  }
}

Result<LetterClass> read_class(Statement& find, int64_t id) {
  find.bind(1, id);
  SLUICE_ASSIGN_OR_RETURN(const bool row, find.step());
  LetterClass out;
  if (!row) return out;
  out = class_of_row(find, 0);
  find.reset();
  return out;
}

std::string find_class_by_id() {
  return "SELECT " + class_columns() + " FROM classes WHERE id = ?1";
}

}  // namespace

std::string select_letters(std::string_view where) {
  return std::string("SELECT ") + kLetterColumns +
         " FROM letters l JOIN classes c ON c.id = l.class WHERE " + std::string(where);
}

Result<std::map<std::string, uint64_t>> SqliteDeadLetterStore::count_by_reason(
    const LetterFilter& filter) {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  std::map<std::string, uint64_t> counts;
  // Without bounds in time or names, the classes' own counts are the answer.
  LetterFilter of_class = filter;
  of_class.ids.clear();
  of_class.keys.clear();
  of_class.since_us = of_class.until_us = 0;
  const bool whole =
      filter.ids.empty() && filter.keys.empty() && filter.since_us == 0 && filter.until_us == 0;
  const LetterCondition condition(whole ? of_class : filter);
  std::string sql = "SELECT c.reason, sum(g.n) FROM (SELECT class, count(*) AS n FROM letters" +
                    condition.where() + " GROUP BY class) g JOIN classes c ON c.id = g.class " +
                    "GROUP BY c.reason";
  if (whole) {
    // The same condition, of rows named otherwise.
    sql = "SELECT reason, sum(letters) FROM (SELECT id AS class, reason, letters FROM classes)" +
          condition.where_and("letters > 0") + " GROUP BY reason";
  }
  SLUICE_ASSIGN_OR_RETURN(Statement rows, reader.prepare(sql));
  condition.bind(rows);
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) return counts;
    counts[rows.text(0)] = rows.u64(1);
  }
}

Result<LetterSummary> SqliteDeadLetterStore::summarize(const LetterFilter& filter) {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(Database classes, this->reader());
  SLUICE_ASSIGN_OR_RETURN(Statement find, classes.prepare(find_class_by_id()));
  LetterSummary out;
  int64_t id = -1;
  uint64_t of_class = 0;
  int64_t hour = 0;
  uint64_t of_hour = 0;
  Status status;
  const std::string others = LetterSummary::kOthers;
  const auto end_hour = [&] {
    if (of_hour != 0) add_count(out.hours, hour, int64_t{0}, of_hour);
    of_hour = 0;
  };
  const auto end_class = [&] {
    if (of_class == 0 || !status) return;
    auto found = read_class(find, id);
    if (!found) {
      status = found.status();
      return;
    }
    out.total += of_class;
    add_count(out.reasons, found->reason, others, of_class);
    add_count(out.sources, found->source, others, of_class);
    add_count(out.paths, found->path, others, of_class);
    add_count(out.versions, found->schema_version, others, of_class);
    of_class = 0;
  };
  SLUICE_RETURN_IF_ERROR(scan(reader, filter, [&](int64_t row_class, int64_t last_us, int64_t) {
    const int64_t row_hour = hour_of(last_us);
    if (row_class != id || row_hour != hour) end_hour();
    if (row_class != id) end_class();
    id = row_class;
    hour = row_hour;
    ++of_class;
    ++of_hour;
  }));
  end_hour();
  end_class();
  if (!status) return status;
  return out;
}

Status SqliteDeadLetterStore::each_class(
    const LetterFilter& filter, int64_t now_us,
    const std::function<void(const LetterClassCounts&)>& visit) {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(Database classes, this->reader());
  SLUICE_ASSIGN_OR_RETURN(Statement find, classes.prepare(find_class_by_id()));
  LetterClassCounts counts;
  int64_t id = -1;
  Status status;
  const auto end_class = [&] {
    if (counts.letters == 0 || !status) return;
    auto found = read_class(find, id);
    if (!found) {
      status = found.status();
      return;
    }
    counts.letter_class = std::move(*found);
    visit(counts);
    counts = LetterClassCounts();
  };
  SLUICE_RETURN_IF_ERROR(
      scan(reader, filter, [&](int64_t row_class, int64_t last_us, int64_t first_us) {
        if (row_class != id) end_class();
        id = row_class;
        counts.first_us = counts.letters == 0 ? first_us : std::min(counts.first_us, first_us);
        counts.last_us = counts.letters == 0 ? last_us : std::max(counts.last_us, last_us);
        ++counts.letters;
        if (last_us >= now_us - kHourUs) {
          ++counts.last_hour;
        } else if (last_us >= now_us - 2 * kHourUs) {
          ++counts.hour_before;
        }
      }));
  end_class();
  return status;
}

// First the numbers of the letters out of an index, then one letter at a time, so that a slow
// visitor holds no snapshot, which would let the write-ahead log grow.
Status SqliteDeadLetterStore::each(const LetterFilter& filter, uint64_t limit,
                                   const std::function<void(const DeadLetter&)>& visit) {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  std::vector<uint64_t> chosen;
  {
    const LetterCondition condition(filter);
    SLUICE_ASSIGN_OR_RETURN(
        Statement rows,
        reader.prepare("SELECT seq FROM letters" + condition.indexed_by("letters_by_time") +
                       condition.where() + " ORDER BY last_at_us DESC, seq DESC LIMIT ?"));
    const int next = condition.bind(rows);
    constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
    rows.bind_u64(next, std::min(limit, kMost));
    for (;;) {
      SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
      if (!row) break;
      chosen.push_back(rows.u64(0));
    }
  }
  SLUICE_ASSIGN_OR_RETURN(Statement one, reader.prepare(select_letters("l.seq = ?1")));
  for (const uint64_t seq : chosen) {
    one.bind_u64(1, seq);
    SLUICE_ASSIGN_OR_RETURN(const bool row, one.step());
    if (!row) continue;  // purged meanwhile
    SLUICE_ASSIGN_OR_RETURN(const DeadLetter letter, letter_of(one, name_.path));
    one.reset();
    visit(letter);
  }
  return Status::ok();
}

Result<LetterPage> SqliteDeadLetterStore::page(const LetterFilter& filter,
                                               const LetterCursor& after) {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  const LetterCondition condition(filter);
  SLUICE_ASSIGN_OR_RETURN(Statement rows,
                          reader.prepare("SELECT seq, last_at_us FROM letters" +
                                         condition.indexed_by("letters_by_time") +
                                         condition.where_and("(last_at_us, seq) > (?, ?)") +
                                         " ORDER BY last_at_us, seq LIMIT ?"));
  const int next = condition.bind(rows);
  rows.bind(next, after.last_at_us);
  rows.bind_u64(next + 1, after.seq);
  rows.bind_u64(next + 2, kPageLetters);
  SLUICE_ASSIGN_OR_RETURN(Statement one, reader.prepare(select_letters("l.seq = ?1")));
  LetterPage page;
  uint64_t bytes = 0;
  uint64_t seen = 0;
  while (bytes < kPageBytes) {
    SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) {
      if (seen < kPageLetters) page.next.reset();
      return page;
    }
    ++seen;
    page.next = LetterCursor{rows.int64(1), rows.u64(0)};
    one.bind_u64(1, page.next->seq);
    SLUICE_ASSIGN_OR_RETURN(const bool there, one.step());
    if (!there) continue;
    SLUICE_ASSIGN_OR_RETURN(DeadLetter letter, letter_of(one, name_.path));
    one.reset();
    bytes += letter_bytes(letter);
    page.letters.push_back(std::move(letter));
  }
  return page;
}

Result<std::optional<DeadLetter>> SqliteDeadLetterStore::find(const std::string& id) {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(Statement one, reader.prepare(select_letters("l.id = ?1")));
  one.bind_text(1, id);
  SLUICE_ASSIGN_OR_RETURN(const bool row, one.step());
  if (row) {
    SLUICE_ASSIGN_OR_RETURN(DeadLetter letter, letter_of(one, name_.path));
    return std::optional<DeadLetter>(std::move(letter));
  }
  if (id.size() < kShortestPrefix) return std::optional<DeadLetter>();
  SLUICE_ASSIGN_OR_RETURN(
      Statement some,
      reader.prepare(select_letters("l.id >= ?1 AND l.id < ?2 ORDER BY l.id LIMIT 2")));
  std::string end = id;
  end.back() = static_cast<char>(end.back() + 1);
  some.bind_text(1, id);
  some.bind_text(2, end);
  SLUICE_ASSIGN_OR_RETURN(const bool first, some.step());
  if (!first) return std::optional<DeadLetter>();
  SLUICE_ASSIGN_OR_RETURN(DeadLetter letter, letter_of(some, name_.path));
  SLUICE_ASSIGN_OR_RETURN(const bool second, some.step());
  if (second) return ambiguous_id(id);
  return std::optional<DeadLetter>(std::move(letter));
}

Result<uint64_t> SqliteDeadLetterStore::count() {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(const int64_t n,
                          reader.query_int("SELECT coalesce(sum(letters), 0) FROM classes"));
  return static_cast<uint64_t>(n);
}

Result<uint64_t> SqliteDeadLetterStore::dropped() {
  SLUICE_ASSIGN_OR_RETURN(Database reader, this->reader());
  SLUICE_ASSIGN_OR_RETURN(const int64_t n,
                          reader.query_int("SELECT value FROM counters WHERE name = 'dropped'"));
  return static_cast<uint64_t>(n);
}

}  // namespace sluice::store
