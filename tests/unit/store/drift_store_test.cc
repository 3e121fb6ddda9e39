// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/drift_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/store/temp_dir.h"

namespace sluice {
namespace {

DriftRow row_of(const std::string& path, const std::string& severity, int64_t last_us) {
  DriftRow row;
  row.pipeline = "p";
  row.source = "in";
  row.path = path;
  row.kind = "new_field";
  row.severity = severity;
  row.first_seen_us = 1;
  row.last_seen_us = last_us;
  row.count = 3;
  row.observed = 12;
  row.before = "absent";
  row.after = "string \"x\"";
  row.sample = "\"x\"";
  row.record_sha256 = "abcd";
  return row;
}

DriftUpdate update_of(std::vector<DriftRow> rows) {
  DriftUpdate update;
  update.pipeline = "p";
  update.source = "in";
  update.rows = std::move(rows);
  return update;
}

TEST(DriftStore, KeepsRowsAndBaselineOverAReopening) {
  const TempDir dir;
  {
    auto store = open_drift_store(dir.path());
    ASSERT_TRUE(store.is_ok()) << store.status().message();
    DriftUpdate update = update_of({row_of("/a", "info", 10), row_of("/b", "breaking", 20)});
    update.baseline = std::string("\0profile", 8);
    update.settled = true;
    ASSERT_TRUE((*store)->save({update}));
  }
  auto store = open_drift_store(dir.path());
  ASSERT_TRUE(store.is_ok()) << store.status().message();
  const auto state = (*store)->load("p", "in");
  ASSERT_TRUE(state.is_ok());
  ASSERT_EQ(state->rows.size(), 2U);
  EXPECT_EQ(drift_json(state->rows[0], true), drift_json(row_of("/a", "info", 10), true));
  EXPECT_EQ(state->baseline, std::string("\0profile", 8));
  EXPECT_TRUE(state->settled);
  struct stat info {};
  ASSERT_EQ(::stat((dir.path() / "drift.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(DriftStore, UpdatesReplaceAndRemove) {
  const TempDir dir;
  auto store = open_drift_store(dir.path());
  ASSERT_TRUE(store.is_ok());
  ASSERT_TRUE((*store)->save({update_of({row_of("/a", "info", 1), row_of("/b", "info", 1)})}));
  DriftUpdate update = update_of({row_of("/a", "warning", 5)});
  update.removed = {{"/b", "new_field"}};
  ASSERT_TRUE((*store)->save({update}));
  auto rows = (*store)->rows({});
  ASSERT_TRUE(rows.is_ok());
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ((*rows)[0].severity, "warning");
  update = update_of({row_of("/c", "info", 6)});
  update.all = true;
  ASSERT_TRUE((*store)->save({update}));
  rows = (*store)->rows({});
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ((*rows)[0].path, "/c");
}

TEST(DriftStore, FiltersBySeverityAndTime) {
  const TempDir dir;
  auto store = open_drift_store(dir.path());
  ASSERT_TRUE(store.is_ok());
  ASSERT_TRUE((*store)->save({update_of(
      {row_of("/a", "info", 10), row_of("/b", "warning", 20), row_of("/c", "breaking", 30)})}));
  const auto paths = [&](DriftFilter filter) {
    auto rows = (*store)->rows(filter);
    EXPECT_TRUE(rows.is_ok());
    sort_drift(*rows);
    std::string out;
    for (const DriftRow& row : *rows) out += row.path;
    return out;
  };
  EXPECT_EQ(paths({}), "/c/b/a");
  EXPECT_EQ(paths({.pipeline = "", .source = "", .severity = "warning"}), "/c/b");
  EXPECT_EQ(paths({.pipeline = "", .source = "", .severity = "", .since_us = 20}), "/c/b");
  EXPECT_EQ(paths({.pipeline = "other", .source = "", .severity = ""}), "");
}

TEST(DriftStore, ReadersCreateNothingAndWriteNothing) {
  const TempDir dir;
  EXPECT_EQ(open_drift_store(dir.path(), true).status().code(), Code::kNotFound);
  ASSERT_TRUE(open_drift_store(dir.path()).is_ok());
  auto reader = open_drift_store(dir.path(), true);
  ASSERT_TRUE(reader.is_ok());
  EXPECT_EQ((*reader)->save({update_of({})}).code(), Code::kInvalid);
}

TEST(DriftStore, JsonKeepsTheSampleForThoseWhoMaySeeIt) {
  const std::string full = drift_json(row_of("/a", "info", 10), true);
  EXPECT_NE(full.find(R"("sample":"\"x\"")"), std::string::npos) << full;
  EXPECT_NE(full.find(R"("share":0.250000)"), std::string::npos) << full;
  EXPECT_EQ(drift_json(row_of("/a", "info", 10), false).find("sample"), std::string::npos);
}

}  // namespace
}  // namespace sluice
