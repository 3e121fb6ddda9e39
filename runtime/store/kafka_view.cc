// SPDX-License-Identifier: Apache-2.0
// The view of a topic of dead letters, in SQLite.
#include "runtime/store/kafka_view.h"

#include <algorithm>

#include "runtime/store/letter_message.h"

namespace sluice::store {
namespace {

// `topic_letters` says where the message of a letter lies, and its key where that is not the id.
// `topic_unseen`: letters of a partition that is read again, as long as they have not come.
constexpr const char* kTopicTables = R"(
CREATE TABLE topic_view (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO topic_view VALUES ('id', lower(hex(randomblob(8))));
CREATE TABLE topic_partitions (
  partition INTEGER PRIMARY KEY,
  next INTEGER NOT NULL,
  read_at_us INTEGER NOT NULL DEFAULT 0,
  reread_to INTEGER
) STRICT;
CREATE TABLE topic_letters (
  seq INTEGER PRIMARY KEY,
  partition INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  message_key BLOB
) STRICT;
CREATE INDEX topic_letters_by_place ON topic_letters (partition, offset);
CREATE TABLE topic_unseen (
  seq INTEGER PRIMARY KEY,
  partition INTEGER NOT NULL
) STRICT;
CREATE TRIGGER topic_letter_gone AFTER DELETE ON letters BEGIN
  DELETE FROM topic_letters WHERE seq = old.seq;
  DELETE FROM topic_unseen WHERE seq = old.seq;
END;
)";

std::span<const char* const> view_steps() {
  static const std::vector<const char*> steps = [] {
    const auto letters = letter_steps();
    std::vector<const char*> all(letters.begin(), letters.end());
    all.push_back(kTopicTables);
    return all;
  }();
  return steps;
}

DatabaseFormat view_format(std::string_view file) {
  return {.file = file,
          .application_id = 0x534c5456,  // "SLTV"
          .steps = view_steps(),
          .loss = "its letters are read again from the topic, and only its redrive plans are lost",
          .functions = kLetterFormat.functions};
}

constexpr const char* kWhere =
    " JOIN topic_letters t ON t.seq = l.seq JOIN classes c ON c.id = l.class WHERE ";

}  // namespace

Result<std::unique_ptr<TopicView>> TopicView::open(const std::filesystem::path& dir,
                                                   const std::string& file, std::string topic) {
  const DatabaseFormat format = view_format(file);
  SLUICE_ASSIGN_OR_RETURN(Database database, open_database(dir, format, false));
  SLUICE_ASSIGN_OR_RETURN(auto writer, LetterWriter::open(std::move(database)));
  SLUICE_ASSIGN_OR_RETURN(auto store, SqliteDeadLetterStore::open(dir, false, format));
  std::unique_ptr<TopicView> view(
      new TopicView(std::move(store), std::move(writer), std::move(topic)));
  SLUICE_RETURN_IF_ERROR(view->learn_id());
  return view;
}

Status TopicView::learn_id() {
  SLUICE_ASSIGN_OR_RETURN(id_,
                          database().query_text("SELECT value FROM topic_view WHERE name = 'id'"));
  return Status::ok();
}

// What another connection removed of the classes must not be known any more.
Status TopicView::notice_others() {
  SLUICE_ASSIGN_OR_RETURN(const int64_t version, database().query_int("PRAGMA data_version"));
  if (version != data_version_) writer_->forget_classes();
  data_version_ = version;
  return Status::ok();
}

Status TopicView::in_transaction(const std::function<Status()>& what) {
  Status status = [&]() -> Status {
    SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database()));
    SLUICE_RETURN_IF_ERROR(notice_others());
    SLUICE_RETURN_IF_ERROR(what());
    return transaction.commit();
  }();
  if (!status) writer_->forget_classes();
  return status;
}

