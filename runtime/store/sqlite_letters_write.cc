// SPDX-License-Identifier: Apache-2.0
// Letters in: classes, limits, retention.
#include <algorithm>
#include <utility>

#include "runtime/base/fault.h"
#include "runtime/base/text.h"
#include "runtime/store/pair_list.h"
#include "runtime/store/sqlite_letters.h"

namespace sluice::store {
namespace {

constexpr std::string_view kInsert = R"(
INSERT INTO letters (id, class, position, part, attempts, redrives, flags, no_value, answered,
  first_at_us, last_at_us, event_time_us, bytes, first_reason, pointer, detail, lane, record_key,
  rendered_key, done_sinks, headers, fields, raw, rendered)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
  ?21, ?22, ?23, ?24)
ON CONFLICT (id) DO UPDATE SET class = excluded.class, attempts = excluded.attempts,
  last_at_us = excluded.last_at_us, bytes = excluded.bytes, pointer = excluded.pointer,
  detail = excluded.detail, fields = excluded.fields, rendered = excluded.rendered,
  rendered_key = excluded.rendered_key, done_sinks = excluded.done_sinks,
  answered = max(answered, excluded.answered))";
// What a redrive leaves on its letter as well.
constexpr std::string_view kRedriven =
    ", redrives = excluded.redrives, first_reason = excluded.first_reason, part = excluded.part";

// The rest, for letters that come whole from elsewhere.
constexpr std::string_view kWhole =
    ", position = excluded.position, flags = excluded.flags, no_value = excluded.no_value, "
    "first_at_us = excluded.first_at_us, event_time_us = excluded.event_time_us, "
    "lane = excluded.lane, "
    "record_key = excluded.record_key, headers = excluded.headers, raw = excluded.raw";

constexpr std::string_view kFindClass =
    "SELECT id FROM classes WHERE pipeline = ?1 AND source = ?2 AND reason = ?3 AND stage = ?4 AND "
    "sink = ?5 AND path = ?6 AND shape = ?7 AND tenant = ?8 AND schema_version = ?9 AND "
    "script_hash = ?10 AND bundle_hash = ?11";
constexpr std::string_view kAddClass =
    "INSERT INTO classes (pipeline, source, reason, stage, sink, path, shape, tenant, "
    "schema_version, script_hash, bundle_hash, grp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
    "?10, ?11, ?12) RETURNING id";

// Classes known by their columns; more are looked up in the database.
constexpr size_t kKnownClasses = 4096;
// Of a pipeline that is full so much more than needed is dropped, so that not each put() drops.
constexpr uint64_t kDropMore = 1 << 20;

std::string class_key(const LetterClass& of) {
  std::string key;
  for (const std::string* part :
       {&of.pipeline, &of.source, &of.reason, &of.stage, &of.sink, &of.path, &of.shape, &of.tenant,
        &of.schema_version, &of.script_hash, &of.bundle_hash}) {
    key += *part;
    key += '\0';
  }
  return key;
}

void bind_class(Statement& statement, const LetterClass& of) {
  int index = 1;
  for (const std::string* part :
       {&of.pipeline, &of.source, &of.reason, &of.stage, &of.sink, &of.path, &of.shape, &of.tenant,
        &of.schema_version, &of.script_hash, &of.bundle_hash}) {
    statement.bind_text(index++, *part);
  }
}

}  // namespace

LetterWriter::LetterWriter(Database database, Statement put, Statement put_redriven,
                           Statement overwrite, Statement find_class, Statement add_class,
                           Statement remove_one)
    : database_(std::move(database)),
      put_(std::move(put)),
      put_redriven_(std::move(put_redriven)),
      overwrite_(std::move(overwrite)),
      find_class_(std::move(find_class)),
      add_class_(std::move(add_class)),
      remove_one_(std::move(remove_one)) {}

