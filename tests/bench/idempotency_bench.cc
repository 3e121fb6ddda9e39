// SPDX-License-Identifier: Apache-2.0
// usage: idempotency_bench FOLDER [MILLIONS...]
//
// What looking keys up costs in the embedded store, as their number grows: batches of keys that are
// new (the usual case), that are all done, and that are one in ten done; and what marking them done
// costs. Processor time of this thread; the memory is the whole process's. A FOLDER that exists is
// one that an earlier run left: it is taken to hold the first number of keys.
#include <array>
#include <cinttypes>
#include <ctime>
#include <filesystem>
#include <string>
#include <thread>

#include "runtime/base/sha256_batch.h"
#include "runtime/store/idempotency_store.h"
#include "tests/bench/workload.h"

namespace sluice::bench {
namespace {

constexpr size_t kBatch = 2048;
constexpr size_t kLookups = 600 * kBatch;
constexpr std::chrono::milliseconds kWeek{7LL * 86'400'000};

// Rows of the keys with these numbers.
class Rows {
 public:
  std::span<const IdempotencyRow> make(const std::vector<uint64_t>& numbers) {
    texts_.clear();
    for (const uint64_t number : numbers)
      texts_.push_back("tenant/orders/" + std::to_string(number));
    std::vector<std::string_view> views(texts_.begin(), texts_.end());
    digests_.resize(views.size());
    sha256_batch(views, digests_.data());
    rows_.clear();
    for (const Sha256Digest& digest : digests_) rows_.emplace_back(digest, 0, sink_);
    return rows_;
  }

 private:
  const SinkTag sink_ = sink_tag("pg");
  std::vector<std::string> texts_;
  std::vector<Sha256Digest> digests_;
  std::vector<IdempotencyRow> rows_;
};

uint64_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

// Until nothing is merged in the background any more: keys come slowly beside how they are filled
// in here, so what that leaves to do would be measured with the look-ups.
void come_to_rest() {
  const auto used = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  for (double before = used();; before = used()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    if (used() - before < 0.01) return;
  }
}

class Bench {
 public:
  Bench(const std::string& folder, uint64_t first) {
    if (!std::filesystem::create_directory(folder)) count_ = first;
    auto opened = open_idempotency_store(folder, Clock::real());
    if (!opened) die(opened.status().message());
    store_ = std::move(opened).value();
  }

  // Adds keys up to so many; the rate of the last of them.
  double fill(uint64_t keys) {
    double seconds = 0;
    uint64_t marked = 0;
    std::vector<uint64_t> numbers;
    if (count_ >= keys) return 0;
    while (count_ < keys) {
      numbers.clear();
      for (size_t i = 0; i < kBatch && count_ < keys; ++i) numbers.push_back(count_++);
      const auto rows = rows_.make(numbers);
      const double began = processor_seconds();
      if (const Status done = store_->finish(rows, kWeek); !done) die(done.message());
      seconds += processor_seconds() - began;
      marked += rows.size();
    }
    come_to_rest();
    return static_cast<double>(marked) / seconds;
  }

  // Keys looked up a second, of which so many in a hundred are there.
  double look_up(unsigned percent_done) {
    std::vector<double> rates;
    std::vector<uint64_t> numbers;
    std::vector<Claim> answers(kBatch);
    double seconds = 0;
    uint64_t found = 0;
    uint64_t expected = 0;
    for (size_t done = 0; done < kLookups; done += kBatch) {
      numbers.clear();
      for (size_t i = 0; i < kBatch; ++i) {
        const uint64_t dice = next();
        const bool there = dice % 100 < percent_done;
        expected += there ? 1 : 0;
        numbers.push_back(there ? (dice >> 8) % count_ : (1ULL << 40) + (dice >> 8));
      }
      const auto rows = rows_.make(numbers);
      const double began = processor_seconds();
      if (const Status claimed = store_->claim(rows, answers); !claimed) die(claimed.message());
      seconds += processor_seconds() - began;
      for (const Claim answer : answers) found += answer == Claim::kDone ? 1 : 0;
    }
    if (found != expected) die("keys were not found that are there, or the reverse");
    return static_cast<double>(kLookups) / seconds;
  }

  uint64_t keys() const { return store_->status().keys; }

 private:
  uint64_t next() {
    state_ = (state_ ^ (state_ >> 29)) * 0xBF58476D1CE4E5B9U + 0x9E3779B97F4A7C15U;
    return state_ ^ (state_ >> 32);
  }

  std::unique_ptr<IdempotencyStore> store_;
  Rows rows_;
  uint64_t count_ = 0;
  uint64_t state_ = 42;
};

int run(int argc, char** argv) {
  if (argc < 2) die("usage: idempotency_bench FOLDER [MILLIONS...]");
  std::vector<double> millions;
  for (int i = 2; i < argc; ++i) millions.push_back(std::atof(argv[i]));
  if (millions.empty()) millions = {1, 10};
  Bench bench(argv[1], static_cast<uint64_t>(millions.front() * 1e6));
  std::printf("%12s %14s %14s %14s %14s %10s\n", "keys", "new /s", "1 in 10 /s", "all done /s",
              "marked /s", "RSS MiB");
  std::vector<std::array<double, 3>> rates;
  for (const double million : millions) {
    const double marked = bench.fill(static_cast<uint64_t>(million * 1e6));
    const double fresh = bench.look_up(0);
    const double mixed = bench.look_up(10);
    const double all = bench.look_up(100);
    rates.push_back({fresh, mixed, all});
    std::printf("%12" PRIu64 " %14.0f %14.0f %14.0f %14.0f %10" PRIu64 "\n", bench.keys(), fresh,
                mixed, all, marked, resident_kib() / 1024);
    std::fflush(stdout);
  }
  std::printf("%12s %14.2f %14.2f %14.2f  cost of the last to the first\n", "",
              rates.front()[0] / rates.back()[0], rates.front()[1] / rates.back()[1],
              rates.front()[2] / rates.back()[2]);
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) { return sluice::bench::run(argc, argv); }
