// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sink_postgres/verdict_scene.h"

#include <map>
#include <sstream>

#include "runtime/base/stop.h"

namespace sluice::test {
namespace {

constexpr uint32_t kReconnects = 1;  // of the sink's metrics

Records three(const std::string& middle) {
  Records out{R"({"id":"a","rev":1})"};
  out.add(middle).add(R"({"id":"c","rev":1})");
  return out;
}

std::string name_of(sluice_rc rc) {
  const std::map<sluice_rc, std::string> names = {
      {SLUICE_OK, "OK"},           {SLUICE_E_RETRY, "E_RETRY"}, {SLUICE_E_CONFIG, "E_CONFIG"},
      {SLUICE_E_FATAL, "E_FATAL"}, {SLUICE_E_BATCH, "E_BATCH"}, {SLUICE_E_FENCED, "E_FENCED"}};
  const auto found = names.find(rc);
  return found == names.end() ? std::to_string(rc) : found->second;
}

std::string state_in(const std::string& text) {
  constexpr std::string_view kSign = "SQLSTATE ";
  const size_t at = text.find(kSign);
  return at == std::string::npos ? "" : text.substr(at + kSign.size(), 5);
}

}  // namespace

std::string Verdict::line(const std::string& trouble) const {
  std::string out = "| " + trouble + " | `" + call + "` | " + (record.empty() ? "none" : record) +
                    " | " + (state.empty() ? "none" : state);
  if (call == "OK") return out + " | a letter; its neighbours are written |\n";
  if (call == "E_CONFIG") return out + " | held until an operator acts |\n";
  return out + " | tried again" + (renewed ? ", over a new connection" : "") + " |\n";
}

void VerdictScene::open(const std::string& members) {
  ASSERT_EQ(SLUICE_OK, start(members)) << sink_.error();
}

void VerdictScene::write(const std::string& middle) { keep(sink_.write(three(middle))); }

void VerdictScene::begin_write() {
  answer_ = std::async(std::launch::async,
                       [this] { return sink_.write(three(R"({"id":"b","rev":1})")); });
}

void VerdictScene::join() { keep(answer_.get()); }

void VerdictScene::keep(sluice_rc rc) {
  verdict = {name_of(rc), "", "", false};
  if (rc != SLUICE_OK) {
    EXPECT_EQ("unset unset unset", sink_.words());
    verdict.state = state_in(sink_.error());
    return;
  }
  const Said& said = sink_.said()[1];
  EXPECT_EQ("ok " + said.reason + " ok", sink_.words());
  verdict.record = "`" + said.reason + "` (" + said.maps_to + ")";
  verdict.state = state_in(said.detail);
}

void VerdictScene::goes_on() {
  const double before = sink_.host().metrics[kReconnects];
  EXPECT_EQ("", rows("SELECT id FROM $S.quakes WHERE id <> 'before'"));
  EXPECT_EQ(SLUICE_OK, sink_.write(three(R"({"id":"b","rev":1})"))) << sink_.error();
  EXPECT_EQ("ok ok ok", sink_.words());
  EXPECT_EQ("(a)\n(b)\n(c)", rows("SELECT id FROM $S.quakes WHERE id <> 'before' ORDER BY id"));
  verdict.renewed = sink_.host().metrics[kReconnects] > before;
}

void VerdictScene::other(const std::string& sql) {
  if (!other_) other_ = std::move(*store::PgConnection::open(*store::PgTarget::parse(dsn_)));
  std::stringstream statements(filled(sql));
  for (std::string one; std::getline(statements, one, ';');) {
    const auto done = other_->run(one);
    ASSERT_TRUE(done) << one << ": " << done.status().message();
  }
}

void VerdictScene::wait_until(const std::string& query) const {
  StopSource never;
  while (rows(query).empty()) never.wait_for(std::chrono::milliseconds(2));
}

std::string VerdictScene::dsn_of(const std::string& user, const std::string& more) const {
  std::string out = dsn_;
  out.replace(out.find("postgres@"), 9, user + "@");
  return out + more;
}

void VerdictScene::end_sessions_of(const std::string& user) {
  const std::string sessions = " FROM pg_stat_activity WHERE usename = '" + user + "'";
  other("SELECT pg_terminate_backend(pid)" + sessions);
  wait_until("SELECT 1 WHERE NOT EXISTS (SELECT 1" + sessions + ")");
}

}  // namespace sluice::test
