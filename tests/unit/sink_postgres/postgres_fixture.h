// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "plugins/sinks/postgres/sink.h"
#include "tests/unit/sink_sqlite/sink_driver.h"
#include "tests/unit/store/postgres_server.h"

namespace sluice::test {

// A schema of its own in the server of the process, looked at through a second connection.
class PostgresSinkTest : public testing::Test {
 protected:
  PostgresSinkTest();
  ~PostgresSinkTest() override;

  // Options as a JSON object; `dsn` and, unless given, `table` (quakes) are added. `$S` is the
  // schema.
  [[nodiscard]] std::string config(const std::string& members) const;
  sluice_rc start(const std::string& members) { return sink_.start(config(members)); }
  // Runs one statement; `$S` is the schema.
  void run(std::string statement) const;
  // The rows of a query, as PostgreSQL writes rows: "(a,5,1.5)", a line each.
  std::string rows(const std::string& query) const;
  [[nodiscard]] std::string filled(std::string text) const;
  // A trigger function of that body for each new row of $S.quakes.
  void trigger(const std::string& body) const;

  std::string schema_;
  std::string dsn_;
  SinkDriver sink_;
};

// Columns of the quakes most tests write.
inline constexpr const char* kPgQuakes =
    R"("key":["/id"],"revision":"/rev","create":true,"columns":{
      "id":{"from":"/id","type":"text"},"rev":{"from":"/rev","type":"bigint"},
      "mag":{"from":"/mag","type":"double"}})";

}  // namespace sluice::test
