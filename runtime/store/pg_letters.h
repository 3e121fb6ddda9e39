// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/store/dead_letter_store.h"
#include "runtime/store/letter_row.h"
#include "runtime/store/postgres.h"

// Inside of the dead-letter store on PostgreSQL; see docs/formats.md for its tables.
namespace sluice::store {

// Makes the tables, or brings older ones up; several nodes may do so at once. read_only: only looks
// whether they are there (kNotFound) and known (kInvalid: newer).
Status prepare_pg_letters(PgConnection& connection, const std::string& shown, bool read_only);

// The WHERE clause of a filter over `letters l`; its values come first among the parameters.
class PgLetterCondition {
 public:
  explicit PgLetterCondition(const LetterFilter& filter);

  // "" or " WHERE ...".
  [[nodiscard]] std::string where() const { return sql_.empty() ? "" : " WHERE " + sql_; }
  [[nodiscard]] std::string where_and(std::string_view more) const;
  // The filter's values; add what the statement has besides. next(): "$4", in the order of adding.
  PgParams params;
  [[nodiscard]] std::string next(size_t behind = 1) const {
    return "$" + std::to_string(params.size() + behind);
  }

 private:
  void add(const std::string& term);
  std::string sql_;
};

// Letters and their classes going in, on one connection; what it knows of the tables is for the
// connection's life.
class PgLetterWriter {
 public:
  explicit PgLetterWriter(PgConnection connection) : connection_(std::move(connection)) {}

  void set_limits(const std::map<std::string, LetterLimit>* limits) { limits_ = limits; }
  Status put(const std::vector<DeadLetter>& letters);
  Result<uint64_t> remove(const LetterFilter& filter);

  Result<uint64_t> create_redrive(const RedrivePlan& plan);
  Status choose(uint64_t redrive, const LetterFilter& filter, bool answered_too);
  Status choose(uint64_t redrive, const std::vector<uint64_t>& seqs);
  Status set_redrive_state(uint64_t redrive, const std::string& state, int64_t now_us);
  Status drop_missing(uint64_t redrive, const std::vector<uint64_t>& seqs);
  Status settle_redriven(const std::vector<RedrivenLetter>& letters, int64_t now_us);

  [[nodiscard]] bool broken() const { return connection_.broken(); }
  // The last failure may be over when it is tried again at once: a class that somebody purged, a
  // conflict with another node.
  [[nodiscard]] bool may_pass() const;

 private:
  using Letters = std::vector<const DeadLetter*>;
  struct Numbered {
    uint64_t seq = 0;
    std::string id;
    const DeadLetter* letter = nullptr;
  };

  Status insert(const Letters& letters, bool redriven);
  Status insert_some(std::span<const Numbered> letters, bool redriven);
  Status know_classes(const Letters& letters);
  Result<int64_t> class_id(const LetterClass& letter_class);
  Status keep_limits(const std::vector<DeadLetter>& letters);
  Result<uint64_t> used_bytes(const std::string& pipeline);
  Status drop_oldest(const std::string& pipeline, uint64_t bytes);
  Status settle(const std::vector<RedrivenLetter>& letters, int64_t now_us);
  Status count_in_plan(uint64_t redrive, const std::string& column, uint64_t n, int64_t now_us);

  PgConnection connection_;
  const std::map<std::string, LetterLimit>* limits_ = nullptr;
  std::unordered_map<std::string, int64_t> class_ids_;  // by class_key(); may be emptied any time
  struct Used {
    uint64_t bytes = 0;  // of a pipeline's letters when they were last counted, and ours since
    uint64_t ours = 0;   // since then: others write too
  };
  std::map<std::string, Used> used_;
};

class PgDeadLetterStore final : public DeadLetterStore {
 public:
  static Result<std::unique_ptr<DeadLetterStore>> open(const std::string& dsn, bool read_only);

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
  // A connection for one call; goes back to the others unless it broke.
  class Reader {
   public:
    Reader(PgDeadLetterStore& store, std::unique_ptr<PgConnection> connection)
        : store_(&store), connection_(std::move(connection)) {}
    Reader(Reader&&) noexcept = default;
    ~Reader() {
      if (connection_) store_->give_back(std::move(connection_));
    }
    PgConnection* operator->() const { return connection_.get(); }
    PgConnection& operator*() const { return *connection_; }

   private:
    PgDeadLetterStore* store_;
    std::unique_ptr<PgConnection> connection_;
  };

  PgDeadLetterStore(PgTarget target, bool read_only)
      : target_(std::move(target)), read_only_(read_only) {}

  Result<Reader> reader() SLUICE_EXCLUDES(idle_mutex_);
  void give_back(std::unique_ptr<PgConnection> connection) SLUICE_EXCLUDES(idle_mutex_);
  // Runs one write; once more when it may pass then, or on a new connection when the old one broke
  // before (a server that was started again).
  Status write(const std::function<Status(PgLetterWriter&)>& what) SLUICE_EXCLUDES(mutex_);
  Result<std::vector<DeadLetter>> letters_of(PgConnection& connection,
                                             const std::vector<uint64_t>& seqs);

  const PgTarget target_;
  const bool read_only_;
  Mutex mutex_;
  std::unique_ptr<PgLetterWriter> writer_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, LetterLimit> limits_ SLUICE_GUARDED_BY(mutex_);
  Mutex idle_mutex_;
  std::vector<std::unique_ptr<PgConnection>> idle_ SLUICE_GUARDED_BY(idle_mutex_);
};

}  // namespace sluice::store
