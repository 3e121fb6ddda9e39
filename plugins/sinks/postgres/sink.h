// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "plugins/sinks/postgres/connection.h"
#include "plugins/sinks/postgres/mark_table.h"
#include "plugins/sinks/postgres/options.h"
#include "plugins/sinks/postgres/stop_guard.h"
#include "plugins/sinks/postgres/writer.h"

namespace sluice::postgres_sink {

enum class Metric : uint16_t { kCommitSeconds, kReconnects, kCulpritSearches, kCount };

// The sink behind the ABI: connects, declares the columns, answers for each record.
class PostgresSink {
 public:
  PostgresSink(Context context, std::string_view config_json);

  void open();
  void write(const Batch& batch, Outcomes out);
  // Exactly once: the marks of the source lie in a table of the same database.
  [[nodiscard]] bool keeps_marks() const { return options_.exactly_once; }
  void write_marked(const Batch& batch, Outcomes out, std::span<const MarkMove> moves);
  void read_marks(const MarkReader& reader);
  void reset_marks(std::string_view scope, std::uint32_t epoch);
  // Connected, and the server takes writes.
  void probe();
  void close();

 private:
  void connect();
  Failure make_tables(Options* resolved, TablePlan* plan);
  void need_connection();
  void declare();
  void raise(Failure failure) const;
  void write_batch(const Batch& batch, const std::span<const MarkMove>* moves);

  Context context_;
  Options options_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<StopGuard> guard_;  // of connection_
  std::unique_ptr<Writer> writer_;
  std::optional<MarkTable> marks_;  // with exactly_once
  std::optional<Columns> columns_;
  std::vector<Column> declared_;  // what columns_ stands for
  BatchFates fates_;
};

// The component's description and functions; for the plugin's entry and for tests.
extern const sluice_component kPostgresSink;

}  // namespace sluice::postgres_sink
