// SPDX-License-Identifier: Apache-2.0
// Letters into PostgreSQL: classes, limits, retention. Several nodes write at once.
#include <algorithm>

#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/store/pair_list.h"
#include "runtime/store/pg_letters.h"

namespace sluice::store {
namespace {

// A statement takes 65,535 values; this many letters keep it small as well.
constexpr size_t kLettersInStatement = 100;
constexpr size_t kColumns = 25;
// Classes known by their columns; more are looked up.
constexpr size_t kClassesKnown = 4096;
// Of a pipeline that is full so much more than needed is dropped, so that not each put() drops.
constexpr uint64_t kDropBesides = 1 << 20;
// After so much of a limit written by us it is counted anew, since others write as well.
constexpr uint64_t kCountAfterShare = 16;

constexpr const char* kInsertInto =
    "INSERT INTO sluice.letters AS l (seq, id, class, position, part, attempts, redrives, flags, "
    "no_value, answered, first_at_us, last_at_us, event_time_us, bytes, first_reason, pointer, "
    "detail, lane, record_key, rendered_key, done_sinks, headers, fields, raw, rendered) VALUES ";
constexpr const char* kOrUpdate =
    " ON CONFLICT (id) DO UPDATE SET class = excluded.class, attempts = excluded.attempts, "
    "last_at_us = excluded.last_at_us, bytes = excluded.bytes, pointer = excluded.pointer, "
    "detail = excluded.detail, fields = excluded.fields, rendered = excluded.rendered, "
    "rendered_key = excluded.rendered_key, done_sinks = excluded.done_sinks, "
    "answered = greatest(l.answered, excluded.answered)";
// What a redrive leaves on its letter as well.
constexpr const char* kOfRedrive =
    ", redrives = excluded.redrives, first_reason = excluded.first_reason, part = excluded.part";

// One name for all columns of a class.
std::string class_key(const LetterClass& of) {
  std::string joined;
  for (const std::string* part :
       {&of.pipeline, &of.source, &of.reason, &of.stage, &of.sink, &of.path, &of.shape, &of.tenant,
        &of.schema_version, &of.script_hash, &of.bundle_hash}) {
    joined += std::to_string(part->size()) + ":" + *part;
  }
  return sha256_hex(joined);
}

std::string id_of(const DeadLetter& letter) {
  return letter.id.empty() ? letter_id(letter) : letter.id;
}

void add_letter(PgParams& params, uint64_t seq, const DeadLetter& letter, int64_t of_class) {
  params.u64(seq)
      .text(id_of(letter))
      .number(of_class)
      .u64(letter.position)
      .number(letter.part)
      .number(letter.attempts)
      .number(letter.redrives)
      .number(letter.flags)
      .number(letter.no_value ? 1 : 0)
      .number(letter.answered ? 1 : 0)
      .number(letter.first_at_us)
      .number(letter.last_at_us)
      .number(letter.event_time_us)
      .u64(letter_bytes(letter))
      .text(letter.first_reason)
      .bytes(letter.pointer)
      .bytes(letter.detail)
      .bytes(letter.lane)
      .maybe_bytes(letter.key)
      .maybe_bytes(letter.rendered_key)
      .bytes(encode_names(letter.done_sinks))
      .bytes(encode_pairs(letter.headers))
      .bytes(encode_pairs(letter.fields))
      .bytes(letter.raw)
      .bytes(letter.rendered);
}

// "($1,$2),($3,$4)"
std::string places(size_t rows, size_t columns) {
  std::string out;
  for (size_t at = 0; at < rows * columns; ++at) {
    if (at % columns == 0) out += at == 0 ? "(" : ",(";
    out += (at % columns == 0 ? "$" : ",$") + std::to_string(at + 1);
    if ((at + 1) % columns == 0) out += ')';
  }
  return out;
}

}  // namespace

bool PgLetterWriter::may_pass() const {
  const std::string& state = connection_.sqlstate();
  return state == "23503" || state == "40001" || state == "40P01";
}

Status PgLetterWriter::put(const std::vector<DeadLetter>& letters) {
  SLUICE_RETURN_IF_ERROR(keep_limits(letters));
  Letters all;
  all.reserve(letters.size());
  for (const DeadLetter& letter : letters) all.push_back(&letter);
  Status status = [&]() -> Status {
    SLUICE_RETURN_IF_ERROR(know_classes(all));
    SLUICE_ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::begin(connection_));
    SLUICE_RETURN_IF_ERROR(insert(all, false));
    return transaction.commit();
  }();
  // A class that was added is gone with its transaction.
  if (!status) class_ids_.clear();
  return status;
}

