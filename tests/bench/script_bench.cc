// SPDX-License-Identifier: Apache-2.0
// What scripts are promised to cost, each figure with its other side measured in alternating rounds
// of the same run:
//   field   a script that touches one of 50 fields, beside parsing and printing alone
//   order   parse, transform and print of the order workload, beside the raw in-situ parse
//   pause   the longest call of two million, an upper bound of Lua's longest pause for collecting
//   scale   two workers of one process, beside two processes of one worker each
// usage: script_bench RECORDS.jsonl SCRIPT.lua [ROUNDS=7]
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/record/document.h"
#include "runtime/record/together.h"
#include "runtime/script/script.h"
#include "tests/bench/raw_parse.h"

namespace sluice {
namespace {

using bench::die;
using bench::median;
using bench::processor_seconds;
using bench::Workload;

constexpr size_t kBatch = 1024;

std::string fifty_fields() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += "{";
    for (int field = 0; field < 50; ++field) {
      text += (field == 0 ? "\"field_" : ",\"field_") + std::to_string(field) + "\":";
      text += field % 3 == 0 ? std::to_string(i * 31 + field)
                             : "\"value " + std::to_string((i * 7 + field) % 9973) + "\"";
    }
    text += "}\n";
  }
  return text;
}

std::shared_ptr<const Script> load_script(const char* path) {
  auto script = Script::load(path, ScriptLimits{});
  if (!script) die(script.status().message());
  return *script;
}

std::shared_ptr<const Script> one_field_script() {
  auto script = Script::from_text(
      "one_field.lua", "function transform(r) r.field_24 = r.field_24 + 1 return r end", {}, {});
  if (!script) die(script.status().message());
  return *script;
}

// One worker: parses each record, and runs the script or copies the record out.
class Worker {
 public:
  Worker(const Workload& load, const std::shared_ptr<const Script>& script) : load_(load) {
    if (!script) return;
    auto runner = ScriptRunner::create(script);
    if (!runner) die(runner.status().message());
    runner_ = std::move(*runner);
  }

  double pass() {
    const double start = processor_seconds();
    for (size_t i = 0; i < load_.records.size(); i += kRecordsTogether) some(i);
    return processor_seconds() - start;
  }
  // Seconds of the longest call of the script in `calls`.
  double longest(size_t calls) {
    double worst = 0;
    for (size_t i = 0; i < calls; ++i) {
      parse(i % load_.records.size(), documents_[0]);
      const double start = processor_seconds();
      transform(i, documents_[0]);
      worst = std::max(worst, processor_seconds() - start);
    }
    return worst;
  }
  // Records until `stop`.
  uint64_t until(const std::atomic<bool>& stop) {
    uint64_t done = 0;
    for (size_t i = 0; !stop.load(std::memory_order_relaxed); i += kRecordsTogether) {
      if (i >= load_.records.size()) i = 0;
      done += some(i);
    }
    return done;
  }

 private:
  // How many records there were from this one on, at most kRecordsTogether.
  size_t some(size_t first) {
    const size_t n = std::min(kRecordsTogether, load_.records.size() - first);
    for (size_t i = 0; i < n; ++i) parse(first + i, documents_[i]);
    for (size_t i = 0; i < n; ++i) transform(first + i, documents_[i]);
    return n;
  }
  void parse(size_t i, Document& into) {
    if (!into.parse(load_.records[i], ParseLimits{})) die("a record does not parse");
  }
  void transform(size_t i, Document& document) {
    if (i % kBatch == 0) {
      arena_.reset();
      parts_.clear();
    }
    if (!runner_) {
      arena_.copy(document.json(Document::root()));
    } else if (runner_->run(document, meta_, arena_, parts_).outcome != ScriptOutcome::kParts) {
      die("the script rejects a record");
    }
  }

  const Workload& load_;
  std::unique_ptr<ScriptRunner> runner_;
  std::array<Document, kRecordsTogether> documents_;
  Arena arena_;
  RecordMeta meta_;
  std::vector<ScriptPart> parts_;
};

double per_record(const Workload& load, double seconds) {
  return seconds / static_cast<double>(load.records.size()) * 1e6;
}

