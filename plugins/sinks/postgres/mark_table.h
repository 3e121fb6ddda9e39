// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/marks.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "plugins/sinks/postgres/failure.h"

namespace pqxx {
class transaction_base;
}

namespace sluice::postgres_sink {

// The marks of sources in a table of the same database, so that one transaction holds rows and
// marks. Throws what libpqxx does; without state but the table's name.
class MarkTable {
 public:
  explicit MarkTable(std::string quoted_table) : table_(std::move(quoted_table)) {}

  // Makes the table when it is not there.
  void create(pqxx::transaction_base& transaction) const;
  // SLUICE_E_FENCED: a mark is not where it is expected.
  Failure move(pqxx::transaction_base& transaction, std::span<const MarkMove> moves) const;
  void read(pqxx::transaction_base& transaction, const MarkReader& reader) const;
  void reset(pqxx::transaction_base& transaction, std::string_view scope, uint32_t epoch) const;

 private:
  Failure move_one(pqxx::transaction_base& transaction, const MarkMove& move) const;
  Failure fenced(pqxx::transaction_base& transaction, const MarkMove& move) const;
  [[nodiscard]] std::string find_sql() const;

  std::string table_;
};

}  // namespace sluice::postgres_sink