// Numbered in the order given, written in the order of their ids: nodes that write the same letters
// in another order would wait for each other for ever. A statement must not have one letter twice:
// the later one begins another.
Status PgLetterWriter::insert(const Letters& letters, bool redriven) {
  if (letters.empty()) return Status::ok();
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows numbers,
      connection_.run("SELECT nextval(pg_get_serial_sequence('sluice.letters', 'seq')) FROM "
                      "generate_series(1, $1)",
                      PgParams().u64(letters.size())));
  std::vector<Numbered> sorted;
  sorted.reserve(letters.size());
  for (size_t at = 0; at < letters.size(); ++at) {
    sorted.push_back({numbers.u64(static_cast<int>(at), 0), id_of(*letters[at]), letters[at]});
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Numbered& a, const Numbered& b) { return a.id < b.id; });
  for (size_t from = 0, at = 1; from < sorted.size(); ++at) {
    const bool end = at == sorted.size() || sorted[at].id == sorted[at - 1].id;
    if (!end && at - from < kLettersInStatement) continue;
    SLUICE_RETURN_IF_ERROR(insert_some({sorted.data() + from, at - from}, redriven));
    from = at;
  }
  return Status::ok();
}

Status PgLetterWriter::insert_some(std::span<const Numbered> letters, bool redriven) {
  PgParams params;
  for (const Numbered& one : letters) {
    SLUICE_ASSIGN_OR_RETURN(const int64_t of_class, class_id(class_of(*one.letter)));
    add_letter(params, one.seq, *one.letter, of_class);
  }
  return connection_
      .run(
          kInsertInto + places(letters.size(), kColumns) + kOrUpdate + (redriven ? kOfRedrive : ""),
          params)
      .status();
}

// Classes are made before the transaction that uses them: nodes that make the same ones in another
// order would wait for each other for ever.
Status PgLetterWriter::know_classes(const Letters& letters) {
  for (const DeadLetter* letter : letters) {
    SLUICE_RETURN_IF_ERROR(class_id(class_of(*letter)).status());
  }
  return Status::ok();
}

Result<int64_t> PgLetterWriter::class_id(const LetterClass& of) {
  const std::string key = class_key(of);
  if (const auto known = class_ids_.find(key); known != class_ids_.end()) return known->second;
  constexpr const char* kFind = "SELECT id FROM sluice.letter_classes WHERE key = $1";
  SLUICE_ASSIGN_OR_RETURN(PgRows rows, connection_.run(kFind, PgParams().text(key)));
  if (rows.count() == 0) {
    PgParams params;
    params.text(key).text(of.group).text(of.tenant).text(of.pipeline).text(of.source);
    params.text(of.reason).text(of.stage).text(of.sink).bytes(of.path).bytes(of.shape);
    params.text(of.schema_version).text(of.script_hash).text(of.bundle_hash);
    SLUICE_RETURN_IF_ERROR(
        connection_
            .run("INSERT INTO sluice.letter_classes (key, grp, tenant, pipeline, source, reason, "
                 "stage, sink, path, shape, schema_version, script_hash, bundle_hash) VALUES "
                 "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13) ON CONFLICT (key) DO NOTHING",
                 params)
            .status());
    SLUICE_ASSIGN_OR_RETURN(rows, connection_.run(kFind, PgParams().text(key)));
    // Purged by another node in this very moment: the next try makes it again.
    if (rows.count() == 0) return unavailable("a class of letters was purged meanwhile");
  }
  if (class_ids_.size() >= kClassesKnown) class_ids_.clear();
  return class_ids_[key] = rows.int64(0, 0);
}

// Before letters are put: is there room for them, or can it be made? Several nodes may pass a limit
// together by what they write between two counts.
Status PgLetterWriter::keep_limits(const std::vector<DeadLetter>& letters) {
  if (limits_ == nullptr) return Status::ok();
  for (const auto& [pipeline, bytes, limit] : coming_under_limits(letters, *limits_)) {
    const uint64_t most = limit.max_bytes;
    const auto known = used_.find(pipeline);
    Used used = known == used_.end() ? Used{most, most} : known->second;
    if (used.bytes + bytes > most || used.ours > most / kCountAfterShare) {
      SLUICE_ASSIGN_OR_RETURN(used.bytes, used_bytes(pipeline));
      used.ours = 0;
    }
    if (used.bytes + bytes > most && limit.drop_oldest && bytes < most) {
      SLUICE_RETURN_IF_ERROR(
          drop_oldest(pipeline, used.bytes + bytes - most + std::min(kDropBesides, most / 16)));
      SLUICE_ASSIGN_OR_RETURN(used.bytes, used_bytes(pipeline));
    }
    if (used.bytes + bytes > most) return letters_are_full(pipeline, used.bytes, most);
    used_[pipeline] = {used.bytes + bytes, used.ours + bytes};
  }
  return Status::ok();
}

Result<uint64_t> PgLetterWriter::used_bytes(const std::string& pipeline) {
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      connection_.run("SELECT coalesce(sum(bytes), 0)::bigint FROM sluice.letters WHERE class IN "
                      "(SELECT id FROM sluice.letter_classes WHERE pipeline = $1)",
                      PgParams().text(pipeline)));
  return rows.u64(0, 0);
}

