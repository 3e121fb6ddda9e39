// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "runtime/base/text.h"
#include "runtime/conform/checks.h"
#include "runtime/conform/outcome.h"
#include "runtime/conform/sink_driver.h"
#include "runtime/conform/source_driver.h"
#include "runtime/conform/test_values.h"

namespace sluice::conform {

namespace {

// A short life with all usual calls. Failures of calls are answers like any other here; crashes
// and breaches of struct borders are not.
Status short_life(Subject& subject, const std::string& config, HostShape shape) {
  const auto live = [&](auto& driver, auto&& use) -> Status {
    Instance& instance = driver.instance();
    const Answer made = instance.create(config);
    if (made.ok()) {
      if (instance.extension("sluice.conform.nobody-knows/1") != nullptr) {
        return fail("extension(\"sluice.conform.nobody-knows/1\") is not NULL");
      }
      if (instance.open().ok()) {
        SLUICE_RETURN_IF_ERROR(use());
        (void)instance.close();
      }
    }
    const auto& breaches = instance.breaches();
    SLUICE_EXPECT(breaches.empty(), breaches.front());
    return Status::ok();
  };
  if (subject.is_source()) {
    MarkStore marks;
    SourceDriver driver(subject, &marks, {shape, 40});
    return live(driver, [&]() -> Status {
      for (int i = 0; i < 3; ++i) {
        SLUICE_ASSIGN_OR_RETURN(const Polled polled, driver.poll(2, 1U << 20, 10));
        (void)polled;
        driver.release_all();
      }
      return Status::ok();
    });
  }
  SinkDriver driver(subject, {shape, 40});
  return live(driver, [&]() -> Status {
    SLUICE_ASSIGN_OR_RETURN(const Written written, driver.write(good_values(subject, 3)));
    (void)written;
    return Status::ok();
  });
}

Status hosts_of_other_ages(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  constexpr std::array<std::pair<HostShape, const char*>, 4> kShapes = {
      {{HostShape::kOlder, "a host of minor 0"},
       {HostShape::kLong, "a host struct one field longer"},
       {HostShape::kNewer, "a host of the next minor"},
       {HostShape::kShort, "a host struct one field shorter"}}};
  for (const auto& [shape, what] : kShapes) {
    auto status = short_life(subject, config, shape);
    if (!status) return std::move(status).with_context(what);
  }
  return Status::ok();
}

Status nothing_is_printed(Subject& subject) {
  if (subject.fixture().has("prints_stdout")) {
    return skip("quirk: prints_stdout (standard output is its destination)");
  }
  if (!subject.env().alone()) return skip("output is caught in a child process only");
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  const std::string at_load = subject.env().printed();
  SLUICE_RETURN_IF_ERROR(short_life(subject, config, HostShape::kLong));
  const std::string printed = subject.env().printed().substr(at_load.size());
  std::string shown;
  append_escaped(shown, shorten(printed, 200));
  SLUICE_EXPECT(printed.empty(),
                "wrote to stdout or stderr instead of the host's log: \"" + shown + "\"");
  return Status::ok();
}

constexpr std::array kHostChecks = {
    Check{"M2", "nothing is written to stdout or stderr; logs go through the host", Level::kMust,
          Scope::kComponent, nothing_is_printed},
    Check{"X1",
          "an unknown extension id gives NULL; shorter, longer, older and newer host structs "
          "are tolerated",
          Level::kMust, Scope::kComponent, hosts_of_other_ages},
};

}  // namespace

std::span<const Check> host_checks() { return kHostChecks; }

}  // namespace sluice::conform
