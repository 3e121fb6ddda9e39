// SPDX-License-Identifier: Apache-2.0
// Runs every script of the catalogue under three sets of caps. Each must end in a rejected record
// (or a refusal to load it) within twice its cap of processor time: a record that hits a cap is
// tried twice. After it the same runner serves the next record, and so does another one beside it.
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "runtime/record/document.h"
#include "tests/hostile/hostile_script.h"

namespace sluice::hostile {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

// Beyond twice the cap where that is small: looks at the clock that come late (5 ms each), making a
// state, and a last collection, which nothing can interrupt.
constexpr int64_t kAllowanceUs = 20'000;
constexpr int64_t kSmallCapUs = 20'000;
constexpr int kTries =
    kSanitized ? 1 : 5;                  // the quickest counts: others may have had our processor
constexpr size_t kLongestDetail = 8192;  // it goes into logs and dead letters

struct Caps {
  const char* name;
  ScriptLimits limits;
};

std::vector<Caps> all_caps() {
  ScriptLimits small;
  small.cpu_us = kSanitized ? 100'000 : kSmallCapUs;
  small.wall_us = 60'000'000;  // a busy machine is no failure
  small.memory_bytes = 16 << 20;
  ScriptLimits counted = small;  // so few instructions that they are counted from the first on
  counted.instructions = 2'000'000;
  ScriptLimits usual;
  usual.wall_us = 60'000'000;
  if (kSanitized) return {{"small", small}, {"counted", counted}};
  return {{"small", small}, {"counted", counted}, {"usual", usual}};
}

int64_t thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

// A runner with what a record needs around it.
class Bench {
 public:
  Bench(const std::string& name, const std::string& text, const ScriptLimits& limits) {
    auto script = Script::from_text(name, text, SLUICE_SOURCE_DIR "/tests/hostile", limits);
    if (!script) {
      refusal_ = script.status().message();
      return;
    }
    auto runner = ScriptRunner::create(*script);
    if (runner) {
      runner_ = std::move(*runner);
    } else {
      refusal_ = runner.status().message();
    }
  }

  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  [[nodiscard]] int64_t cpu_us() const { return cpu_us_; }
  [[nodiscard]] const ScriptResult& result() const { return result_; }

  // The text that came out, or the reason of a reject.
  std::string run(std::string_view record) {
    input_ = record;
    parts_.clear();
    arena_.reset();
    const ParseResult parsed = document_.parse(input_, ParseLimits{64 << 20, 128});
    if (!parsed) return std::string("unparsed: ") + parsed.message;
    RecordMeta meta;
    const int64_t start = thread_cpu_us();
    result_ = runner_->run(document_, meta, arena_, parts_);
    cpu_us_ = thread_cpu_us() - start;
    if (result_.outcome == ScriptOutcome::kFiltered) return "filtered";
    if (result_.outcome == ScriptOutcome::kRejected) return std::string(result_.reason);
    std::string all;
    for (const ScriptPart& part : parts_) all += part.value;
    return all;
  }

 private:
  std::string refusal_;
  std::unique_ptr<ScriptRunner> runner_;
  std::string input_;
  Document document_;
  Arena arena_;
  std::vector<ScriptPart> parts_;
  ScriptResult result_;
  int64_t cpu_us_ = 0;
};

// Of two tries, each with a line that says there would be more; a line is cut at 4 KiB, and an
// escape takes four bytes.
void expect_few_lines(const std::string& log, uint32_t limit) {
  const auto lines = std::count(log.begin(), log.end(), '\n');
  EXPECT_GT(lines, 0);
  EXPECT_LE(lines, 2 * (int64_t{limit} + 1));
  EXPECT_LE(log.size(), static_cast<size_t>(lines) * (4 * 4096 + 200));
}

void expect_neighbour_unharmed(Bench& neighbour) {
  EXPECT_EQ(neighbour.run(R"({"a":"x","l":[1,2.50]})"), R"({"l":[1,2.50],"up":"X","sum":3.5})");
}

std::string cap_text(std::string_view cap) {
  if (cap == "memory") return "(memory_bytes)";
  if (cap == "cpu") return "(cpu_us)";
  if (cap == "wall") return "(wall_us)";
  return "";
}

class HostileTest : public ::testing::Test {
 public:
  explicit HostileTest(const HostileScript& script) : script_(script) {}

  void TestBody() override {
    ASSERT_EQ(script_.problem, "");
    for (const Caps& caps : all_caps()) {
      SCOPED_TRACE(caps.name);
      const ScriptLimits limits = limits_of(script_, caps.limits);
      Bench neighbour("neighbour.lua", kNeighbour, limits);
      ASSERT_EQ(neighbour.refusal(), "");
      expect_neighbour_unharmed(neighbour);
      const int64_t allowed = 2 * limits.cpu_us + (limits.cpu_us <= kSmallCapUs ? kAllowanceUs : 0);
      int64_t best = INT64_MAX;
      for (int i = 0; i < kTries && best > allowed && !HasFailure(); ++i) {
        best = std::min(best, script_.at_load ? refused(limits) : rejected(limits));
        expect_neighbour_unharmed(neighbour);
      }
      RecordProperty(std::string(caps.name) + "_us", std::to_string(best));
      if (kSanitized) continue;
      EXPECT_LE(best, allowed) << "microseconds of processor time";
    }
  }