Result<std::unique_ptr<LetterWriter>> LetterWriter::open(Database database) {
  // Ids are hashes, so writes fall all over their index: keep more of it in memory (KiB), and write
  // pages back to the file less often (a log of up to 128 MiB while much is written). What is
  // deleted is overwritten where that costs no further page.
  SLUICE_RETURN_IF_ERROR(
      database.exec("PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=32000; "
                    "PRAGMA secure_delete=FAST"));
  SLUICE_ASSIGN_OR_RETURN(Statement put, database.prepare(kInsert));
  SLUICE_ASSIGN_OR_RETURN(Statement put_redriven,
                          database.prepare(std::string(kInsert) + std::string(kRedriven)));
  SLUICE_ASSIGN_OR_RETURN(
      Statement overwrite,
      database.prepare(std::string(kInsert) + std::string(kRedriven) + std::string(kWhole)));
  SLUICE_ASSIGN_OR_RETURN(Statement find_class, database.prepare(kFindClass));
  SLUICE_ASSIGN_OR_RETURN(Statement add_class, database.prepare(kAddClass));
  SLUICE_ASSIGN_OR_RETURN(Statement remove_one,
                          database.prepare("DELETE FROM letters WHERE seq = ?1"));
  return std::unique_ptr<LetterWriter>(new LetterWriter(
      std::move(database), std::move(put), std::move(put_redriven), std::move(overwrite),
      std::move(find_class), std::move(add_class), std::move(remove_one)));
}

Status LetterWriter::put(const std::vector<DeadLetter>& letters) {
  Status status = keep_limits(letters);
  if (status) status = put_in_transaction(letters);
  // A class that was added is gone with its transaction.
  if (!status) class_ids_.clear();
  return status;
}

Status LetterWriter::put_in_transaction(const std::vector<DeadLetter>& letters) {
  SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database_));
  for (const DeadLetter& letter : letters) {
    SLUICE_RETURN_IF_ERROR(put_one(put_, letter));
    SLUICE_FAULT_STATUS("letters.inside");
  }
  SLUICE_FAULT_STATUS("letters.before_commit");
  SLUICE_RETURN_IF_ERROR(transaction.commit());
  SLUICE_FAULT("letters.after_commit");
  return Status::ok();
}

Status LetterWriter::put_one(Statement& statement, const DeadLetter& letter) {
  SLUICE_ASSIGN_OR_RETURN(const int64_t of_class, class_id(class_of(letter)));
  const std::string id = letter.id.empty() ? letter_id(letter) : letter.id;
  const std::string headers = encode_pairs(letter.headers);
  const std::string fields = encode_pairs(letter.fields);
  const std::string done = encode_names(letter.done_sinks);
  statement.bind_text(1, id);
  statement.bind(2, of_class);
  statement.bind_u64(3, letter.position);
  statement.bind(4, letter.part);
  statement.bind(5, letter.attempts);
  statement.bind(6, letter.redrives);
  statement.bind(7, letter.flags);
  statement.bind(8, letter.no_value ? 1 : 0);
  statement.bind(9, letter.answered ? 1 : 0);
  statement.bind(10, letter.first_at_us);
  statement.bind(11, letter.last_at_us);
  statement.bind(12, letter.event_time_us);
  statement.bind_u64(13, letter_bytes(letter));
  statement.bind_text(14, letter.first_reason);
  statement.bind_text(15, letter.pointer);
  statement.bind_text(16, letter.detail);
  statement.bind_blob(17, std::string_view(letter.lane));
  statement.bind_blob(18, letter.key);
  statement.bind_blob(19, letter.rendered_key);
  statement.bind_blob(20, std::string_view(done));
  statement.bind_blob(21, std::string_view(headers));
  statement.bind_blob(22, std::string_view(fields));
  statement.bind_blob(23, std::string_view(letter.raw));
  statement.bind_blob(24, std::string_view(letter.rendered));
  return statement.run();
}

Result<int64_t> LetterWriter::class_id(const LetterClass& letter_class) {
  std::string key = class_key(letter_class);
  if (const auto known = class_ids_.find(key); known != class_ids_.end()) return known->second;
  bind_class(find_class_, letter_class);
  SLUICE_ASSIGN_OR_RETURN(const bool found, find_class_.step());
  int64_t id = 0;
  if (found) {
    id = find_class_.int64(0);
    find_class_.reset();
  } else {
    bind_class(add_class_, letter_class);
    add_class_.bind_text(12, letter_class.group);
    SLUICE_ASSIGN_OR_RETURN(const bool added, add_class_.step());
    SLUICE_CHECK(added, "a class was added without an id");
    id = add_class_.int64(0);
    SLUICE_RETURN_IF_ERROR(add_class_.run());
  }
  if (class_ids_.size() >= kKnownClasses) class_ids_.clear();
  class_ids_.emplace(std::move(key), id);
  return id;
}

