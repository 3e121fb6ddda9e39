// SPDX-License-Identifier: Apache-2.0
// What a million dead letters cost: writing them, summary, sample, analyze.
// usage: triage_bench FOLDER [LETTERS]  (the folder is made, and kept: a second run only reads)
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/triage/analysis.h"
#include "runtime/triage/letter_report.h"

namespace sluice {
namespace {

constexpr int64_t kNow = 1'795'693'170'000'000;
constexpr uint64_t kAtOnce = 1000;

// Of the size and the kinds that a pipeline of orders sees: 40 failures, three sources, two
// versions, over two days.
DeadLetter letter_of(uint64_t i) {
  DeadLetter out;
  out.tenant = "acme-corp";
  out.pipeline = "orders";
  out.source = i % 3 == 0 ? "s3-main" : i % 3 == 1 ? "kafka-main" : "sftp";
  out.lane = "orders/" + std::to_string(i % 12);
  out.position = i;
  const uint64_t kind = (i * 2654435761U) % 40;
  out.stage = kind < 30 ? "validate" : "transform";
  out.reason = kind < 15 ? "SCHEMA_DRIFT" : kind < 30 ? "VALIDATION_FAIL" : "TRANSFORM_ERROR";
  out.pointer = "/items/" + std::to_string(i % 7) + "/field_" + std::to_string(kind);
  out.detail = kind < 30
                   ? out.pointer + ": expected number, found string \"" + std::to_string(i) + "\""
                   : "orders.lua:" + std::to_string(kind) + ": total is " + std::to_string(i);
  out.raw =
      "{\"order_id\":\"o-" + std::to_string(i) + "\",\"note\":\"" + std::string(430, 'x') + "\"}";
  out.key = "o-" + std::to_string(i);
  out.schema_version = i % 2 == 0 ? "2" : "3";
  out.bundle_hash = std::string(64, 'b');
  out.script_hash = std::string(64, 'c');
  out.first_at_us = out.last_at_us = kNow - static_cast<int64_t>((i * 7919) % 172'800'000) * 1000;
  return out;
}

double seconds(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void must(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "triage_bench: %s\n", status.message().c_str());
  std::exit(1);
}

void fill(DeadLetterStore& store, uint64_t letters) {
  std::vector<DeadLetter> batch;
  for (uint64_t i = 0; i < letters; ++i) {
    batch.push_back(letter_of(i));
    if (batch.size() < kAtOnce && i + 1 < letters) continue;
    must(store.put(batch));
    batch.clear();
  }
}

void measure(const char* what, const std::function<void()>& work) {
  const double first = seconds(work);
  double best = first;
  for (int i = 0; i < 2; ++i) best = std::min(best, seconds(work));
  std::printf("%-28s %8.3f s first, %8.3f s at best\n", what, first, best);
}

int run(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: triage_bench FOLDER [LETTERS]\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const uint64_t letters = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  std::filesystem::create_directories(folder);
  auto opened = open_dead_letter_store(folder);
  must(opened.status());
  DeadLetterStore& store = **opened;
  auto stored = store.count();
  must(stored.status());
  if (*stored < letters) {
    const double took = seconds([&] { fill(store, letters); });
    std::printf("%-28s %8.3f s, %.0f letters a second\n", "written", took,
                static_cast<double>(letters) / took);
  }
  measure("summary", [&] { must(store.summarize({}).status()); });
  LetterFilter hour;
  hour.since_us = kNow - 3'600'000'000;
  measure("summary of the last hour", [&] { must(store.summarize(hour).status()); });
  measure("count by reason", [&] { must(store.count_by_reason({}).status()); });
  uint64_t seen = 0;
  const auto see = [&](const DeadLetter&) { ++seen; };
  measure("sample of 10", [&] { must(store.each({}, 10, see)); });
  LetterFilter rare;
  rare.reason = "TRANSFORM_ERROR";
  rare.source = "sftp";
  measure("sample of 10, filtered", [&] { must(store.each(rare, 10, see)); });
  LetterFilter none;
  none.reason = "PARSE_ERROR";
  measure("sample of what is not there", [&] { must(store.each(none, 10, see)); });
  measure("analyze", [&] {
    auto found = triage::analyze(store, {}, triage::read_evidence(folder), 10, kNow);
    must(found.status());
    seen += found->groups.size();
  });
  std::printf("%llu letters seen\n", static_cast<unsigned long long>(seen));
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) { return sluice::run(argc, argv); }
