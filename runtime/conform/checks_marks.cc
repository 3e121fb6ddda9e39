// SPDX-License-Identifier: Apache-2.0
// Exactly once: sluice.sink.marks/1.
#include <fmt/format.h>

#include <array>

#include "runtime/conform/checks.h"
#include "runtime/conform/outcome.h"
#include "runtime/conform/sink_driver.h"
#include "runtime/conform/test_values.h"

namespace sluice::conform {
namespace {

constexpr const char* kScope = "pipeline/source/sink";
constexpr const char* kOther = "pipeline/other/sink";

Status no_marks(Subject& subject) {
  const bool declared = (subject.component().caps & SLUICE_CAP_MARKS) != 0;
  SLUICE_EXPECT(
      !declared,
      "SLUICE_CAP_MARKS is declared, but extension() does not know " SLUICE_EXT_SINK_MARKS);
  return skip("the sink keeps no marks");
}

Status write_expecting(SinkDriver& driver, const std::vector<Value>& values,
                       const std::vector<Move>& moves, sluice_rc expected, std::string_view what) {
  SLUICE_ASSIGN_OR_RETURN(const auto written, driver.write_marked(values, moves));
  SLUICE_EXPECT(written.answer.rc == expected,
                fmt::format("{}: {}; expected {}", what, written.answer.text("write_marked"),
                            rc_name(expected)));
  return Status::ok();
}

Status expect_marks(SinkDriver& driver, const std::string& scope, const std::string& expected,
                    std::string_view what) {
  SLUICE_ASSIGN_OR_RETURN(const std::string found, driver.marks(scope));
  SLUICE_EXPECT(found == expected,
                fmt::format("{}: read_marks found \"{}\", expected \"{}\"", what, found, expected));
  return Status::ok();
}

Status moves_only_from_where_it_is(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  const auto values = good_values(subject, 2);
  {
    SinkDriver driver(subject);
    SLUICE_RETURN_IF_ERROR(driver.start(config));
    if (!driver.keeps_marks()) return no_marks(subject);
    SLUICE_RETURN_IF_ERROR(
        write_expecting(driver, values, {{"a", {}, 5, kScope}}, SLUICE_OK, "the first mark"));
    SLUICE_RETURN_IF_ERROR(
        write_expecting(driver, values, {{"a", 5, 7, kScope}}, SLUICE_OK, "a mark that rises"));
    SLUICE_RETURN_IF_ERROR(write_expecting(driver, values, {{"a", 5, 9, kScope}}, SLUICE_E_FENCED,
                                           "a mark that was moved"));
    SLUICE_RETURN_IF_ERROR(write_expecting(driver, values, {{"a", {}, 9, kScope}}, SLUICE_E_FENCED,
                                           "a mark expected to be absent"));
    SLUICE_RETURN_IF_ERROR(write_expecting(driver, values,
                                           {{"b", {}, 1, kScope}, {"a", 5, 9, kScope}},
                                           SLUICE_E_FENCED, "two marks, one of them moved"));
    SLUICE_RETURN_IF_ERROR(expect_marks(driver, kScope, "a@0=7", "after fenced writes"));
    SLUICE_RETURN_IF_ERROR(driver.close());
  }
  SinkDriver again(subject);
  SLUICE_RETURN_IF_ERROR(again.start(config));
  SLUICE_RETURN_IF_ERROR(expect_marks(again, kScope, "a@0=7", "another instance"));
  return again.close();
}

Status stays_when_a_record_is_not_ok(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  SinkDriver driver(subject);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  if (!driver.keeps_marks()) return no_marks(subject);
  if (subject.fixture().bad.empty()) return skip("the fixture has no bad records");
  std::vector<Value> values = good_values(subject, 2);
  values.insert(values.begin() + 1, subject.fixture().bad.front().value);
  SLUICE_ASSIGN_OR_RETURN(const auto mixed, driver.write_marked(values, {{"a", {}, 3, kScope}}));
  const bool refused = mixed.answer.rc == SLUICE_E_BATCH ||
                       (mixed.answer.ok() && mixed.outcomes[1].verdict != SLUICE_REC_OK);
  SLUICE_EXPECT(refused, "a bad record among good ones: " + mixed.answer.text("write_marked") +
                             "; expected it to be refused");
  SLUICE_RETURN_IF_ERROR(expect_marks(driver, kScope, "", "a write with a bad record"));
  SLUICE_RETURN_IF_ERROR(write_expecting(driver, good_values(subject, 2), {{"a", {}, 3, kScope}},
                                         SLUICE_OK, "the rest of it"));
  SLUICE_RETURN_IF_ERROR(expect_marks(driver, kScope, "a@0=3", "the rest of it"));
  return driver.close();
}

Status are_told_apart_and_forgotten(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  SinkDriver driver(subject);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  if (!driver.keeps_marks()) return no_marks(subject);
  SLUICE_RETURN_IF_ERROR(write_expecting(driver, {}, {{"a", {}, 1, kScope}, {"b", {}, 2, kScope}},
                                         SLUICE_OK, "marks without records"));
  SLUICE_RETURN_IF_ERROR(write_expecting(driver, {}, {{"a", {}, UINT64_MAX, kScope, 3}}, SLUICE_OK,
                                         "a lane in a later epoch"));
  SLUICE_RETURN_IF_ERROR(
      write_expecting(driver, {}, {{"a", {}, 4, kOther}}, SLUICE_OK, "another scope"));
  SLUICE_RETURN_IF_ERROR(
      expect_marks(driver, kScope, "a@0=1 a@3=18446744073709551615 b@0=2", "marks of one scope"));
  SLUICE_RETURN_IF_ERROR(
      write_expecting(driver, {}, {{"b", 2, {}, kScope}}, SLUICE_OK, "a mark that is forgotten"));
  const Answer reset = driver.reset_marks(kScope, 3);
  SLUICE_EXPECT(reset.ok(), reset.text("reset_marks"));
  SLUICE_RETURN_IF_ERROR(
      expect_marks(driver, kScope, "a@3=18446744073709551615", "after reset_marks"));
  SLUICE_RETURN_IF_ERROR(expect_marks(driver, kOther, "a@0=4", "another scope after reset_marks"));
  return driver.close();
}

constexpr std::array kMarkChecks = {
    Check{"E1",
          "write_marked moves a mark only from where it is expected, and it outlives the instance",
          Level::kMust, Scope::kSink, moves_only_from_where_it_is},
    Check{"E2", "write_marked moves no mark if any record of the batch is not OK", Level::kMust,
          Scope::kSink, stays_when_a_record_is_not_ok},
    Check{"E3",
          "marks are told apart by scope, lane and epoch, move without records, and are forgotten",
          Level::kMust, Scope::kSink, are_told_apart_and_forgotten},
};

}  // namespace

std::span<const Check> mark_checks() { return kMarkChecks; }

}  // namespace sluice::conform
