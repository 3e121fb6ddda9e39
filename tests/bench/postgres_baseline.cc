// SPDX-License-Identifier: Apache-2.0
// The other side of postgres_bench.py: what a client does that has nothing to do but hand rows
// over. Rows lie ready as lines of COPY; the SQL is the sink's own, a batch is one transaction.
//
// usage: postgres_baseline DSN MODE BATCH ROWS   with MODE upsert, insert or copy (all in one)
// Prints the seconds from the first BEGIN to the last COMMIT.
#include <libpq-fe.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "plugins/sinks/postgres/sql.h"

namespace {

using sluice::postgres_sink::Column;
using sluice::postgres_sink::ColumnType;
using sluice::postgres_sink::Statements;
using sluice::postgres_sink::TablePlan;

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, Close>;

[[noreturn]] void fail(const Connection& connection, const char* doing) {
  std::fprintf(stderr, "%s: %s", doing, PQerrorMessage(connection.get()));
  std::exit(1);
}

void run(const Connection& connection, const std::string& sql) {
  PGresult* done = PQexec(connection.get(), sql.c_str());
  const ExecStatusType status = PQresultStatus(done);
  PQclear(done);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(connection, sql.c_str());
}

void copy(const Connection& connection, const std::string& target, const std::string& lines) {
  PGresult* begun = PQexec(connection.get(), ("COPY " + target + " FROM STDIN").c_str());
  const bool in = PQresultStatus(begun) == PGRES_COPY_IN;
  PQclear(begun);
  if (!in || PQputCopyData(connection.get(), lines.data(), static_cast<int>(lines.size())) != 1 ||
      PQputCopyEnd(connection.get(), nullptr) != 1) {
    fail(connection, "COPY");
  }
  while (PGresult* done = PQgetResult(connection.get())) {
    if (PQresultStatus(done) != PGRES_COMMAND_OK) fail(connection, "COPY");
    PQclear(done);
  }
}

// The table of postgres_bench.py.
TablePlan plan(bool upsert) {
  const auto column = [](const char* name, ColumnType type, const char* cast = "") {
    return Column{name, std::string("/") + name, {type}, false, cast, {}};
  };
  TablePlan out;
  out.table = "\"orders\"";
  out.columns = {
      column("id", ColumnType::kText),     column("revision", ColumnType::kBigint),
      column("tenant", ColumnType::kText), column("total", ColumnType::kNumeric),
      column("email", ColumnType::kText),  column("record", ColumnType::kJsonb, "::jsonb")};
  if (!upsert) return out;
  out.key = {0};
  out.revision = 1;
  return out;
}

// The file's lines, so many a batch; with their place in it where they go through a table of the
// session.
std::vector<std::string> read_batches(const char* path, size_t batch, bool places) {
  std::vector<std::string> out;
  std::ifstream file(path);
  size_t place = batch;
  for (std::string line; std::getline(file, line); ++place) {
    if (place == batch) {
      out.emplace_back();
      place = 0;
    }
    out.back() += line;
    if (places) out.back() += "\t" + std::to_string(place);
    out.back() += '\n';
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: postgres_baseline DSN upsert|insert|copy BATCH ROWS\n");
    return 2;
  }
  const std::string mode = argv[2];
  const bool upsert = mode == "upsert";
  const size_t size = mode == "copy" ? SIZE_MAX : std::strtoull(argv[3], nullptr, 10);
  const std::vector<std::string> batches = read_batches(argv[4], size, upsert);
  const Statements statements = statements_for(plan(upsert));
  const Connection connection(PQconnectdb(argv[1]));
  if (PQstatus(connection.get()) != CONNECTION_OK) fail(connection, "connect");
  if (upsert) run(connection, statements.stage_table);
  const std::string target = upsert ? statements.stage + " (" + statements.stage_columns + ")"
                                    : "\"orders\" (" + statements.columns + ")";
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string& lines : batches) {
    run(connection, "BEGIN");
    copy(connection, target, lines);
    if (upsert) run(connection, statements.write());
    run(connection, "COMMIT");
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%.6f\n", took.count());
  return 0;
}
