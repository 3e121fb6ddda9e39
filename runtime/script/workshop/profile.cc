// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/workshop/profile.h"

#include <lua.hpp>

#include <algorithm>
#include <chrono>
#include <map>

#include "runtime/script/observer.h"

namespace sluice::workshop {
namespace {

using Clock = std::chrono::steady_clock;

constexpr ParseLimits kLimits{16U << 20U, 128};

double ns_since(Clock::time_point start) {
  return static_cast<double>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

// Counts instructions and notes on which line each sample falls.
class Sampler final : public script::Observer {
 public:
  // A prime, so that a loop of the script does not fall in step with it.
  static constexpr int kInterval = 97;

  [[nodiscard]] int interval() const override { return kInterval; }
  void on_count(lua_State* L, lua_Debug* event) override {
    ++samples_;
    lua_getinfo(L, "Sl", event);
    if (event->currentline <= 0 || event->source == nullptr || event->source[0] != '@') return;
    ++lines_[{event->source + 1, event->currentline}];
  }
  // What ran while the script was loaded does not count.
  void on_state(lua_State* /*L*/) override { forget(); }
  void forget() {
    samples_ = 0;
    lines_.clear();
  }

  [[nodiscard]] double instructions() const { return static_cast<double>(samples_) * kInterval; }
  [[nodiscard]] std::vector<HotLine> hottest(size_t most) const {
    std::vector<HotLine> out;
    for (const auto& [place, hits] : lines_) {
      out.push_back(
          {place.first, place.second, static_cast<double>(hits) / static_cast<double>(samples_)});
    }
    std::sort(out.begin(), out.end(), [](const HotLine& a, const HotLine& b) {
      return a.share != b.share ? a.share > b.share : a.line < b.line;
    });
    out.resize(std::min(out.size(), most));
    return out;
  }

 private:
  uint64_t samples_ = 0;
  std::map<std::pair<std::string, int>, uint64_t> lines_;
};

// Only wants to know the state.
class StateCatcher final : public script::Observer {
 public:
  void on_state(lua_State* L) override { state = L; }
  lua_State* state = nullptr;
};

class Bench {
 public:
  Bench(const std::vector<std::string>& records, ScriptRunner& runner)
      : records_(records), runner_(runner) {}

  Status parse(size_t i) {
    const ParseResult parsed = document_.parse(records_[i], kLimits);
    if (parsed) return Status::ok();
    return invalid("record " + std::to_string(i + 1) + " is not JSON that Sluice reads: " +
                   parsed.message + " at byte " + std::to_string(parsed.offset));
  }
  // The record that was parsed.
  ScriptOutcome run(size_t i) {
    arena_.reset();
    parts_.clear();
    meta_.source = "bench";
    meta_.lane = "0";
    meta_.position = i;
    return runner_.run(document_, meta_, arena_, parts_).outcome;
  }
  [[nodiscard]] size_t parts() const { return parts_.size(); }
  [[nodiscard]] size_t size() const { return records_.size(); }

 private:
  const std::vector<std::string>& records_;
  ScriptRunner& runner_;
  Document document_;
  Arena arena_;
  RecordMeta meta_;
  std::vector<ScriptPart> parts_;
};

// One pass that warms up and counts what becomes of the records.
Status count_outcomes(Bench& bench, Profile* out) {
  for (size_t i = 0; i < bench.size(); ++i) {
    SLUICE_RETURN_IF_ERROR(bench.parse(i));
    const ScriptOutcome outcome = bench.run(i);
    out->rejected += outcome == ScriptOutcome::kRejected ? 1 : 0;
    out->filtered += outcome == ScriptOutcome::kFiltered ? 1 : 0;
    out->parts += bench.parts();
  }
  return Status::ok();
}

Status measure_speed(Bench& bench, const ProfileOptions& options, Profile* out) {
  constexpr double kNsPerSecond = 1e9;
  const auto start = Clock::now();
  double parse_ns = 0;
  double script_ns = 0;
  for (uint64_t round = 0;; ++round) {
    if (options.rounds > 0 && round == options.rounds) break;
    for (size_t i = 0; i < bench.size(); ++i) {
      const auto before = Clock::now();
      SLUICE_RETURN_IF_ERROR(bench.parse(i));
      const double parsed = ns_since(before);
      const auto middle = Clock::now();
      bench.run(i);
      script_ns += ns_since(middle);
      parse_ns += parsed;
      ++out->records;
      if (options.rounds == 0 && ns_since(start) > options.seconds * kNsPerSecond) break;
    }
    if (options.rounds == 0 && ns_since(start) > options.seconds * kNsPerSecond) break;
  }
  const auto records = static_cast<double>(out->records);
  out->seconds = script_ns / kNsPerSecond;
  out->parse_ns = parse_ns / records;
  out->script_ns = script_ns / records;
  out->records_per_s = records * kNsPerSecond / script_ns;
  return Status::ok();
}

// Under the sampling hook, for a part of the time; the first record makes the state.
Status measure_instructions(Bench& bench, ScriptRunner& runner, const ProfileOptions& options,
                            Profile* out) {
  constexpr double kNsPerSecond = 1e9;
  Sampler sampler;
  runner.observe(&sampler);
  Status status = bench.parse(0);
  if (status) bench.run(0);
  sampler.forget();
  const auto start = Clock::now();
  uint64_t done = 0;
  // Whole passes, so that every record has its part in the figure.
  do {
    for (size_t i = 0; i < bench.size() && status; ++i) {
      status = bench.parse(i);
      if (status) bench.run(i);
      ++done;
    }
  } while (status && ns_since(start) < options.seconds * kNsPerSecond / 4);
  runner.observe(nullptr);
  out->instructions = sampler.instructions() / static_cast<double>(done);
  out->hot = sampler.hottest(options.hot_lines);
  return status;
}

uint64_t held(lua_State* L) {
  constexpr uint64_t kKilo = 1024;
  return static_cast<uint64_t>(lua_gc(L, LUA_GCCOUNT)) * kKilo +
         static_cast<uint64_t>(lua_gc(L, LUA_GCCOUNTB));
}

double collect_ns(lua_State* L) {
  const auto start = Clock::now();
  lua_gc(L, LUA_GCCOLLECT);
  return ns_since(start);
}

// With the collector at rest: what piles up, and what taking it back costs.
Status measure_memory(Bench& bench, ScriptRunner& runner, const ScriptLimits& limits,
                      Profile* out) {
  StateCatcher catcher;
  runner.observe(&catcher);
  SLUICE_RETURN_IF_ERROR(bench.parse(0));
  bench.run(0);
  lua_State* const L = catcher.state;
  if (L == nullptr || runner.memory_bytes() == 0) return Status::ok();  // the script hits its caps
  lua_gc(L, LUA_GCCOLLECT);
  const double idle = collect_ns(L);
  lua_gc(L, LUA_GCSTOP);
  const uint64_t base = held(L);
  uint64_t records = 0;
  for (size_t i = 0; i < bench.size() && held(L) < limits.memory_bytes / 4; ++i) {
    SLUICE_RETURN_IF_ERROR(bench.parse(i));
    bench.run(i);
    if (catcher.state != L || runner.memory_bytes() == 0) return Status::ok();
    ++records;
  }
  const uint64_t after = held(L);
  lua_gc(L, LUA_GCRESTART);
  const double collected = collect_ns(L);
  const auto count = static_cast<double>(std::max<uint64_t>(records, 1));
  out->memory_bytes = static_cast<double>(after - std::min(base, after)) / count;
  out->collector_ns = std::max(0.0, collected - idle) / count;
  out->state_bytes = held(L);
  return Status::ok();
}

}  // namespace

Result<Profile> profile(const std::shared_ptr<const Script>& script,
                        const std::vector<std::string>& records, const ProfileOptions& options) {
  if (records.empty()) return invalid("there is no record to measure with");
  SLUICE_ASSIGN_OR_RETURN(const auto runner, ScriptRunner::create(script));
  Bench bench(records, *runner);
  Profile out;
  SLUICE_RETURN_IF_ERROR(count_outcomes(bench, &out));
  SLUICE_RETURN_IF_ERROR(measure_speed(bench, options, &out));
  SLUICE_RETURN_IF_ERROR(measure_instructions(bench, *runner, options, &out));
  const Status memory = measure_memory(bench, *runner, ScriptLimits{}, &out);
  runner->observe(nullptr);
  SLUICE_RETURN_IF_ERROR(memory);
  return out;
}

}  // namespace sluice::workshop
