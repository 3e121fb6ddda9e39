// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sink_sqlite/sqlite_fixture.h"

#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>

namespace sluice::test {

SqliteSinkTest::SqliteSinkTest() : sink_(sqlite_sink::kSqliteSink) {
  std::string pattern = testing::TempDir() + "sluice-sqlite-XXXXXX";
  const char* made = ::mkdtemp(pattern.data());
  EXPECT_NE(nullptr, made);
  folder_ = pattern;
  path_ = folder_ + "/out.db";
}

SqliteSinkTest::~SqliteSinkTest() {
  sink_.destroy();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string SqliteSinkTest::config(const std::string& members) const {
  std::string out = "{\"path\":\"" + path_ + "\"";
  if (members.find("\"table\"") == std::string::npos) out += ",\"table\":\"quakes\"";
  return out + (members.empty() ? "" : ",") + members + "}";
}

std::string SqliteSinkTest::sql(const std::string& text) const {
  sqlite3* raw = nullptr;
  EXPECT_EQ(SQLITE_OK, sqlite3_open(path_.c_str(), &raw));
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> db(raw, &sqlite3_close);
  std::string out;
  const auto row = [](void* to, int n, char** values, char**) {
    auto& lines = *static_cast<std::string*>(to);
    if (!lines.empty()) lines += '\n';
    for (int i = 0; i < n; ++i) {
      if (i > 0) lines += '|';
      lines += values[i] == nullptr ? "NULL" : values[i];
    }
    return 0;
  };
  EXPECT_EQ(SQLITE_OK, sqlite3_exec(raw, text.c_str(), row, &out, nullptr))
      << text << ": " << sqlite3_errmsg(raw);
  return out;
}

}  // namespace sluice::test
