// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "runtime/conform/checks.h"
#include "runtime/conform/outcome.h"
#include "runtime/conform/sink_driver.h"
#include "runtime/conform/test_values.h"

namespace sluice::conform {

namespace {

constexpr size_t kMaxBatch = 5000;  // the runtime's default

Result<Written> write_checked(SinkDriver& driver, const std::vector<Value>& values,
                              std::string_view what) {
  auto written = driver.write(values);
  if (!written) return std::move(written).status().with_context(what);
  auto judged = check_outcomes(driver.instance().subject().component(), *written);
  if (!judged) return std::move(judged).with_context(what);
  return written;
}

Status expect_good(const Written& written, std::string_view what) {
  SLUICE_EXPECT(written.answer.ok(), fmt::format("{}: {}", what, written.answer.text("write")));
  for (size_t i = 0; i < written.outcomes.size(); ++i) {
    SLUICE_EXPECT(written.outcomes[i].verdict == SLUICE_REC_OK,
                  fmt::format("{}: record {} of the fixture's good ones got verdict {} ({}); "
                              "expected OK",
                              what, i, written.outcomes[i].verdict, written.outcomes[i].detail));
  }
  return Status::ok();
}

Status outcomes_are_complete(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  SinkDriver driver(subject);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  const auto values = good_values(subject, 8);
  SLUICE_ASSIGN_OR_RETURN(const auto good, write_checked(driver, values, "good records"));
  if (!subject.fixture().good.empty()) SLUICE_RETURN_IF_ERROR(expect_good(good, "good records"));
  // Bad ones among good ones, so that one error may not leave its neighbours without outcome.
  std::vector<Value> mixed = values;
  for (const auto& bad : subject.fixture().bad) {
    mixed.insert(mixed.begin() + static_cast<std::ptrdiff_t>(mixed.size() / 2), bad.value);
  }
  SLUICE_ASSIGN_OR_RETURN(const auto judged, write_checked(driver, mixed, "good and bad records"));
  (void)judged;
  const auto& breaches = driver.instance().breaches();
  SLUICE_EXPECT(breaches.empty(), breaches.front());
  const auto host_breaches = driver.instance().host().breaches();
  SLUICE_EXPECT(host_breaches.empty(), host_breaches.front());
  return driver.close();
}

Status batches_of_every_shape(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  SinkDriver driver(subject);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  SLUICE_ASSIGN_OR_RETURN(const auto none, write_checked(driver, {}, "an empty batch"));
  SLUICE_EXPECT(none.answer.ok(), "an empty batch: " + none.answer.text("write"));
  const bool fixture_has_good = !subject.fixture().good.empty();
  for (const size_t count : {size_t{1}, kMaxBatch}) {
    const std::string what = fmt::format("a batch of {}", count);
    SLUICE_ASSIGN_OR_RETURN(const auto written,
                            write_checked(driver, good_values(subject, count), what));
    if (fixture_has_good) SLUICE_RETURN_IF_ERROR(expect_good(written, what));
  }
  const std::string mib = "\"" + std::string((1U << 20) - 2, 'x') + "\"";
  const std::array<std::pair<const char*, Value>, 6> odd = {{
      {"an empty value", Value("")},
      {"a value of 1 MiB", Value(mib)},
      {"a value with NUL bytes", Value(std::string("{\"a\":\"\0\"}\0", 10))},
      {"a value that is not UTF-8", Value("{\"a\":\"\xC3\x28\xFF\"}")},
      {"a value with line breaks", Value("{\n\"a\":\r\n1}")},
      {"a tombstone", std::nullopt},
  }};
  for (const auto& [what, value] : odd) {
    SLUICE_ASSIGN_OR_RETURN(const auto written, write_checked(driver, {value}, what));
    if (!subject.fixture().has("any_record_bytes") || !value) continue;
    SLUICE_EXPECT(written.answer.ok() && written.outcomes[0].verdict == SLUICE_REC_OK,
                  fmt::format("{}: {}, verdict {}; expected OK (quirk any_record_bytes)", what,
                              written.answer.text("write"), written.outcomes[0].verdict));
  }
  return driver.close();
}

Status borrowed_memory_is_left_alone(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  SinkDriver driver(subject);
  SLUICE_RETURN_IF_ERROR(driver.start(config));
  // A crash from here on is a use of memory that was only borrowed for the write.
  for (const size_t count : {size_t{16}, size_t{1}, size_t{4}}) {
    SLUICE_ASSIGN_OR_RETURN(const auto written,
                            driver.write(good_values(subject, count), AfterWrite::kRevoke));
    (void)written;
  }
  driver.instance().stop();
  (void)driver.instance().close();
  driver.instance().destroy();
  return Status::ok();
}

constexpr std::array kSinkChecks = {
    Check{"W1", "after write every outcome is set, with declared reasons that match its verdict",
          Level::kMust, Scope::kSink, outcomes_are_complete},
    Check{"W2",
          "write takes an empty batch, one record, a full batch, and values that are empty, "
          "large, absent, or no text",
          Level::kMust, Scope::kSink, batches_of_every_shape},
    Check{"W3", "batch memory is not touched after write has returned", Level::kMust, Scope::kSink,
          borrowed_memory_is_left_alone},
};

}  // namespace

std::vector<Value> good_values(const Subject& subject, size_t count) {
  const auto& good = subject.fixture().good;
  std::vector<Value> values;
  values.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (good.empty()) {
      values.emplace_back(fmt::format("{{\"id\":{},\"name\":\"record {}\"}}", i, i));
    } else {
      values.emplace_back(good[i % good.size()]);
    }
  }
  return values;
}

std::span<const Check> sink_checks() { return kSinkChecks; }

}  // namespace sluice::conform