// Removes the oldest letters of a pipeline until so many bytes are free.
Status PgLetterWriter::drop_oldest(const std::string& pipeline, uint64_t bytes) {
  SLUICE_ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::begin(connection_));
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      connection_.run("SELECT seq, bytes FROM sluice.letters WHERE class IN (SELECT id FROM "
                      "sluice.letter_classes WHERE pipeline = $1) ORDER BY last_at_us, seq LIMIT "
                      "$2",
                      PgParams().text(pipeline).u64(DeadLetterStore::kPurgeBatch)));
  std::vector<uint64_t> seqs;
  uint64_t freed = 0;
  for (int row = 0; row < rows.count() && freed < bytes; ++row) {
    seqs.push_back(rows.u64(row, 0));
    freed += rows.u64(row, 1);
  }
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows gone, connection_.run("DELETE FROM sluice.letters WHERE seq = ANY($1::bigint[])",
                                         PgParams().numbers(seqs)));
  SLUICE_RETURN_IF_ERROR(
      connection_
          .run("UPDATE sluice.letter_counters SET value = value + $1 WHERE name = 'dropped'",
               PgParams().u64(gone.affected()))
          .status());
  return transaction.commit();
}

Result<uint64_t> PgLetterWriter::remove(const LetterFilter& filter) {
  PgLetterCondition condition(filter);
  const std::string most = condition.next();
  condition.params.u64(DeadLetterStore::kPurgeBatch);
  SLUICE_ASSIGN_OR_RETURN(
      const PgRows rows,
      connection_.run("DELETE FROM sluice.letters WHERE seq IN (SELECT l.seq FROM sluice.letters "
                      "l" +
                          condition.where() + " ORDER BY l.last_at_us, l.seq LIMIT " + most + ")",
                      condition.params));
  if (rows.affected() > 0) return rows.affected();
  // The classes that nothing is left of go at the end of a purge; another node that still knows one
  // is told by the letters' reference to it, and adds it again.
  class_ids_.clear();
  SLUICE_RETURN_IF_ERROR(
      connection_
          .run("DELETE FROM sluice.letter_classes c WHERE NOT EXISTS (SELECT FROM sluice.letters l "
               "WHERE l.class = c.id)")
          .status());
  return uint64_t{0};
}

// The store: what writes goes to the one writer of this process, under its lock.

Result<std::unique_ptr<DeadLetterStore>> PgDeadLetterStore::open(const std::string& dsn,
                                                                 bool read_only) {
  SLUICE_ASSIGN_OR_RETURN(PgTarget target, PgTarget::parse(dsn));
  std::unique_ptr<PgDeadLetterStore> store(new PgDeadLetterStore(std::move(target), read_only));
  SLUICE_ASSIGN_OR_RETURN(const Reader reader, store->reader());
  SLUICE_RETURN_IF_ERROR(prepare_pg_letters(*reader, store->target_.shown, read_only));
  return std::unique_ptr<DeadLetterStore>(std::move(store));
}

Status PgDeadLetterStore::write(const std::function<Status(PgLetterWriter&)>& what) {
  if (read_only_) {
    return invalid(target_.shown + ": opened for reading only; the running process writes it");
  }
  MutexLock lock(mutex_);
  Status status;
  for (int tries = 0; tries < 2; ++tries) {
    if (!writer_) {
      SLUICE_ASSIGN_OR_RETURN(PgConnection connection, PgConnection::open(target_));
      writer_ = std::make_unique<PgLetterWriter>(std::move(connection));
    }
    writer_->set_limits(&limits_);
    status = what(*writer_);
    if (status) return status;
    const bool again = writer_->broken() || writer_->may_pass();
    // Whatever it knew may not hold on another connection.
    if (writer_->broken()) writer_.reset();
    if (!again) return status;
  }
  return status;
}

void PgDeadLetterStore::set_limits(std::map<std::string, LetterLimit> limits) {
  MutexLock lock(mutex_);
  limits_ = std::move(limits);
}

Status PgDeadLetterStore::put(const std::vector<DeadLetter>& letters) {
  if (letters.empty()) return Status::ok();
  return write([&](PgLetterWriter& writer) { return writer.put(letters); });
}

Result<uint64_t> PgDeadLetterStore::remove(const LetterFilter& filter) {
  uint64_t removed = 0;
  SLUICE_RETURN_IF_ERROR(write([&](PgLetterWriter& writer) -> Status {
    SLUICE_ASSIGN_OR_RETURN(removed, writer.remove(filter));
    return Status::ok();
  }));
  return removed;
}

}  // namespace sluice::store

namespace sluice {

Result<std::unique_ptr<DeadLetterStore>> open_postgres_dead_letters(const std::string& dsn,
                                                                    bool read_only) {
  return store::PgDeadLetterStore::open(dsn, read_only);
}

}  // namespace sluice
