// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plugins/common/rows.h"
#include "plugins/sinks/sqlite/batch_keys.h"
#include "plugins/sinks/sqlite/database.h"
#include "plugins/sinks/sqlite/mark_table.h"
#include "plugins/sinks/sqlite/table.h"
#include "plugins/sinks/sqlite/value.h"

namespace sluice::sqlite_sink {

enum class Reason : uint16_t {
  kOlderRevision,
  kRevisionMissing,
  kConstraintViolation,
  kTypeMismatch,
  kNullRefused,
  kKeyMissing,
  kTombstoneUnsupported,
  kCount
};

using Fate = rows::Fate<Reason>;
using BatchFates = rows::BatchFates<Reason>;

// Writes batches into the planned table, one transaction each. Rows the table or the column types
// refuse are rejected one by one and their neighbours committed. With a revision, a row is written
// only over an older one, decided by the statement itself, so several writers may share the table.
// Not thread-safe.
class Writer {
 public:
  Writer(Database* database, TablePlan plan) : database_(database), plan_(std::move(plan)) {}

  Failure prepare();
  // `cells`: row-major, as many a row as the plan has columns. On failure nothing was applied and
  // `out` means nothing. `give_up` is asked between rows.
  Failure write(const sluice_batch& batch, const sluice_cell* cells,
                const std::function<bool()>& give_up, BatchFates* out);
  // The same with `moves` in its transaction. If a row is rejected nothing is applied, which is no
  // failure.
  Failure write_marked(const sluice_batch& batch, const sluice_cell* cells,
                       const std::function<bool()>& give_up, MarkTable& marks,
                       std::span<const MarkMove> moves, BatchFates* out);

  [[nodiscard]] const TablePlan& plan() const { return plan_; }

 private:
  enum class Stored { kApplied, kNotApplied, kRefused };

  // What has to be in the transaction besides the rows.
  using Finish = std::function<Failure()>;
  Failure transact(const sluice_batch& batch, const sluice_cell* cells,
                   const std::function<bool()>& give_up, const Finish& finish, BatchFates* out);
  Failure write_rows(const sluice_batch& batch, const std::function<bool()>& give_up);
  Failure write_row(const sluice_record& record, uint32_t row);
  Failure write_guarded(uint32_t row);
  bool convert_row(uint32_t row);
  Failure store(uint32_t row, Stored* out);
  Failure refused(uint32_t row, int code);
  Failure decide_unapplied(uint32_t row, BatchKeys::Holder* holder);
  Failure look_up_revision(int64_t* revision, bool* found);
  void settle_older();
  BatchKeys::Holder& holder_of_key();
  bool same_key(uint32_t row) const;
  [[nodiscard]] const sluice_cell* cells_of(uint32_t row) const {
    return cells_ + size_t{row} * plan_.columns.size();
  }

  struct Older {  // rows found older than the stored one, until the whole batch is known
    uint32_t row;
    int64_t own;
    int64_t stored;
  };

  Database* database_;
  TablePlan plan_;
  Statement write_;
  Statement lookup_;
  // Of the batch under way.
  const sluice_cell* cells_ = nullptr;
  BatchFates* fates_ = nullptr;
  BatchKeys keys_;
  std::vector<Older> older_;
  std::vector<Value> values_;  // of the row under way
};

}  // namespace sluice::sqlite_sink
