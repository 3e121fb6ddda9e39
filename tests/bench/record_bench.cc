// SPDX-License-Identifier: Apache-2.0
// The record path on one core over JSON Lines, beside a raw in-situ RapidJSON parse of the same
// text in the same run. Best of several rounds in processor time, so that a noisy neighbour does
// not decide.
// usage: record_bench RECORDS.jsonl SCRIPT.lua [ROUNDS=7]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/sha256.h"
#include "runtime/record/document.h"
#include "runtime/script/script.h"
#include "tests/bench/raw_parse.h"

namespace sluice {
namespace {

using bench::die;
using bench::processor_seconds;
using bench::raw_parse;
using bench::Workload;

double seconds_of(const std::function<void()>& work) {
  const double start = processor_seconds();
  work();
  return processor_seconds() - start;
}

double parse_all(const Workload& load, Document& document) {
  const ParseLimits limits;
  return seconds_of([&] {
    for (const std::string_view record : load.records) {
      if (!document.parse(record, limits)) die("a record does not parse");
    }
  });
}

double hash_all(const Workload& load) {
  Sha256 hash;
  unsigned sum = 0;
  const double seconds = seconds_of([&] {
    for (const std::string_view record : load.records) {
      hash.reset();
      hash.update(record);
      sum += hash.finish()[0];
    }
  });
  if (sum == 0) die("impossible digests");
  return seconds;
}

double path(const Workload& load, Document& document, ScriptRunner& runner, bool with_hash) {
  const ParseLimits limits;
  const RecordMeta meta;
  Sha256 hash;
  Arena arena;
  std::vector<ScriptPart> parts;
  return seconds_of([&] {
    for (size_t i = 0; i < load.records.size(); ++i) {
      const std::string_view record = load.records[i];
      if (!document.parse(record, limits)) die("a record does not parse");
      if (with_hash) {
        hash.reset();
        hash.update(record);
        static_cast<void>(hash.finish());
      }
      const ScriptResult result = runner.run(document, meta, arena, parts);
      if (result.outcome != ScriptOutcome::kParts) die("the script: " + result.detail);
      if (i % 1000 == 999) {
        arena.reset();
        parts.clear();
      }
    }
  });
}

int run(const char* records, const char* script_path, int rounds) {
  const Workload load(bench::slurp(records));
  auto script = Script::load(script_path, ScriptLimits{});
  if (!script) die(script.status().message());
  auto runner = ScriptRunner::create(*script);
  if (!runner) die(runner.status().message());
  Document document;
  struct Stage {
    const char* name;
    std::function<double()> work;
    double best = std::numeric_limits<double>::infinity();
  };
  std::vector<Stage> stages;
  stages.push_back({"raw in-situ parse", [&] { return raw_parse(load); }});
  stages.push_back({"parse", [&] { return parse_all(load, document); }});
  stages.push_back({"sha256", [&] { return hash_all(load); }});
  stages.push_back(
      {"parse + lua + serialize", [&] { return path(load, document, **runner, false); }});
  stages.push_back(
      {"parse + lua + sha + ser.", [&] { return path(load, document, **runner, true); }});
  for (int round = 0; round < rounds; ++round) {
    for (Stage& stage : stages) stage.best = std::min(stage.best, stage.work());
  }
  const auto count = static_cast<double>(load.records.size());
  for (const Stage& stage : stages) {
    std::printf("%-26s %8.3f us/record  %9.0f records/s  %.3f of raw\n", stage.name,
                stage.best / count * 1e6, count / stage.best, stages[0].best / stage.best);
  }
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: record_bench RECORDS.jsonl SCRIPT.lua [ROUNDS=7]\n");
    return 2;
  }
  return sluice::run(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : 7);
}
