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
#include "plugins/sinks/postgres/connection.h"
#include "plugins/sinks/postgres/mark_table.h"
#include "plugins/sinks/postgres/sql.h"
#include "plugins/sinks/postgres/table.h"

namespace sluice::postgres_sink {

enum class Reason : uint16_t {
  kOlderRevision,
  kRevisionMissing,
  kUniqueViolation,
  kCheckViolation,
  kForeignKeyViolation,
  kConstraintViolation,
  kValueRefused,
  kTypeMismatch,
  kNullRefused,
  kKeyMissing,
  kTombstoneUnsupported,
  kCount
};

using Fate = rows::Fate<Reason>;
using BatchFates = rows::BatchFates<Reason>;

// Writes batches into the planned table, one transaction each. Rows our checks or the table refuse
// are rejected one by one and their neighbours committed. With a revision, a row is written only
// over an older one, decided by the statement itself, so several writers may share the table. Not
// thread-safe.
class Writer {
 public:
  Writer(Connection* connection, TablePlan plan);

  // Makes the session's table and has the server look at the statement that writes.
  Failure prepare();

  // `cells`: row-major, as many a row as the plan has columns. On failure nothing was applied, or,
  // where a commit was not answered, all; `out` then means nothing. `give_up` is asked between
  // statements.
  Failure write(const sluice_batch& batch, const sluice_cell* cells,
                const std::function<bool()>& give_up, BatchFates* out);
  // The same with `moves` in its transaction. If a row is rejected nothing is applied, which is no
  // failure.
  Failure write_marked(const sluice_batch& batch, const sluice_cell* cells,
                       const std::function<bool()>& give_up, const MarkTable& marks,
                       std::span<const MarkMove> moves, BatchFates* out);

  [[nodiscard]] const TablePlan& plan() const { return plan_; }
  // Batches of which rows had to be tried apart, so far.
  [[nodiscard]] uint64_t searches() const { return searches_; }

 private:
  // What has to be in the transaction besides the rows.
  using Finish = std::function<Failure(pqxx::transaction_base&)>;

  Failure write_with(const sluice_batch& batch, const sluice_cell* cells, const Finish& finish,
                     BatchFates* out);
  void render(bool staged);
  bool render_row(size_t row);
  Failure write_once(const Finish& finish);
  void put_rows(pqxx::transaction_base& transaction);
  void explain(pqxx::transaction_base& transaction);
  void judge(uint32_t row, bool counts, int64_t own, int64_t highest, const int64_t* stored,
             bool ours);
  Failure find_culprits();
  Failure search(pqxx::dbtransaction& transaction);
  [[nodiscard]] const sluice_cell* cells_of(size_t row) const {
    return cells_ + row * plan_.columns.size();
  }

  Connection* connection_;
  TablePlan plan_;
  Statements statements_;
  uint64_t searches_ = 0;
  // Of the batch under way.
  const sluice_batch* batch_ = nullptr;
  const sluice_cell* cells_ = nullptr;
  const std::function<bool()>* give_up_ = nullptr;
  BatchFates* fates_ = nullptr;
  std::string lines_;  // kept from batch to batch
  size_t lines_rows_ = 0;
};

}  // namespace sluice::postgres_sink