void field(int rounds) {
  const Workload load(fifty_fields());
  Worker alone(load, nullptr);
  Worker touching(load, one_field_script());
  std::vector<double> bare, touched, ratio;
  for (int i = 0; i < rounds; ++i) {
    bare.push_back(alone.pass());
    touched.push_back(touching.pass());
    ratio.push_back(touched.back() / bare.back());
  }
  std::printf(
      "field  %.3f us to parse and print 50 fields, %.3f us with a script that sets one: %.2f\n",
      per_record(load, median(bare)), per_record(load, median(touched)), median(ratio));
}

void order(const Workload& load, const std::shared_ptr<const Script>& script, int rounds) {
  Worker worker(load, script);
  std::vector<double> raw, path, ratio;
  for (int i = 0; i < rounds; ++i) {
    raw.push_back(bench::raw_parse(load));
    path.push_back(worker.pass());
    ratio.push_back(raw.back() / path.back());
  }
  std::printf(
      "order  %.3f us to parse, transform and print, %.3f us to parse raw: %.3f of its rate\n",
      per_record(load, median(path)), per_record(load, median(raw)), median(ratio));
}

void pause(const Workload& load, const std::shared_ptr<const Script>& script) {
  constexpr size_t kCalls = 2'000'000;
  const double worst = Worker(load, script).longest(kCalls);
  std::printf("pause  %.3f ms of processor time was the longest of %zu calls\n", worst * 1e3,
              kCalls);
}

// What is shared with the processes.
struct Shared {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> done{0};
};

// Starts two workers together and stops them after the given seconds.
void two_workers(Shared& shared, double seconds, const std::function<void()>& start) {
  start();
  while (shared.ready.load() != 2) std::this_thread::yield();
  shared.go = true;
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  shared.stop = true;
}

void work(Shared& shared, const Workload& load, const std::shared_ptr<const Script>& script) {
  Worker worker(load, script);
  ++shared.ready;
  while (!shared.go.load()) std::this_thread::yield();
  shared.done += worker.until(shared.stop);
}

uint64_t threads(const Workload& load, const std::shared_ptr<const Script>& script,
                 double seconds) {
  Shared shared;
  std::vector<std::thread> workers;
  two_workers(shared, seconds, [&] {
    for (int i = 0; i < 2; ++i) workers.emplace_back([&] { work(shared, load, script); });
  });
  for (std::thread& worker : workers) worker.join();
  return shared.done;
}

uint64_t processes(const Workload& load, const std::shared_ptr<const Script>& script,
                   double seconds) {
  void* const memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("no shared memory");
  auto& shared = *new (memory) Shared;
  std::vector<pid_t> children;
  two_workers(shared, seconds, [&] {
    for (int i = 0; i < 2; ++i) {
      const pid_t child = fork();
      if (child < 0) die("no child process");
      if (child == 0) {
        work(shared, load, script);
        _exit(0);
      }
      children.push_back(child);
    }
  });
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  const uint64_t done = shared.done;
  munmap(memory, sizeof(Shared));
  return done;
}

void scale(const Workload& load, const std::shared_ptr<const Script>& script, int rounds) {
  constexpr double kSeconds = 1;
  std::vector<double> together, apart, ratio;
  for (int i = 0; i < rounds; ++i) {
    apart.push_back(static_cast<double>(processes(load, script, kSeconds)) / kSeconds);
    together.push_back(static_cast<double>(threads(load, script, kSeconds)) / kSeconds);
    ratio.push_back(together.back() / apart.back());
  }
  std::printf("scale  %.0f records/s by two workers, %.0f by two processes: %.2f\n",
              median(together), median(apart), median(ratio));
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (argc < 3) {
    std::fprintf(stderr, "usage: script_bench RECORDS.jsonl SCRIPT.lua [ROUNDS=7]\n");
    return 2;
  }
  const int rounds = argc > 3 ? std::max(1, std::atoi(argv[3])) : 7;
  const sluice::bench::Workload load(sluice::bench::slurp(argv[1]));
  const auto script = sluice::load_script(argv[2]);
  sluice::field(rounds);
  sluice::order(load, script, rounds);
  sluice::pause(load, script);
  sluice::scale(load, script, rounds);
}
