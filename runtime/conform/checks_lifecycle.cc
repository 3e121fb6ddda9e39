// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "runtime/conform/checks.h"
#include "runtime/conform/host_bridge.h"
#include "runtime/conform/instance.h"
#include "runtime/conform/outcome.h"
#include "runtime/conform/process_view.h"
#include "runtime/conform/seccomp_filter.h"

namespace sluice::conform {

namespace {

Status create_and_destroy(Subject& subject, const std::string& config) {
  Instance instance(subject, nullptr);
  const Answer made = instance.create(config);
  if (!made.ok()) return subject.cannot_open(made.text("create"));
  instance.destroy();
  return Status::ok();
}

size_t heap_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

Status create_leaves_nothing(Subject& subject) {
  constexpr int kRounds = 100;
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  // Whatever is made once, such as tables behind call_once, is made now.
  for (int i = 0; i < 5; ++i) SLUICE_RETURN_IF_ERROR(create_and_destroy(subject, config));
  const auto threads = thread_count();
  const auto descriptors = open_descriptors();
  const size_t before = heap_bytes();
  for (int i = 0; i < kRounds; ++i) SLUICE_RETURN_IF_ERROR(create_and_destroy(subject, config));
  const size_t after = heap_bytes();
  const auto threads_left = settled_thread_count(threads);
  SLUICE_EXPECT(threads_left <= threads,
                fmt::format("{} threads are left after {} times create and destroy",
                            threads_left - threads, kRounds));
  const auto descriptors_left = open_descriptors();
  SLUICE_EXPECT(descriptors_left.size() <= descriptors.size(),
                fmt::format("{} descriptors are left open after {} times create and destroy",
                            descriptors_left.size() - descriptors.size(), kRounds));
  const size_t grown = after > before ? after - before : 0;
  SLUICE_EXPECT(
      grown < kRounds * size_t{16},
      fmt::format("the heap grew by {} bytes in {} times create and destroy", grown, kRounds));
  return recoverable_leaks() ? fail("the leak sanitizer found memory nobody points to")
                             : Status::ok();
}

Status expect_refusal(Subject& subject, const Fixture::Invalid& wrong) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.expand(wrong.config));
  const auto refused = schema_refusal(subject.component(), config);
  Instance instance(subject, nullptr);
  const Answer made = instance.create(config);
  const std::string which = "the invalid configuration " + wrong.config;
  // Without a sound schema nobody but create could refuse it; S4 has told.
  const bool judged = schema_is_sound(subject.component()) || !made.ok();
  if (!judged) return Status::ok();
  if (made.rc == SLUICE_E_CONFIG) {
    SLUICE_EXPECT(instance.out_untouched(), which + ": create failed, yet changed *out");
    SLUICE_EXPECT(!made.message.empty(), which + ": create refused it without a message");
  } else {
    SLUICE_EXPECT(made.ok() && refused, fmt::format("{}: the schema accepts it and {}; expected "
                                                    "SLUICE_E_CONFIG",
                                                    which, made.text("create")));
  }
  if (wrong.pointer.empty()) return Status::ok();
  const std::string& said = refused ? *refused : made.message;
  SLUICE_EXPECT(
      said.find(wrong.pointer) != std::string::npos,
      fmt::format("{}: expected a refusal that names {}, found: {}", which, wrong.pointer, said));
  return Status::ok();
}

Status create_judges_configurations(Subject& subject) {
  for (size_t i = 0; i < std::max<size_t>(1, subject.config_count()); ++i) {
    SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config(i));
    Instance instance(subject, nullptr);
    const Answer made = instance.create(config);
    SLUICE_EXPECT(made.ok(),
                  fmt::format("the valid configuration {}: {}", config, made.text("create")));
  }
  for (const auto& wrong : subject.fixture().invalid) {
    SLUICE_RETURN_IF_ERROR(expect_refusal(subject, wrong));
  }
  // The runtime never sends these; they must not bring it down all the same.
  for (const std::string_view text : {"", "{", "[]", "null", "\"\"", "{\"\":[[[[]]]]}"}) {
    Instance instance(subject, nullptr);
    const Answer made = instance.create(text);
    SLUICE_EXPECT(made.ok() || made.rc == SLUICE_E_CONFIG,
                  fmt::format("the text '{}': {}; expected SLUICE_E_CONFIG (or SLUICE_OK)", text,
                              made.text("create")));
    SLUICE_EXPECT(made.ok() || instance.out_untouched(),
                  fmt::format("the text '{}': create failed, yet changed *out", text));
  }
  return Status::ok();
}

Status create_does_no_io(Subject& subject) {
  if (!subject.env().alone()) return skip("a filter cannot be taken back: needs a child process");
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  Instance instance(subject, nullptr);
  SLUICE_RETURN_IF_ERROR(forbid_io(subject.env().shared()));
  const Answer made = instance.create(config);
  if (!made.ok()) return subject.cannot_open(made.text("create"));
  return Status::ok();
}

