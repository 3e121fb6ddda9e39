// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/marks.hpp>

#include <span>
#include <string_view>

#include "plugins/sinks/sqlite/database.h"
#include "plugins/sinks/sqlite/failure.h"

namespace sluice::sqlite_sink {

// The marks of sources in a table of the same database, so that one transaction holds rows and
// marks. Used like its database, which must outlive it.
class MarkTable {
 public:
  static constexpr const char* kName = "sluice_marks";

  explicit MarkTable(Database* database) : database_(database) {}

  // Makes the table when it is not there; prepares the statements.
  Failure open();
  // Inside the caller's transaction. SLUICE_E_FENCED: a mark is not where it is expected.
  Failure move(std::span<const MarkMove> moves);
  Failure read(const MarkReader& reader);
  Failure reset(std::string_view scope, uint32_t epoch);

 private:
  Failure move_one(const MarkMove& move);
  Failure fenced(const MarkMove& move);
  Failure find(const MarkMove& move, std::optional<uint64_t>* out);

  Database* database_;
  Statement insert_;
  Statement update_;
  Statement remove_;
  Statement find_;
};

}  // namespace sluice::sqlite_sink
