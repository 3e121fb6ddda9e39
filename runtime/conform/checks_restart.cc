// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "runtime/conform/checks.h"
#include "runtime/conform/outcome.h"
#include "runtime/conform/source_driver.h"

namespace sluice::conform {

namespace {

Status has_records(Subject& subject) {
  if (subject.fixture().has("no_records")) {
    return skip("quirk: no_records (the source has none without a peer)");
  }
  return Status::ok();
}

struct Run {
  ByLane lanes;
  bool whole = false;  // the source said that there is no more
};

Result<Run> run_once(Subject& subject, const std::string& config, MarkStore& marks,
                     uint32_t first_lane) {
  SourceDriver driver(subject, &marks, {HostShape::kLong, first_lane});
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  SLUICE_ASSIGN_OR_RETURN(const auto all, driver.collect(kEnoughRecords));
  SLUICE_RETURN_IF_ERROR(driver.close());
  return Run{by_lane(all.records), all.ended || all.idle};
}

// Is `again` what `expected` says? An endless source was cut off somewhere, so then only what both
// runs reached is compared.
Status compare_lane(const std::string& lane, const std::vector<SeenRecord>& expected,
                    const std::vector<SeenRecord>* again, bool whole, std::string_view when) {
  const size_t count = again == nullptr ? 0 : again->size();
  for (size_t i = 0; i < std::min(expected.size(), count); ++i) {
    SLUICE_EXPECT((*again)[i].position == expected[i].position,
                  fmt::format("lane {}, {}: record {} has position {}; expected {}", lane, when, i,
                              (*again)[i].position, expected[i].position));
    SLUICE_EXPECT((*again)[i].value == expected[i].value,
                  fmt::format("lane {}, {}: position {} now names other bytes", lane, when,
                              expected[i].position));
  }
  const bool enough = count == expected.size() || (!whole && (count > 0 || expected.empty()));
  SLUICE_EXPECT(enough, fmt::format("lane {}, {}: {} records; expected {}", lane, when, count,
                                    expected.size()));
  return Status::ok();
}

const std::vector<SeenRecord>* lane_of(const ByLane& lanes, const std::string& lane) {
  const auto it = lanes.find(lane);
  return it == lanes.end() ? nullptr : &it->second;
}

Status unsettled_comes_again(Subject& subject) {
  SLUICE_RETURN_IF_ERROR(has_records(subject));
  if (subject.fixture().has("no_redelivery")) {
    return skip("quirk: no_redelivery (the source cannot hand records over again)");
  }
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  MarkStore nothing;
  SLUICE_ASSIGN_OR_RETURN(const Run first, run_once(subject, config, nothing, 10));
  if (first.lanes.empty()) return skip("no record came; let the fixture's setup give some");
  SLUICE_ASSIGN_OR_RETURN(const Run second, run_once(subject, config, nothing, 70));
  for (const auto& [lane, records] : first.lanes) {
    SLUICE_RETURN_IF_ERROR(compare_lane(lane, records, lane_of(second.lanes, lane), first.whole,
                                        "restarted without marks"));
  }
  return Status::ok();
}

// Reads everything, settles the first half of each lane, and remembers that in `marks`.
Result<Run> run_and_settle_half(Subject& subject, const std::string& config, MarkStore& marks) {
  SourceDriver driver(subject, &marks, {HostShape::kLong, 10});
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  SLUICE_ASSIGN_OR_RETURN(const auto all, driver.collect(kEnoughRecords));
  Run run{by_lane(all.records), all.ended || all.idle};
  std::vector<sluice_mark> acks;
  for (const auto& [lane, records] : run.lanes) {
    if (records.size() < 2) continue;
    const uint64_t position = records[records.size() / 2 - 1].position;
    marks.marks[lane] = position;
    acks.push_back({driver.instance().host().lane_id(lane).value_or(0), 0, position});
  }
  // The cursor that goes with these marks covers only what was settled without a gap.
  size_t settled = 0;
  for (const auto& record : all.records) {
    const auto mark = marks.marks.find(record.lane);
    if (mark == marks.marks.end() || record.position > mark->second) break;
    ++settled;
  }
  marks.cursor = driver.instance().host().cursor_for(settled);
  const Answer acked = driver.ack(acks);
  SLUICE_EXPECT(acked.ok(), acked.text("ack"));
  SLUICE_RETURN_IF_ERROR(driver.close());
  return run;
}

Status marks_are_resumed_from(Subject& subject) {
  SLUICE_RETURN_IF_ERROR(has_records(subject));
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  MarkStore marks;
  SLUICE_ASSIGN_OR_RETURN(const Run first, run_and_settle_half(subject, config, marks));
  if (marks.marks.empty()) {
    return skip("no lane had two records; let the fixture's setup give more");
  }
  SLUICE_ASSIGN_OR_RETURN(const Run second, run_once(subject, config, marks, 70));
  const bool replays = (subject.component().caps & SLUICE_CAP_REPLAY) != 0;
  for (const auto& [lane, records] : first.lanes) {
    const auto mark = marks.marks.find(lane);
    const uint64_t settled = mark == marks.marks.end() ? 0 : mark->second;
    const bool marked = mark != marks.marks.end();
    std::vector<SeenRecord> expected;
    std::copy_if(records.begin(), records.end(), std::back_inserter(expected),
                 [&](const SeenRecord& r) { return !marked || r.position > settled; });
    std::vector<SeenRecord> again;
    if (const auto* found = lane_of(second.lanes, lane)) again = *found;
    const auto old = std::find_if(again.begin(), again.end(), [&](const SeenRecord& r) {
      return marked && r.position <= settled;
    });
    SLUICE_EXPECT(!replays || old == again.end(),
                  fmt::format("lane {}: position {} came again, though everything up to {} was "
                              "settled (SLUICE_CAP_REPLAY)",
                              lane, old->position, settled));
    std::erase_if(again, [&](const SeenRecord& r) { return marked && r.position <= settled; });
    SLUICE_RETURN_IF_ERROR(
        compare_lane(lane, expected, &again, first.whole, "restarted with marks"));
  }
  return Status::ok();
}

constexpr std::array kRestartChecks = {
    Check{"P5", "restarted without marks, the source hands over the same records again",
          Level::kMust, Scope::kSource, unsettled_comes_again},
    Check{"P6",
          "restarted with marks, nothing after them is missing and, with SLUICE_CAP_REPLAY, "
          "nothing up to them comes again",
          Level::kMust, Scope::kSource, marks_are_resumed_from},
};

}  // namespace

std::span<const Check> restart_checks() { return kRestartChecks; }

}  // namespace sluice::conform
