// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/conform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "runtime/conform/outcome.h"
#include "runtime/conform/report.h"

namespace sluice::conform {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Options sample(const std::string& name, const std::string& kind) {
  Options options;
  options.file = std::string(SLUICE_CONFORMANCE_SAMPLES "/") + name + ".so";
  options.fixture = std::string(SLUICE_CONFORMANCE_FIXTURES "/") + kind + ".fixture.json";
  return options;
}

std::vector<std::string> ids(const Report& report, Verdict verdict) {
  std::vector<std::string> found;
  for (const auto& result : report.results) {
    if (result.verdict == verdict) found.push_back(result.check.id);
  }
  return found;
}

struct Bad {
  const char* name;
  const char* kind;
  const char* check;   // the one that fails
  const char* reason;  // part of its reason
};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }
std::string bad_name(const testing::TestParamInfo<Bad>& bad) { return bad.param.name; }

#if defined(__SANITIZE_THREAD__)
constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
constexpr bool kThreadSanitizer = __has_feature(thread_sanitizer);
#else
constexpr bool kThreadSanitizer = false;
#endif

// Without those whose check looks at what this build does not have.
std::vector<Bad> checkable(std::vector<Bad> samples) {
  std::erase_if(samples, [](const Bad& bad) {
    // Sanitizers open files of their own, so the filter behind L3 stays off.
    if (kSanitized && std::string(bad.check) == "L3") return true;
    // The thread sanitizer's heap has no figures.
    return kThreadSanitizer && std::string(bad.name) == "bad_memory_leak";
  });
  return samples;
}

class BadSample : public testing::TestWithParam<Bad> {};