Status TopicView::run(std::string_view sql, std::initializer_list<int64_t> numbers) {
  SLUICE_ASSIGN_OR_RETURN(Statement statement, database().prepare(sql));
  int index = 1;
  for (const int64_t number : numbers) statement.bind(index++, number);
  return statement.run();
}

Result<std::map<int32_t, TopicView::Progress>> TopicView::progress() {
  SLUICE_ASSIGN_OR_RETURN(
      Statement rows,
      database().prepare("SELECT partition, next, read_at_us, reread_to FROM topic_partitions"));
  std::map<int32_t, Progress> out;
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) return out;
    Progress& at = out[static_cast<int32_t>(rows.int64(0))];
    at.next = rows.int64(1);
    at.read_at_us = rows.int64(2);
    if (!rows.is_null(3)) at.reread_to = rows.int64(3);
  }
}

Status TopicView::apply(const std::vector<KafkaReader::Incoming>& messages) {
  std::map<int32_t, int64_t> next;
  Status status = in_transaction([&]() -> Status {
    SLUICE_ASSIGN_OR_RETURN(const auto stored, progress());
    for (const auto& [partition, at] : stored) {
      const auto known = read_to_.find(partition);
      if (known != read_to_.end() && at.next < known->second) {
        return {Code::kCancelled, "another process reads the topic again"};
      }
      next[partition] = at.next;
    }
    for (const KafkaReader::Incoming& message : messages) {
      int64_t& at = next[message.place.partition];
      if (message.place.offset < at) continue;  // another process was here
      SLUICE_RETURN_IF_ERROR(apply_one(message));
      at = message.place.offset + 1;
    }
    for (const auto& [partition, offset] : next) {
      SLUICE_RETURN_IF_ERROR(
          run("INSERT INTO topic_partitions (partition, next) VALUES (?1, ?2) ON CONFLICT DO "
              "UPDATE SET next = excluded.next",
              {partition, offset}));
    }
    return Status::ok();
  });
  if (status) read_to_ = std::move(next);
  return status;
}

Status TopicView::apply_one(const KafkaReader::Incoming& incoming) {
  if (!incoming.message.value) {
    if (!incoming.message.key) return Status::ok();  // of nothing
    return bury(letter_id_of_key(*incoming.message.key), incoming.message);
  }
  const DeadLetter letter = letter_of_any(topic_, incoming);
  SLUICE_RETURN_IF_ERROR(writer_->overwrite(letter));
  SLUICE_ASSIGN_OR_RETURN(Statement place,
                          database().prepare("INSERT INTO topic_letters SELECT seq, ?2, ?3, ?4 "
                                             "FROM letters WHERE id = ?1 ON CONFLICT (seq) DO "
                                             "UPDATE SET partition = excluded.partition, offset = "
                                             "excluded.offset, message_key = excluded.message_key "
                                             "RETURNING seq"));
  place.bind_text(1, letter.id);
  place.bind(2, incoming.place.partition);
  place.bind(3, incoming.place.offset);
  if (incoming.message.key && *incoming.message.key != letter.id) {
    place.bind_blob(4, std::string_view(*incoming.message.key));
  } else {
    place.bind_null(4);
  }
  SLUICE_ASSIGN_OR_RETURN(const bool row, place.step());
  SLUICE_CHECK(row, "a letter that was just written is not there");
  const uint64_t seq = place.u64(0);
  SLUICE_RETURN_IF_ERROR(place.run());
  SLUICE_RETURN_IF_ERROR(
      run("DELETE FROM topic_unseen WHERE seq = ?1", {static_cast<int64_t>(seq)}));
  const auto mark = redrive_mark_of(incoming.message);
  return mark ? leave_plan(*mark, seq, &letter.reason) : Status::ok();
}