// Before letters are put: is there room for them, or can it be made?
Status LetterWriter::keep_limits(const std::vector<DeadLetter>& letters) {
  for (const auto& [pipeline, bytes, limit] : coming_under_limits(letters, limits_)) {
    const uint64_t most = limit.max_bytes;
    const auto known = used_.find(pipeline);
    uint64_t used = known == used_.end() ? most : known->second;
    if (used + bytes > most) {
      // Letters written again were counted twice, and some may be gone.
      SLUICE_ASSIGN_OR_RETURN(used, used_bytes(pipeline));
    }
    if (used + bytes > most && limit.drop_oldest && bytes < most) {
      SLUICE_RETURN_IF_ERROR(
          drop_oldest(pipeline, used + bytes - most + std::min(kDropMore, most / 16)));
      SLUICE_ASSIGN_OR_RETURN(used, used_bytes(pipeline));
    }
    if (used + bytes > most) return letters_are_full(pipeline, used, most);
    used_[pipeline] = used + bytes;
  }
  return Status::ok();
}

Result<uint64_t> LetterWriter::used_bytes(const std::string& pipeline) {
  SLUICE_ASSIGN_OR_RETURN(
      Statement sum,
      database_.prepare("SELECT coalesce(sum(bytes), 0) FROM classes WHERE pipeline = ?1"));
  sum.bind_text(1, pipeline);
  SLUICE_ASSIGN_OR_RETURN(const bool row, sum.step());
  return row ? sum.u64(0) : uint64_t{0};
}

// Removes the oldest letters of a pipeline until so many bytes are free.
Status LetterWriter::drop_oldest(const std::string& pipeline, uint64_t bytes) {
  SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database_));
  uint64_t dropped = 0;
  {
    SLUICE_ASSIGN_OR_RETURN(
        Statement oldest,
        database_.prepare(
            "SELECT seq, bytes FROM letters INDEXED BY letters_by_time WHERE class IN "
            "(SELECT id FROM classes WHERE pipeline = ?1) ORDER BY last_at_us, seq "
            "LIMIT ?2"));
    oldest.bind_text(1, pipeline);
    oldest.bind_u64(2, DeadLetterStore::kPurgeBatch);
    std::vector<uint64_t> seqs;
    for (uint64_t freed = 0; freed < bytes;) {
      SLUICE_ASSIGN_OR_RETURN(const bool row, oldest.step());
      if (!row) break;
      seqs.push_back(oldest.u64(0));
      freed += oldest.u64(1);
    }
    oldest.reset();
    for (const uint64_t seq : seqs) {
      remove_one_.bind_u64(1, seq);
      SLUICE_RETURN_IF_ERROR(remove_one_.run());
    }
    dropped = seqs.size();
  }
  SLUICE_ASSIGN_OR_RETURN(
      Statement count,
      database_.prepare("UPDATE counters SET value = value + ?1 WHERE name = 'dropped'"));
  count.bind_u64(1, dropped);
  SLUICE_RETURN_IF_ERROR(count.run());
  return transaction.commit();
}

Result<uint64_t> LetterWriter::remove(const LetterFilter& filter) {
  const LetterCondition condition(filter);
  SLUICE_ASSIGN_OR_RETURN(
      Statement remove,
      database_.prepare("DELETE FROM letters WHERE seq IN (SELECT seq FROM letters" +
                        condition.indexed_by("letters_by_time") + condition.where() +
                        " ORDER BY last_at_us, seq LIMIT ?)"));
  const int next = condition.bind(remove);
  remove.bind_u64(next, DeadLetterStore::kPurgeBatch);
  SLUICE_RETURN_IF_ERROR(remove.run());
  const uint64_t removed = database_.changes();
  if (removed == 0) {
    // The classes that nothing is left of go at the end of a purge, and are not known any more.
    class_ids_.clear();
    SLUICE_RETURN_IF_ERROR(database_.exec("DELETE FROM classes WHERE letters = 0"));
  }
  SLUICE_RETURN_IF_ERROR(database_.exec("PRAGMA incremental_vacuum(8192)"));
  return removed;
}

}  // namespace sluice::store