TEST_P(BadSample, FailsExactlyItsCheck) {
  const Bad& bad = GetParam();
  const auto report = conform(sample(bad.name, bad.kind));
  ASSERT_TRUE(report.is_ok()) << report.status().message();
  EXPECT_THAT(ids(*report, Verdict::kFail), ElementsAre(bad.check)) << to_text(*report, false);
  EXPECT_FALSE(report->conforms());
  for (const auto& result : report->results) {
    if (result.verdict != Verdict::kFail) continue;
    EXPECT_THAT(result.reason, testing::HasSubstr(bad.reason));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Conformance, BadSample,
    testing::ValuesIn(
        checkable({Bad{"bad_two_symbols", "source", "S1", "2 exported symbols"},
                   Bad{"bad_magic", "source", "S2", "magic"},
                   Bad{"bad_duplicate_id", "source", "S3", "twice"},
                   Bad{"bad_schema", "source", "S4", "description"},
                   Bad{"bad_undefined", "source", "S5", "sluice_sample_nobody_defines_this"},
                   Bad{"bad_prints_at_load", "source", "S6", "hello"},
                   Bad{"bad_thread_leak", "source", "L1", "threads are left"},
                   Bad{"bad_memory_leak", "source", "L1", ""},
                   Bad{"bad_accepts_invalid", "source", "L2", "wrong"},
                   Bad{"bad_file_in_create", "source", "L3", "system call openat"},
                   Bad{"bad_destroy_after_failed_open", "source", "L4", "in destroy"},
                   Bad{"bad_stop_before_open", "source", "L5", "in stop, before open"},
                   Bad{"bad_poll_ignores_stop", "source", "L6", "after stop"},
                   Bad{"bad_shared_state", "source", "L7", "SLUICE_CANCELLED"},
                   Bad{"bad_second_close", "source", "L8", "in close"},
                   Bad{"bad_ignores_max_records", "source", "P1", "5 records; at most 1"},
                   Bad{"bad_positions", "source", "P2", "position 8 came after position 8"},
                   Bad{"bad_frees_at_next_poll", "source", "P3", "not yet released has changed"},
                   Bad{"bad_release_order", "source", "P4", "in release, out of order"},
                   Bad{"bad_loses_unacked", "source", "P5", "record 0 has position 2; expected 1"},
                   Bad{"bad_replays_acked", "source", "P6", "came again"},
                   Bad{"bad_unknown_lane", "source", "P7", "in ack"},
                   Bad{"bad_end_once", "source", "P8", "expected it to repeat"},
                   Bad{"bad_outcome_unset", "sink", "W1", "left unset"},
                   Bad{"bad_undeclared_reason", "sink", "W1", "reason 7, but only 1 are declared"},
                   Bad{"bad_empty_batch", "sink", "W2", "in write"},
                   Bad{"bad_keeps_batch", "sink", "W3", "in write"},
                   Bad{"bad_ignores_fence", "sink", "E1", "expected SLUICE_E_FENCED"},
                   Bad{"bad_marks_refused", "sink", "E2", "found \"a@0=3\""},
                   Bad{"bad_resets_all", "sink", "E3", "another scope after"},
                   Bad{"bad_prints_later", "source", "M2", "created"},
                   Bad{"bad_struct_tail", "source", "X1", "in poll"}})),
    bad_name);

struct Good {
  const char* name;
  const char* kind;
};

void PrintTo(const Good& good, std::ostream* out) { *out << good.name; }
std::string good_name(const testing::TestParamInfo<Good>& good) { return good.param.name; }

class GoodSample : public testing::TestWithParam<Good> {};

TEST_P(GoodSample, PassesEveryCheck) {
  const auto report = conform(sample(GetParam().name, GetParam().kind));
  ASSERT_TRUE(report.is_ok()) << report.status().message();
  EXPECT_THAT(ids(*report, Verdict::kFail), IsEmpty()) << to_text(*report, false);
  if (!kSanitized) {
    EXPECT_THAT(ids(*report, Verdict::kSkip), IsEmpty()) << to_text(*report, false);
  }
  EXPECT_TRUE(report->conforms());
}

INSTANTIATE_TEST_SUITE_P(Conformance, GoodSample,
                         testing::Values(Good{"good_source", "source"},
                                         Good{"good_endless_source", "source"},
                                         Good{"good_sink", "sink"}),
                         good_name);

TEST(Conform, RunsWithoutFixtureOnTheExample) {
  auto options = sample("good_sink", "sink");
  options.fixture.reset();
  const auto report = conform(options);
  ASSERT_TRUE(report.is_ok()) << report.status().message();
  EXPECT_THAT(ids(*report, Verdict::kFail), IsEmpty()) << to_text(*report, false);
  EXPECT_THAT(ids(*report, Verdict::kPass), testing::IsSupersetOf({"S1", "L1", "W1", "X1"}));
}

TEST(Conform, RunsOnlyWhatWasAskedFor) {
  auto options = sample("bad_unknown_lane", "source");
  options.only = {"P7", "S1"};
  const auto report = conform(options);
  ASSERT_TRUE(report.is_ok()) << report.status().message();
  EXPECT_THAT(ids(*report, Verdict::kPass), ElementsAre("S1"));
  EXPECT_THAT(ids(*report, Verdict::kFail), ElementsAre("P7"));
}

TEST(Conform, RunsInThisProcessOnRequest) {
  auto options = sample("good_source", "source");
  options.only = {"P2"};
  options.in_process = true;
  const auto report = conform(options);
  ASSERT_TRUE(report.is_ok()) << report.status().message();
  EXPECT_THAT(ids(*report, Verdict::kPass), ElementsAre("P2"));
}

TEST(Conform, SkipsWhatCannotBeTrustedWithAReason) {
  const auto report = conform(sample("bad_magic", "source"));
  ASSERT_TRUE(report.is_ok()) << report.status().message();
  EXPECT_THAT(ids(*report, Verdict::kPass), ElementsAre("S1", "S5"));
  for (const auto& result : report->results) {
    if (result.verdict != Verdict::kSkip) continue;
    EXPECT_THAT(result.reason, testing::HasSubstr("see S2"));
  }
}

TEST(Conform, RefusesAnUnknownIdNamingTheKnownOnes) {
  auto options = sample("good_source", "source");
  options.only = {"P99"};
  const auto report = conform(options);
  ASSERT_FALSE(report.is_ok());
  EXPECT_THAT(report.status().message(), testing::HasSubstr("unknown check \"P99\"; known are S1"));
}

TEST(Conform, TellsAMissingFile) {
  const auto report = conform(sample("no_such_sample", "source"));
  ASSERT_FALSE(report.is_ok());
  EXPECT_EQ(report.status().code(), Code::kNotFound);
}

TEST(Conform, ATextFileFailsAsNoLibrary) {
  auto options = sample("good_source", "source");
  options.file = options.fixture.value();
  const auto report = conform(options);
  ASSERT_TRUE(report.is_ok()) << report.status().message();
  EXPECT_THAT(ids(*report, Verdict::kFail), ElementsAre("S1", "S2", "S5"));
}

}  // namespace
}  // namespace sluice::conform