 private:
  static constexpr char kNeighbour[] =
      "function transform(r) r.up = r.a:upper(); r.a = nil; r.sum = 0\n"
      "for _, n in ipairs(r.l) do r.sum = r.sum + n end return r end";

  // Loads the script, which must be refused; answers the time it took.
  int64_t refused(const ScriptLimits& limits) const {
    const int64_t start = thread_cpu_us();
    const Bench bench(script_.name + ".lua", script_.text, limits);
    expect_text(bench.refusal());
    return thread_cpu_us() - start;
  }

  // Runs it on its record, which must be rejected; answers the time it took.
  int64_t rejected(const ScriptLimits& limits) const {
    Bench bench(script_.name + ".lua", script_.text, limits);
    EXPECT_EQ(bench.refusal(), "");
    if (!bench.refusal().empty()) return 0;
    if (!script_.before.empty()) bench.run(script_.before);
    const bool logs = script_.name.starts_with("log_");
    if (logs) ::testing::internal::CaptureStderr();
    const std::string answer = bench.run(script_.record);
    const int64_t spent = bench.cpu_us();
    if (logs) expect_few_lines(::testing::internal::GetCapturedStderr(), limits.log_lines);
    EXPECT_EQ(answer, script_.verdict ? "REJECTED_BY_SCRIPT" : "TRANSFORM_ERROR");
    expect_text(bench.result().detail);
    EXPECT_EQ(bench.run(R"({"calm":[1, 2]})"), R"({"calm":[1, 2],"seen":2})");
    return spent;
  }

  void expect_text(const std::string& text) const {
    EXPECT_NE(text.find(script_.expect), std::string::npos)
        << "expected: " << script_.expect << "\nfound: " << text.substr(0, 1000);
    EXPECT_LE(text.size(), kLongestDetail);
    if (const std::string cap = cap_text(script_.cap); !cap.empty()) {
      EXPECT_NE(text.find(cap), std::string::npos) << text.substr(0, 1000);
    } else if (script_.cap == "time") {
      EXPECT_TRUE(text.find("(cpu_us)") != std::string::npos ||
                  text.find("(instructions)") != std::string::npos)
          << text.substr(0, 1000);
    }
  }

  const HostileScript& script_;
};

// "endless_while" is the test Hostile.EndlessWhile.
std::string test_name(std::string_view file) {
  std::string name;
  bool upper = true;
  for (const char c : file) {
    if (c == '_') {
      upper = true;
      continue;
    }
    name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return name;
}

const std::vector<HostileScript>& catalogue() {
  static const std::vector<HostileScript> scripts = read_catalogue();
  return scripts;
}

const bool kRegistered = [] {
  for (const HostileScript& script : catalogue()) {
    ::testing::RegisterTest("Hostile", test_name(script.name).c_str(), nullptr, nullptr, __FILE__,
                            __LINE__, [&script]() -> ::testing::Test* {
                              return new HostileTest(script);  // NOLINT: GoogleTest owns it
                            });
  }
  return true;
}();

// Runs records all the time, each of which must come out right.
void serve(const std::atomic<bool>& stop, std::atomic<int>* served, std::atomic<int>* wrong) {
  Bench bench("thread.lua", "function transform(r) r.n = r.n + 1 return r end", ScriptLimits{});
  while (!stop.load()) {
    if (bench.run(R"({"n":41,"id":9007199254740993})") != R"({"n":42,"id":9007199254740993})") {
      wrong->fetch_add(1);
    }
    served->fetch_add(1);
  }
}

TEST(HostileCatalogue, OtherThreadsAreUnharmed) {
  std::atomic<bool> stop = false;
  std::atomic<int> served = 0;
  std::atomic<int> wrong = 0;
  std::thread neighbour(serve, std::cref(stop), &served, &wrong);
  while (served.load() == 0) std::this_thread::yield();
  const ScriptLimits counted = all_caps()[1].limits;
  for (size_t i = 0; i < catalogue().size(); i += 9) {
    const HostileScript& script = catalogue()[i];
    if (script.at_load) continue;
    SCOPED_TRACE(script.name);
    Bench bench(script.name + ".lua", script.text, limits_of(script, counted));
    ASSERT_EQ(bench.refusal(), "");
    bench.run(script.record);
    EXPECT_EQ(bench.run(R"({"calm":[1, 2]})"), R"({"calm":[1, 2],"seen":2})");
  }
  stop = true;
  neighbour.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_GT(served.load(), 0);
}

TEST(HostileCatalogue, HasAtLeastSixtyScripts) {
  EXPECT_TRUE(kRegistered);
  EXPECT_GE(catalogue().size(), 60U);
}

}  // namespace
}  // namespace sluice::hostile