Status TopicView::bury(const std::string& id, const TopicMessage& message) {
  SLUICE_ASSIGN_OR_RETURN(Statement find,
                          database().prepare("SELECT seq FROM letters WHERE id = ?1"));
  find.bind_text(1, id);
  SLUICE_ASSIGN_OR_RETURN(const bool there, find.step());
  if (!there) return Status::ok();
  const uint64_t seq = find.u64(0);
  find.reset();
  if (const auto mark = redrive_mark_of(message)) {
    SLUICE_RETURN_IF_ERROR(leave_plan(*mark, seq, nullptr));
  }
  if (was_dropped(message)) {
    SLUICE_RETURN_IF_ERROR(run("UPDATE counters SET value = value + 1 WHERE name = 'dropped'", {}));
  }
  return run("DELETE FROM letters WHERE seq = ?1", {static_cast<int64_t>(seq)});
}

// Counts once, however often the message is read: only while the letter is in the plan.
Status TopicView::leave_plan(const RedriveMark& mark, uint64_t seq, const std::string* reason) {
  if (mark.view != id_) return Status::ok();
  const auto redrive = static_cast<int64_t>(mark.redrive);
  SLUICE_RETURN_IF_ERROR(run("DELETE FROM redrive_letters WHERE redrive = ?1 AND seq = ?2",
                             {redrive, static_cast<int64_t>(seq)}));
  if (database().changes() == 0) return Status::ok();
  const std::string column = plan_column(mark.fate);
  SLUICE_RETURN_IF_ERROR(run("UPDATE redrives SET " + column + " = " + column +
                                 " + 1, updated_us = max(updated_us, ?2) WHERE id = ?1",
                             {redrive, mark.at_us}));
  if (mark.fate != RedrivenLetter::Fate::kFailed || reason == nullptr) return Status::ok();
  SLUICE_ASSIGN_OR_RETURN(Statement count,
                          database().prepare("INSERT INTO redrive_reasons VALUES (?1, ?2, 1) ON "
                                             "CONFLICT DO UPDATE SET letters = letters + 1"));
  count.bind(1, redrive);
  count.bind_text(2, *reason);
  return count.run();
}

Status TopicView::reached(const std::map<int32_t, int64_t>& ends, int64_t now_us) {
  return in_transaction([&]() -> Status {
    for (const auto& [partition, end] : ends) {
      SLUICE_RETURN_IF_ERROR(
          run("INSERT INTO topic_partitions (partition, next, read_at_us) VALUES (?1, ?2, ?3) ON "
              "CONFLICT DO UPDATE SET next = max(next, excluded.next), read_at_us = "
              "excluded.read_at_us",
              {partition, end, now_us}));
      SLUICE_RETURN_IF_ERROR(
          run("DELETE FROM letters WHERE seq IN (SELECT u.seq FROM topic_unseen u JOIN "
              "topic_partitions p ON p.partition = u.partition WHERE u.partition = ?1 AND p.next "
              ">= p.reread_to)",
              {partition}));
      SLUICE_RETURN_IF_ERROR(
          run("UPDATE topic_partitions SET reread_to = NULL WHERE partition = "
              "?1 AND next >= reread_to",
              {partition}));
      read_to_[partition] = std::max(read_to_[partition], end);
    }
    return Status::ok();
  });
}

Status TopicView::forget_below(int32_t partition, int64_t low) {
  return in_transaction([&]() -> Status {
    SLUICE_RETURN_IF_ERROR(
        run("DELETE FROM letters WHERE seq IN (SELECT seq FROM topic_letters WHERE partition = ?1 "
            "AND offset < ?2)",
            {partition, low}));
    SLUICE_RETURN_IF_ERROR(
        run("INSERT INTO topic_partitions (partition, next) VALUES (?1, ?2) ON CONFLICT DO UPDATE "
            "SET next = max(next, excluded.next)",
            {partition, low}));
    read_to_[partition] = std::max(read_to_[partition], low);
    return Status::ok();
  });
}

