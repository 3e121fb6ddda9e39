// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/support/marked_sink.h"

#include <memory>

#define SLUICE_ENTRY_NAME sluice_marked_test_plugin
#include <sluice/plugin.hpp>

namespace sluice::test {
namespace {

std::unique_ptr<MarkedDatabase> g_database = std::make_unique<MarkedDatabase>();

enum class Reason : uint16_t { kLater, kRefused, kCount };
constexpr auto kReasons = reason_table<Reason>(
    retry_reason(Reason::kLater, "later", "Not now.", "CONNECTION_ERROR"),
    reject_reason(Reason::kRefused, "refused", "Never.", "CONSTRAINT_VIOLATION"));

class MarkedSink {
 public:
  MarkedSink(Context, std::string_view) {}

  // Without marks each record is by itself.
  void write(const Batch& batch, Outcomes out) {
    const std::lock_guard lock(g_database->mutex);
    const std::vector<std::string> values = values_of(batch);
    g_database->writes.push_back(values);
    for (size_t i = 0; i < values.size(); ++i) {
      if (answer(values[i], i, out)) commit({values[i]});
    }
  }

  void write_marked(const Batch& batch, Outcomes out, std::span<const MarkMove> moves) {
    MarkedDatabase& database = *g_database;
    const std::lock_guard lock(database.mutex);
    const std::vector<std::string> values = values_of(batch);
    database.writes.push_back(values);
    bool all = true;
    for (size_t i = 0; i < values.size(); ++i) all = answer(values[i], i, out) && all;
    if (!all) return;
    check(moves);
    for (const MarkMove& move : moves) {
      if (move.set) {
        database.marks[name_of(move)] = *move.set;
      } else {
        database.marks.erase(name_of(move));
      }
    }
    commit(values);
    if (!std::exchange(database.lose_answer, false)) return;
    throw Transient("the connection broke during the commit");
  }

  void read_marks(const MarkReader& reader) {
    MarkedDatabase& database = *g_database;
    const std::lock_guard lock(database.mutex);
    if (std::exchange(database.fail_read, false)) throw Transient("the marks cannot be read");
    for (const auto& [name, position] : database.marks) {
      const auto& [scope, lane, epoch] = name;
      if (scope == reader.scope()) reader.found(lane, epoch, position);
    }
  }

  void reset_marks(std::string_view scope, std::uint32_t epoch) {
    const std::lock_guard lock(g_database->mutex);
    std::erase_if(g_database->marks, [&](const auto& mark) {
      return std::get<0>(mark.first) == scope && std::get<2>(mark.first) < epoch;
    });
  }

 private:
  static std::vector<std::string> values_of(const Batch& batch) {
    std::vector<std::string> values;
    for (const sluice_record& record : batch) values.emplace_back(view(record.value));
    return values;
  }
  // True: OK.
  static bool answer(const std::string& value, size_t i, Outcomes out) {
    const sluice_verdict verdict = g_database->verdict ? g_database->verdict(value) : SLUICE_REC_OK;
    if (verdict == SLUICE_REC_OK) out.ok(i);
    if (verdict == SLUICE_REC_RETRY) out.retry(i, Reason::kLater);
    if (verdict == SLUICE_REC_REJECT) out.reject(i, Reason::kRefused);
    if (verdict == SLUICE_REC_UNTRIED) out.untried(i);
    return verdict == SLUICE_REC_OK;
  }
  static void commit(const std::vector<std::string>& values) {
    MarkedDatabase& database = *g_database;
    database.rows.insert(database.rows.end(), values.begin(), values.end());
    for (size_t i = 0; database.committed && i < values.size(); ++i) database.committed(values[i]);
  }
  static void check(std::span<const MarkMove> moves) {
    for (const MarkMove& move : moves) {
      const auto at = g_database->marks.find(name_of(move));
      const bool there = at != g_database->marks.end();
      if (there == move.expect.has_value() && (!there || at->second == *move.expect)) continue;
      ++g_database->fenced;
      throw Fenced("the mark of " + std::string(move.lane) + " is somewhere else");
    }
  }
  static MarkedDatabase::Name name_of(const MarkMove& move) {
    return {std::string(move.scope), std::string(move.lane), move.epoch};
  }
};

constexpr sluice_component kMarked = sink_component<MarkedSink, kReasons>(
    {.id = "marked",
     .summary = "Keeps marks in memory, for tests.",
     .config_schema = R"({"type": "object", "additionalProperties": false})",
     .example_config = "{}",
     .caps = SLUICE_CAP_ORDERED | SLUICE_CAP_MARKS});

}  // namespace

MarkedDatabase& marked_database() { return *g_database; }
void reset_marked_database() { g_database = std::make_unique<MarkedDatabase>(); }

}  // namespace sluice::test

SLUICE_EXPORT_PLUGIN("marked", "0.1.0", "Apache-2.0", &sluice::test::kMarked)

const sluice_plugin_entry* sluice::test::marked_plugin() { return &sluice_marked_test_plugin; }