// Every descriptor that open wants is refused, so most adapters fail there.
Answer open_without_descriptors(Instance& instance) {
  rlimit saved{};
  ::getrlimit(RLIMIT_NOFILE, &saved);
  const rlimit none{0, saved.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  Answer answer = instance.open();
  ::setrlimit(RLIMIT_NOFILE, &saved);
  return answer;
}

Status destroy_is_legal(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  SLUICE_RETURN_IF_ERROR(create_and_destroy(subject, config));
  {
    Instance instance(subject, nullptr);
    const Answer made = instance.create(config);
    if (!made.ok()) return subject.cannot_open(made.text("create"));
    const Answer opened = open_without_descriptors(instance);
    if (opened.ok()) (void)instance.close();
  }
  for (const auto& json : subject.fixture().unopenable) {
    SLUICE_ASSIGN_OR_RETURN(const auto unopenable, subject.prepare(json));
    Instance instance(subject, nullptr);
    const Answer made = instance.create(unopenable);
    SLUICE_EXPECT(made.ok(), fmt::format("the unopenable configuration {}: {}", unopenable,
                                         made.text("create")));
    const Answer opened = instance.open();
    SLUICE_EXPECT(opened.rc < 0, fmt::format("the unopenable configuration {}: {}; expected a "
                                             "failure",
                                             unopenable, opened.text("open")));
    SLUICE_EXPECT(!opened.message.empty(), "open failed without a message");
  }
  Instance instance(subject, nullptr);
  SLUICE_RETURN_IF_ERROR(instance.start(config));
  (void)instance.close();
  return Status::ok();
}

std::chrono::microseconds timed_stop(Instance& instance) {
  const auto started = std::chrono::steady_clock::now();
  instance.stop();
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               started);
}

Status stop_at_odd_times(Subject& subject) {
  constexpr auto kLimit = std::chrono::milliseconds(kSanitized ? 50 : 10);
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  // The quickest of several counts: a busy machine may delay any one of them.
  auto quickest = std::chrono::microseconds::max();
  for (int i = 0; i < 4; ++i) {
    MarkStore marks;
    Instance instance(subject, &marks);
    const Answer made = instance.create(config);
    if (!made.ok()) return subject.cannot_open(made.text("create"));
    if (i % 2 == 0) {
      subject.env().phase("stop, before open");
      quickest = std::min(quickest, timed_stop(instance));
      subject.env().phase("the second stop, before open");
      instance.stop();
      if (instance.open().ok()) (void)instance.close();
      continue;
    }
    const Answer opened = instance.open();
    if (!opened.ok()) return subject.cannot_open(opened.text("open"));
    subject.env().phase("stop, on another thread");
    auto taken = std::chrono::microseconds::max();
    std::thread other([&] {
      taken = timed_stop(instance);
      instance.stop();
    });
    other.join();
    quickest = std::min(quickest, taken);
    (void)instance.close();
  }
  SLUICE_EXPECT(quickest <= kLimit,
                fmt::format("stop took {} us at best; expected at most {} us", quickest.count(),
                            std::chrono::microseconds(kLimit).count()));
  return Status::ok();
}

Status close_at_odd_times(Subject& subject) {
  SLUICE_ASSIGN_OR_RETURN(const auto config, subject.config());
  MarkStore marks;
  Instance instance(subject, &marks);
  SLUICE_RETURN_IF_ERROR(instance.start(config));
  const Answer first = instance.close();
  SLUICE_EXPECT(first.ok(), "with nothing done, " + first.text("close"));
  (void)instance.close();
  return Status::ok();
}

constexpr std::array kLifecycleChecks = {
    Check{"L1", "create and destroy, 100 times, leave no memory, thread or descriptor behind",
          Level::kMust, Scope::kComponent, create_leaves_nothing},
    Check{"L2",
          "create accepts each valid configuration and refuses each invalid one with "
          "SLUICE_E_CONFIG and a message, leaving *out alone",
          Level::kMust, Scope::kComponent, create_judges_configurations},
    Check{"L3", "create touches neither files nor the network", Level::kMust, Scope::kComponent,
          create_does_no_io},
    Check{"L4", "destroy is legal after create, after a failed open and after close", Level::kMust,
          Scope::kComponent, destroy_is_legal},
    Check{"L5", "stop is legal before open, twice and from another thread, and returns at once",
          Level::kMust, Scope::kComponent, stop_at_odd_times},
    Check{"L8", "close is legal with nothing done, and twice", Level::kMust, Scope::kComponent,
          close_at_odd_times},
};

}  // namespace

std::span<const Check> lifecycle_checks() { return kLifecycleChecks; }

}  // namespace sluice::conform
