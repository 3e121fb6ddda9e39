// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "plugins/sinks/sqlite/sink.h"
#include "tests/unit/sink_sqlite/sink_driver.h"

struct sqlite3;

namespace sluice::test {

// A folder of its own with one database in it, looked at through a second connection.
class SqliteSinkTest : public testing::Test {
 protected:
  SqliteSinkTest();
  ~SqliteSinkTest() override;

  // Options as a JSON object; `path` and, unless given, `table` are added.
  [[nodiscard]] std::string config(const std::string& members) const;
  sluice_rc start(const std::string& members) { return sink_.start(config(members)); }
  // Runs SQL on the database, creating it if need be; rows as "a|b" lines.
  std::string sql(const std::string& text) const;

  std::string folder_;
  std::string path_;
  SinkDriver sink_;
};

// Columns of the quakes most tests write.
inline constexpr const char* kQuakes =
    R"("key":["/id"],"revision":"/rev","create":true,"columns":{
      "id":{"from":"/id","type":"text"},"rev":{"from":"/rev","type":"bigint"},
      "mag":{"from":"/mag","type":"real"}})";

}  // namespace sluice::test
