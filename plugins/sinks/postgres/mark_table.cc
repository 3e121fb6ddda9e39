// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/mark_table.h"

#include <charconv>
#include <pqxx/pqxx>

namespace sluice::postgres_sink {
namespace {

// A lane is any bytes: as PostgreSQL writes a bytea.
std::string hex_of(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 15U]);
  }
  return out;
}

std::string bytes_of(std::string_view hex) {
  std::string out;
  for (size_t i = 2; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

std::string words(const std::optional<uint64_t>& position) {
  return position ? std::to_string(*position) : "none";
}

constexpr const char* kNamed = " WHERE scope = $1 AND lane = $2::bytea AND epoch = $3";

}  // namespace

void MarkTable::create(pqxx::transaction_base& transaction) const {
  transaction.exec("CREATE TABLE IF NOT EXISTS " + table_ +
                   " (scope text NOT NULL, lane bytea NOT NULL, epoch bigint NOT NULL, position "
                   "numeric(20) NOT NULL, PRIMARY KEY (scope, lane, epoch))");
}

Failure MarkTable::move(pqxx::transaction_base& transaction,
                        std::span<const MarkMove> moves) const {
  for (const MarkMove& move : moves) {
    if (Failure f = move_one(transaction, move)) return f;
  }
  return {};
}

std::string MarkTable::find_sql() const { return "SELECT position FROM " + table_ + kNamed; }

Failure MarkTable::move_one(pqxx::transaction_base& transaction, const MarkMove& move) const {
  const std::string scope(move.scope);
  const std::string lane = hex_of(move.lane);
  const std::string epoch = std::to_string(move.epoch);
  const std::string expect = move.expect ? std::to_string(*move.expect) : "";
  const std::string set = move.set ? std::to_string(*move.set) : "";
  pqxx::result done;
  if (move.expect && move.set) {
    done = transaction.exec_params(
        "UPDATE " + table_ + " SET position = $4" + kNamed + " AND position = $5", scope, lane,
        epoch, set, expect);
  } else if (move.expect) {
    done = transaction.exec_params("DELETE FROM " + table_ + kNamed + " AND position = $4", scope,
                                   lane, epoch, expect);
  } else if (move.set) {
    done = transaction.exec_params(
        "INSERT INTO " + table_ + " VALUES ($1, $2::bytea, $3, $4) ON CONFLICT DO NOTHING", scope,
        lane, epoch, set);
  } else {
    done = transaction.exec_params(find_sql(), scope, lane, epoch);
    return done.empty() ? Failure::none() : fenced(transaction, move);
  }
  return done.affected_rows() == 1 ? Failure::none() : fenced(transaction, move);
}

Failure MarkTable::fenced(pqxx::transaction_base& transaction, const MarkMove& move) const {
  const pqxx::result found = transaction.exec_params(find_sql(), std::string(move.scope),
                                                     hex_of(move.lane), std::to_string(move.epoch));
  const std::string stored = found.empty() ? "none" : found[0][0].as<std::string>();
  Failure out{
      SLUICE_E_FENCED, "the mark of lane " + std::string(move.lane) + " stands at ", {}, false};
  out.message += stored + ", expected " + words(move.expect) +
                 ": somebody else writes for this source, or a commit was not seen";
  return out;
}

void MarkTable::read(pqxx::transaction_base& transaction, const MarkReader& reader) const {
  const pqxx::result rows =
      transaction.exec_params("SELECT lane, epoch, position FROM " + table_ + " WHERE scope = $1",
                              std::string(reader.scope()));
  for (const pqxx::row& row : rows) {
    const std::string lane = bytes_of(row[0].c_str());
    reader.found(lane, row[1].as<uint32_t>(), row[2].as<uint64_t>());
  }
}

void MarkTable::reset(pqxx::transaction_base& transaction, std::string_view scope,
                      uint32_t epoch) const {
  transaction.exec_params("DELETE FROM " + table_ + " WHERE scope = $1 AND epoch < $2",
                          std::string(scope), std::to_string(epoch));
}

}  // namespace sluice::postgres_sink
