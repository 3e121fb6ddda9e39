// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <map>
#include <thread>

#include "runtime/conform/checks.h"
#include "runtime/conform/outcome.h"
#include "runtime/conform/process_view.h"
#include "runtime/conform/source_driver.h"

namespace sluice::conform {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr uint64_t kPlenty = 64ULL << 20;
constexpr uint32_t kPollMs = 50;

uint64_t value_bytes(const std::vector<SeenRecord>& seen) {
  uint64_t bytes = 0;
  for (const auto& record : seen) bytes += record.value.size();
  return bytes;
}

Status judge_size(const Polled& polled, uint32_t max_records, uint64_t max_bytes) {
  if (polled.batch == nullptr) return Status::ok();
  const auto& seen = polled.batch->seen;
  SLUICE_EXPECT(seen.size() <= max_records,
                fmt::format("poll handed over {} records; at most {} were asked for", seen.size(),
                            max_records));
  // "About": the one that passes the limit may come whole.
  const std::vector<SeenRecord> all_but_last(seen.begin(),
                                             seen.empty() ? seen.begin() : seen.end() - 1);
  SLUICE_EXPECT(value_bytes(all_but_last) <= max_bytes,
                fmt::format("poll handed over {} bytes in {} records; about {} were asked for",
                            value_bytes(seen), seen.size(), max_bytes));
  return Status::ok();
}

Status judge_time(Clock::time_point started, std::chrono::nanoseconds queued, uint32_t timeout_ms) {
  constexpr int64_t kSlackMs = kSanitized ? 500 : 100;
  const auto waited = time_in_run_queue() - queued;
  const auto took = duration_cast<milliseconds>(Clock::now() - started - waited).count();
  const int64_t allowed = timeout_ms + timeout_ms / 5 + kSlackMs;
  SLUICE_EXPECT(took <= allowed, fmt::format("poll took {} ms; its timeout was {} ms (a fifth and "
                                             "{} ms more are tolerated)",
                                             took, timeout_ms, kSlackMs));
  return Status::ok();
}

struct Ask {
  uint32_t records;
  uint64_t bytes;
  uint32_t timeout_ms;
};

Status poll_keeps_limits(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  constexpr std::array<Ask, 7> kAsks = {{{1, kPlenty, 50},
                                         {2, kPlenty, 0},
                                         {3, 1, 50},
                                         {100, 1, 50},
                                         {1, 1, 0},
                                         {1000, 64, 200},
                                         {5, kPlenty, 200}}};
  MarkStore marks;
  SourceDriver driver(subject, &marks);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  for (const Ask& ask : kAsks) {
    const auto queued = time_in_run_queue();
    const auto started = Clock::now();
    SLUICE_ASSIGN_OR_RETURN(const Polled polled,
                            driver.poll(ask.records, ask.bytes, ask.timeout_ms));
    SLUICE_RETURN_IF_ERROR(judge_time(started, queued, ask.timeout_ms));
    if (polled.answer.rc < 0) return fail(polled.answer.text("poll"));
    SLUICE_RETURN_IF_ERROR(judge_size(polled, ask.records, ask.bytes));
    driver.release_all();
  }
  // The same once everything has been read: waiting for more is when a timeout matters.
  SLUICE_ASSIGN_OR_RETURN(const auto rest, driver.collect(kEnoughRecords));
  if (rest.idle) {
    const auto queued = time_in_run_queue();
    const auto started = Clock::now();
    SLUICE_ASSIGN_OR_RETURN(const Polled polled, driver.poll(5, kPlenty, 250));
    (void)polled;
    SLUICE_RETURN_IF_ERROR(judge_time(started, queued, 250));
  }
  return driver.close();
}

Status positions_rise(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  MarkStore marks;
  SourceDriver driver(subject, &marks);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  SLUICE_ASSIGN_OR_RETURN(const auto all, driver.collect(kEnoughRecords));
  if (all.records.empty()) return skip("no record came; let the fixture's setup give some");
  std::map<std::string, uint64_t> last;
  for (const auto& record : all.records) {
    const auto before = last.find(record.lane);
    SLUICE_EXPECT(before == last.end() || record.position > before->second,
                  fmt::format("lane {}: position {} came after position {}; expected a higher one",
                              record.lane, record.position, before->second));
    last[record.lane] = record.position;
  }
  const auto breaches = driver.instance().host().breaches();
  SLUICE_EXPECT(breaches.empty(), breaches.front());
  return driver.close();
}

// Holds batches until `enough` records or nothing more.
Status hold_batches(SourceDriver& driver, size_t enough) {
  size_t records = 0;
  const auto deadline = Clock::now() + std::chrono::seconds(1);
  while (records < enough && Clock::now() < deadline) {
    SLUICE_ASSIGN_OR_RETURN(const Polled polled, driver.poll(2, kPlenty, kPollMs));
    if (polled.answer.rc == SLUICE_END) break;
    if (polled.answer.rc < 0) return fail(polled.answer.text("poll"));
    if (polled.batch != nullptr) records += polled.batch->seen.size();
  }
  return Status::ok();
}

Status compare_held(const SourceDriver& driver, std::string_view where) {
  for (const auto& held : driver.held()) {
    SLUICE_ASSIGN_OR_RETURN(const auto now, driver.read(held->batch));
    SLUICE_EXPECT(now == held->seen,
                  fmt::format("a batch that was not yet released has changed, seen {}", where));
  }
  return Status::ok();
}

Status batches_stay_until_release(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  MarkStore marks;
  SourceDriver driver(subject, &marks);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  SLUICE_RETURN_IF_ERROR(hold_batches(driver, 20));
  if (driver.held().empty()) return skip("no record came; let the fixture's setup give some");
  SLUICE_RETURN_IF_ERROR(compare_held(driver, "after later polls"));
  Status seen_there;
  subject.env().phase("release, on another thread");
  std::thread other([&] {
    seen_there = compare_held(driver, "from another thread");
    for (const auto& held : driver.held()) driver.release(*held);
  });
  other.join();
  SLUICE_RETURN_IF_ERROR(std::move(seen_there));
  return driver.close();
}

Status release_in_any_order(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  MarkStore marks;
  SourceDriver driver(subject, &marks);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  SLUICE_RETURN_IF_ERROR(hold_batches(driver, 20));
  const auto& held = driver.held();
  if (held.size() < 2) {
    return skip("fewer than two batches came; let the fixture's setup give more records");
  }
  // From the last to the second; the rest stays whole, and its first one goes after close.
  SLUICE_ASSIGN_OR_RETURN(const auto before, driver.read(held[0]->batch));
  subject.env().phase("release, out of order");
  for (size_t i = held.size() - 1; i > 0; --i) driver.release(*held[i]);
  SLUICE_ASSIGN_OR_RETURN(const auto kept, driver.read(held[0]->batch));
  SLUICE_EXPECT(kept == before, "a batch changed when later ones were released");
  const Answer closed = driver.instance().close();
  SLUICE_EXPECT(closed.rc >= 0, "with a batch still held, " + closed.text("close"));
  subject.env().phase("release, after close");
  driver.release(*held[0]);
  return Status::ok();
}

Status odd_marks_are_ignored(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  MarkStore marks;
  SourceDriver driver(subject, &marks);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  SLUICE_RETURN_IF_ERROR(hold_batches(driver, 4));
  std::vector<SeenRecord> seen;
  for (const auto& held : driver.held()) {
    seen.insert(seen.end(), held->seen.begin(), held->seen.end());
  }
  driver.release_all();
  std::vector<std::pair<const char*, std::vector<sluice_mark>>> acks = {
      {"a mark of an unknown lane", {{0xFFFFFFF0U, 0, 7}}},
      {"no marks at all", {}},
  };
  if (!seen.empty()) {
    const auto& last = seen.back();
    const uint32_t lane = driver.instance().host().lane_id(last.lane).value_or(0);
    acks.push_back({"a mark", {{lane, 0, last.position}}});
    acks.push_back({"the same mark again", {{lane, 0, last.position}}});
    if (last.position > 0) {
      acks.push_back({"a mark that goes back", {{lane, 0, last.position - 1}}});
    }
    acks.push_back(
        {"a known and an unknown lane", {{lane, 0, last.position}, {0xFFFFFFF0U, 0, UINT64_MAX}}});
  }
  for (const auto& [what, ack] : acks) {
    const Answer answer = driver.ack(ack);
    SLUICE_EXPECT(answer.ok(), fmt::format("{}: {}; expected SLUICE_OK", what, answer.text("ack")));
  }
  // And the source goes on where it was.
  SLUICE_ASSIGN_OR_RETURN(const auto rest, driver.collect(kEnoughRecords));
  auto last = by_lane(seen);
  for (const auto& record : rest.records) {
    const auto before = last.find(record.lane);
    SLUICE_EXPECT(before == last.end() || record.position > before->second.back().position,
                  fmt::format("after odd marks, lane {} went back to position {}", record.lane,
                              record.position));
  }
  return driver.close();
}

Status end_and_idle(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  MarkStore marks;
  SourceDriver driver(subject, &marks);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  SLUICE_ASSIGN_OR_RETURN(const auto all, driver.collect(kEnoughRecords * 100, 50));
  if (!all.ended && !all.idle) return skip("the source neither ended nor fell idle");
  const sluice_rc expected = all.ended ? SLUICE_END : SLUICE_IDLE;
  for (int i = 0; i < 3; ++i) {
    // poll() itself refuses a batch that is not empty.
    SLUICE_ASSIGN_OR_RETURN(const Polled polled, driver.poll(10, kPlenty, 20));
    SLUICE_EXPECT(polled.answer.rc == expected ||
                      (!all.ended && polled.answer.rc == SLUICE_OK && polled.batch->seen.empty()),
                  fmt::format("after {}, {}; expected it to repeat", rc_name(expected),
                              polled.answer.text("poll")));
  }
  return driver.close();
}

template <Status (*check)(Subject&)>
Status needs_records(Subject& subject) {
  if (subject.fixture().has("no_records")) {
    return skip("quirk: no_records (the source has none without a peer)");
  }
  return check(subject);
}

constexpr std::array kSourceChecks = {
    Check{"P1", "poll keeps to max_records, max_bytes (the first record may exceed) and timeout_ms",
          Level::kMust, Scope::kSource, needs_records<poll_keeps_limits>},
    Check{"P2", "positions strictly rise within each lane, and lanes are opened through the host",
          Level::kMust, Scope::kSource, needs_records<positions_rise>},
    Check{"P3", "batch memory stays valid until release, across later polls and threads",
          Level::kMust, Scope::kSource, needs_records<batches_stay_until_release>},
    Check{"P4", "release comes once a batch, in any order", Level::kMust, Scope::kSource,
          needs_records<release_in_any_order>},
    Check{"P7", "marks of unknown lanes and marks that go back are ignored", Level::kMust,
          Scope::kSource, needs_records<odd_marks_are_ignored>},
    Check{"P8", "SLUICE_END repeats, and SLUICE_IDLE leaves an empty batch", Level::kMust,
          Scope::kSource, needs_records<end_and_idle>},
};

}  // namespace

std::span<const Check> source_checks() { return kSourceChecks; }

}  // namespace sluice::conform
