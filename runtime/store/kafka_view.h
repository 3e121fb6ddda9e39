// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/store/kafka.h"
#include "runtime/store/sqlite_letters.h"
#include "runtime/store/topic_change.h"

namespace sluice::store {

// A letter of the view and where its message lies, to be written anew or buried there.
struct ViewedLetter {
  DeadLetter letter;  // of chosen(): without anything but its seq and id
  std::string key;    // of its message
  int32_t partition = -1;
  uint64_t bytes = 0;  // about
};

// What a topic of dead letters says, as far as it was read: an SQLite file with the tables of
// dead_letters.db, where each message lies, and how far each partition was read, all of it changed
// in one transaction. The topic is the truth: what is lost here is read again. Only redrive plans
// are the view's own.
//
// Several processes may have the same file open: each passes over what another has read already.
// One thread at a time, but for store().
class TopicView {
 public:
  // How far a partition was read.
  struct Progress {
    int64_t next = 0;
    int64_t read_at_us = 0;            // when its end was reached last; 0: never
    std::optional<int64_t> reread_to;  // read again from the beginning, up to there
  };

  // `file`: its name in `dir`. Made when it is not there.
  static Result<std::unique_ptr<TopicView>> open(const std::filesystem::path& dir,
                                                 const std::string& file, std::string topic);

  // Reads, and plans. Any thread.
  [[nodiscard]] SqliteDeadLetterStore& store() { return *store_; }
  // Random; tells this file from other views.
  [[nodiscard]] const std::string& id() const { return id_; }

  Result<std::map<int32_t, Progress>> progress();
  // Messages in the order of their partitions. kCancelled: nothing was done, since another process
  // has begun to read one of the partitions again.
  Status apply(const std::vector<KafkaReader::Incoming>& messages);
  // Everything below these offsets was read, at this time; what was read again up to its end and
  // did not come is removed.
  Status reached(const std::map<int32_t, int64_t>& ends, int64_t now_us);
  // The partition holds nothing below `low`: letters that lay there are gone.
  Status forget_below(int32_t partition, int64_t low);
  // From `low` on the partition will be read again, as far as `end`.
  Status read_again(int32_t partition, const KafkaRange& range);

  Result<std::optional<ViewedLetter>> find_whole(const std::string& id);
  Result<std::optional<ViewedLetter>> find_whole(uint64_t seq);
  // The oldest that a filter means.
  Result<std::vector<ViewedLetter>> oldest(const LetterFilter& filter, uint64_t limit);
  Result<uint64_t> used_bytes(const std::string& pipeline) { return writer_->used_bytes(pipeline); }
  // Where the first message lies that a letter needs; of partitions that have letters.
  Result<std::map<int32_t, int64_t>> lowest_needed();
  // Classes nothing is left of go, and free space is given back.
  Status tidy();

 private:
  TopicView(std::unique_ptr<SqliteDeadLetterStore> store, std::unique_ptr<LetterWriter> writer,
            std::string topic)
      : store_(std::move(store)), writer_(std::move(writer)), topic_(std::move(topic)) {}

  Database& database() { return writer_->database(); }
  Status learn_id();
  Status notice_others();
  Status in_transaction(const std::function<Status()>& what);
  Status apply_one(const KafkaReader::Incoming& message);
  Status bury(const std::string& id, const TopicMessage& message);
  Status leave_plan(const RedriveMark& mark, uint64_t seq, const std::string* reason);
  Result<std::optional<ViewedLetter>> find_where(Statement& statement);
  Status run(std::string_view sql, std::initializer_list<int64_t> numbers);

  std::unique_ptr<SqliteDeadLetterStore> store_;
  std::unique_ptr<LetterWriter> writer_;
  const std::string topic_;
  std::string id_;
  int64_t data_version_ = 0;
  std::map<int32_t, int64_t> read_to_;  // as this process knows
};

}  // namespace sluice::store
