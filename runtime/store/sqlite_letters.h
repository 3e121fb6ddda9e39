// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "runtime/base/mutex.h"
#include "runtime/store/database_format.h"
#include "runtime/store/dead_letter_store.h"
#include "runtime/store/letter_row.h"
#include "runtime/store/sqlite.h"

// Inside of the SQLite dead-letter store; see docs/formats.md for its tables.
namespace sluice::store {

extern const DatabaseFormat kLetterFormat;
// The same tables in files of which they are only a part: what makes them, step by step.
std::span<const char* const> letter_steps();

// Whole letters, as letter_of() wants them; `where` speaks of them as `l`.
std::string select_letters(std::string_view where);

// The WHERE clause of a filter over letters, and its values in the same order.
class LetterCondition {
 public:
  explicit LetterCondition(const LetterFilter& filter);

  // "" or " WHERE ...". Its values are unnumbered parameters.
  [[nodiscard]] std::string where() const { return sql_.empty() ? "" : " WHERE " + sql_; }
  [[nodiscard]] std::string where_and(std::string_view more) const;
  // To read the index that has letters in this order, unless another one finds them more quickly.
  [[nodiscard]] std::string indexed_by(std::string_view index) const;
  // Binds its values; answers the index of the next free parameter. It outlives the statement's
  // use.
  int bind(Statement& statement) const;

 private:
  struct Value {
    enum class Kind { kText, kBytes, kNumber };
    std::string text;
    int64_t number = 0;
    Kind kind = Kind::kText;
  };
  void add(const std::string& term);
  void add(const std::string& term, std::string text);
  void add_classes(const LetterFilter& filter);

  std::string sql_;
  std::vector<Value> values_;
  bool by_name_ = false;  // ids or keys
};

// The one connection that writes, with what it knows of the tables.
class LetterWriter {
 public:
  static Result<std::unique_ptr<LetterWriter>> open(Database database);

  Status put(const std::vector<DeadLetter>& letters);
  void set_limits(std::map<std::string, LetterLimit> limits) { limits_ = std::move(limits); }
  Result<uint64_t> remove(const LetterFilter& filter);

  Result<uint64_t> create_redrive(const RedrivePlan& plan);
  Status choose(uint64_t redrive, const LetterFilter& filter, bool answered_too);
  Status choose(uint64_t redrive, const std::vector<uint64_t>& seqs);
  Status set_redrive_state(uint64_t redrive, const std::string& state, int64_t now_us);
  Status drop_missing(uint64_t redrive, const std::vector<uint64_t>& seqs);
  Status settle_redriven(const std::vector<RedrivenLetter>& letters, int64_t now_us);

  // For a store whose letters are a view of something else: all of the letter takes the place of
  // the one with its id, but for its seq. Inside a transaction of the caller's, who calls
  // forget_classes() when that fails, or when somebody else has written.
  Status overwrite(const DeadLetter& letter) { return put_one(overwrite_, letter); }
  void forget_classes() { class_ids_.clear(); }
  Database& database() { return database_; }
  Result<uint64_t> used_bytes(const std::string& pipeline);

 private:
  LetterWriter(Database database, Statement put, Statement put_redriven, Statement overwrite,
               Statement find_class, Statement add_class, Statement remove_one);

  Status put_in_transaction(const std::vector<DeadLetter>& letters);
  Status put_one(Statement& statement, const DeadLetter& letter);
  Result<int64_t> class_id(const LetterClass& letter_class);
  Status keep_limits(const std::vector<DeadLetter>& letters);
  Status drop_oldest(const std::string& pipeline, uint64_t bytes);
  Status settle_one(const RedrivenLetter& letter);

  Database database_;
  Statement put_;
  Statement put_redriven_;
  Statement overwrite_;
  Statement find_class_;
  Statement add_class_;
  Statement remove_one_;
  // Ids of classes by their columns; may be emptied at any time.
  std::unordered_map<std::string, int64_t> class_ids_;
  std::map<std::string, LetterLimit> limits_;
  // Bytes of a pipeline's letters, never too low; counted anew when they reach the limit.
  std::map<std::string, uint64_t> used_;
};

class SqliteDeadLetterStore final : public DeadLetterStore {
 public:
  static Result<std::unique_ptr<SqliteDeadLetterStore>> open(
      const std::filesystem::path& dir, bool read_only,
      const DatabaseFormat& format = kLetterFormat);

  Status put(const std::vector<DeadLetter>& letters) override SLUICE_EXCLUDES(mutex_);
  void set_limits(std::map<std::string, LetterLimit> limits) override SLUICE_EXCLUDES(mutex_);
  Result<uint64_t> dropped() override;
  Result<std::map<std::string, uint64_t>> count_by_reason(const LetterFilter& filter) override;
  Result<LetterSummary> summarize(const LetterFilter& filter) override;
  Status each_class(const LetterFilter& filter, int64_t now_us,
                    const std::function<void(const LetterClassCounts&)>& visit) override;
  Status each(const LetterFilter& filter, uint64_t limit,
              const std::function<void(const DeadLetter&)>& visit) override;
  Result<LetterPage> page(const LetterFilter& filter, const LetterCursor& after) override;
  Result<std::optional<DeadLetter>> find(const std::string& id) override;
  Result<uint64_t> count() override;
  Result<uint64_t> remove(const LetterFilter& filter) override SLUICE_EXCLUDES(mutex_);

  Result<uint64_t> create_redrive(const RedrivePlan& plan) override SLUICE_EXCLUDES(mutex_);
  Status choose(uint64_t redrive, const LetterFilter& filter, bool answered_too) override
      SLUICE_EXCLUDES(mutex_);
  Status choose(uint64_t redrive, const std::vector<uint64_t>& seqs) override
      SLUICE_EXCLUDES(mutex_);
  Status set_redrive_state(uint64_t redrive, const std::string& state, int64_t now_us) override
      SLUICE_EXCLUDES(mutex_);
  Result<std::vector<DeadLetter>> next_chosen(uint64_t redrive, uint64_t after,
                                              uint64_t limit) override SLUICE_EXCLUDES(mutex_);
  Status settle_redriven(const std::vector<RedrivenLetter>& letters, int64_t now_us) override
      SLUICE_EXCLUDES(mutex_);
  Result<std::vector<RedrivePlan>> redrives(uint64_t limit) override;
  Result<std::optional<RedrivePlan>> find_redrive(uint64_t redrive) override;

 private:
  explicit SqliteDeadLetterStore(DatabaseName name) : name_(std::move(name)) {}

  Result<Database> reader() const { return Database::open(name_, true); }
  [[nodiscard]] Status opened_read_only() const;

  const DatabaseName name_;
  Mutex mutex_;
  std::unique_ptr<LetterWriter> writer_ SLUICE_GUARDED_BY(mutex_);  // none: read only
};

}  // namespace sluice::store