Status TopicView::read_again(int32_t partition, const KafkaRange& range) {
  return in_transaction([&]() -> Status {
    SLUICE_RETURN_IF_ERROR(
        run("INSERT OR REPLACE INTO topic_unseen SELECT seq, partition FROM topic_letters WHERE "
            "partition = ?1",
            {partition}));
    SLUICE_RETURN_IF_ERROR(
        run("INSERT INTO topic_partitions (partition, next, reread_to) VALUES (?1, ?2, ?3) ON "
            "CONFLICT DO UPDATE SET next = excluded.next, reread_to = excluded.reread_to",
            {partition, range.low, range.end}));
    read_to_[partition] = range.low;
    return Status::ok();
  });
}

Result<std::optional<ViewedLetter>> TopicView::find_where(Statement& statement) {
  SLUICE_ASSIGN_OR_RETURN(const bool row, statement.step());
  if (!row) return std::optional<ViewedLetter>();
  ViewedLetter out;
  SLUICE_ASSIGN_OR_RETURN(out.letter, letter_of(statement, database().name().path));
  constexpr int kPartition = 32;  // behind the letter's own columns
  out.partition = static_cast<int32_t>(statement.int64(kPartition));
  out.key = statement.optional_text(kPartition + 1).value_or(out.letter.id);
  return std::optional<ViewedLetter>(std::move(out));
}

Result<std::optional<ViewedLetter>> TopicView::find_whole(const std::string& id) {
  SLUICE_ASSIGN_OR_RETURN(
      Statement one,
      database().prepare(std::string("SELECT ") + kLetterColumns +
                         ", t.partition, t.message_key FROM letters l" + kWhere + "l.id = ?1"));
  one.bind_text(1, id);
  return find_where(one);
}

Result<std::optional<ViewedLetter>> TopicView::find_whole(uint64_t seq) {
  SLUICE_ASSIGN_OR_RETURN(
      Statement one,
      database().prepare(std::string("SELECT ") + kLetterColumns +
                         ", t.partition, t.message_key FROM letters l" + kWhere + "l.seq = ?1"));
  one.bind_u64(1, seq);
  return find_where(one);
}

Result<std::vector<ViewedLetter>> TopicView::oldest(const LetterFilter& filter, uint64_t limit) {
  const LetterCondition condition(filter);
  SLUICE_ASSIGN_OR_RETURN(
      Statement rows,
      database().prepare(
          "SELECT o.seq, o.id, t.partition, t.message_key, o.bytes FROM (SELECT seq, id, bytes, "
          "last_at_us FROM letters" +
          condition.indexed_by("letters_by_time") + condition.where() +
          " ORDER BY last_at_us, seq LIMIT ?) o JOIN topic_letters t ON t.seq = o.seq ORDER BY "
          "o.last_at_us, o.seq"));
  const int next = condition.bind(rows);
  rows.bind_u64(next, limit);
  std::vector<ViewedLetter> out;
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) return out;
    ViewedLetter& one = out.emplace_back();
    one.letter.seq = rows.u64(0);
    one.letter.id = rows.text(1);
    one.partition = static_cast<int32_t>(rows.int64(2));
    one.key = rows.optional_text(3).value_or(one.letter.id);
    one.bytes = rows.u64(4);
  }
}

Result<std::map<int32_t, int64_t>> TopicView::lowest_needed() {
  SLUICE_ASSIGN_OR_RETURN(
      Statement rows,
      database().prepare("SELECT partition, min(offset) FROM topic_letters GROUP BY partition"));
  std::map<int32_t, int64_t> out;
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) return out;
    out[static_cast<int32_t>(rows.int64(0))] = rows.int64(1);
  }
}

Status TopicView::tidy() {
  writer_->forget_classes();
  SLUICE_RETURN_IF_ERROR(database().exec("DELETE FROM classes WHERE letters = 0"));
  return database().exec("PRAGMA incremental_vacuum(8192)");
}

}  // namespace sluice::store
