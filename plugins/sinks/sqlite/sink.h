// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "plugins/sinks/sqlite/database.h"
#include "plugins/sinks/sqlite/mark_table.h"
#include "plugins/sinks/sqlite/options.h"
#include "plugins/sinks/sqlite/writer.h"

namespace sluice::sqlite_sink {

enum class Metric : uint16_t { kCommitSeconds, kBusyWaits, kCount };

// The sink behind the ABI: opens the database, declares the columns, answers for each record.
class SqliteSink : private Patience {
 public:
  SqliteSink(Context context, std::string_view config_json);
  SqliteSink(const SqliteSink&) = delete;
  SqliteSink& operator=(const SqliteSink&) = delete;

  void open();
  void write(const Batch& batch, Outcomes out);
  // Exactly once: the marks of the source lie in a table of the same database.
  [[nodiscard]] bool keeps_marks() const { return options_.exactly_once; }
  void write_marked(const Batch& batch, Outcomes out, std::span<const MarkMove> moves);
  void read_marks(const MarkReader& reader);
  void reset_marks(std::string_view scope, std::uint32_t epoch);
  // Takes and gives back the write lock: the database is there, writable and not held by others.
  void probe();
  void close();

 private:
  bool wait(std::chrono::milliseconds time) override;
  void connect();
  void declare();
  void write_batch(const Batch& batch, const std::span<const MarkMove>* moves);

  Context context_;
  Options options_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<MarkTable> marks_;  // with exactly_once
  std::optional<Columns> columns_;
  BatchFates fates_;
};

// The component's description and functions; for the plugin's entry and for tests.
extern const sluice_component kSqliteSink;

}  // namespace sluice::sqlite_sink
