// SPDX-License-Identifier: Apache-2.0
// What the drift ledger costs at full observation: the record path (parse, validate, Lua, hash,
// serialize) with and without an observer, in alternating rounds, processor time, and the median of
// the pairs. And a record of a million names that nobody has seen, parsed alone and observed.
// usage: drift_bench RECORDS.jsonl SCHEMA.json SCRIPT.lua [PAIRS=7]
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/sha256_batch.h"
#include "runtime/record/document.h"
#include "runtime/record/together.h"
#include "runtime/schema/drift/observer.h"
#include "runtime/schema/validator.h"
#include "runtime/script/script.h"
#include "tests/bench/raw_parse.h"

namespace sluice {
namespace {

using bench::die;
using bench::median;
using bench::processor_seconds;
using bench::slurp;

constexpr size_t kBatch = 1024;

class Path {
 public:
  Path(const char* records, const char* schema, const char* script) : load_(slurp(records)) {
    const std::string schema_text = slurp(schema);
    auto compiled = compile_schema_text(schema_text, schema);
    if (!compiled) die(compiled.status().message());
    schema_ = *compiled;
    scratch_ = schema_->make_scratch();
    auto loaded = Script::load(script, ScriptLimits{});
    if (!loaded) die(loaded.status().message());
    auto runner = ScriptRunner::create(*loaded);
    if (!runner) die(runner.status().message());
    runner_ = std::move(*runner);
    drift::ObserverOptions options;
    auto declared = drift::Declared::read(schema_text);
    if (!declared) die(declared.status().message());
    options.declared = *declared;
    observer_ = std::make_unique<drift::Observer>(ledger_, 0, options);
  }

  // Processor seconds of all records; `whole`: with validation, script and hash.
  double run(bool observe, bool whole) {
    const double start = processor_seconds();
    const size_t count = load_.records.size();
    for (size_t first = 0; first < count; first += kBatch) {
      const size_t end = std::min(count, first + kBatch);
      if (observe) observer_->begin(now_us_ += 10'000);
      arena_.reset();
      parts_.clear();
      for (size_t i = first; i < end; i += kRecordsTogether)
        some(i, std::min(end - i, kRecordsTogether), observe, whole);
      if (whole)
        sha256_batch(std::span(load_.records).subspan(first, end - first), digests_.data());
      if (observe) observer_->end();
    }
    return processor_seconds() - start;
  }

  [[nodiscard]] double per_record(double seconds) const {
    return seconds / static_cast<double>(load_.records.size()) * 1e6;
  }
  [[nodiscard]] const drift::Ledger& ledger() const { return ledger_; }

  void million_keys() {
    std::string record = "{\"id\":\"evt_1\"";
    for (int i = 0; i < 1'000'000; ++i) record += ",\"key" + std::to_string(i) + "\":1";
    record += "}";
    std::vector<double> bare;
    std::vector<double> observed;
    for (int i = 0; i < 7; ++i) {
      double start = processor_seconds();
      if (!documents_[0].parse(record, {64U << 20, 128})) die("the wide record does not parse");
      bare.push_back(processor_seconds() - start);
      observer_->begin(now_us_ += 1'000'000);
      start = processor_seconds();
      observer_->passed(documents_[0]);
      observer_->end();
      observed.push_back(processor_seconds() - start);
    }
    std::printf("a million new names: parse %.1f ms, observe %.3f ms more; %zu entries in all\n",
                median(bare) * 1e3, median(observed) * 1e3, ledger_.entries(0).size());
  }

 private:
  // Some records through each stage, as on the record path.
  void some(size_t first, size_t n, bool observe, bool whole) {
    for (size_t i = 0; i < n; ++i) {
      if (!documents_[i].parse(load_.records[first + i], ParseLimits{}))
        die("a record does not parse");
    }
    for (size_t i = 0; whole && i < n; ++i) {
      if (!schema_->validate(documents_[i], *scratch_)) die("a record does not fit");
    }
    for (size_t i = 0; observe && i < n; ++i) {
      if (!observer_->passed(documents_[i])) die("a record is rejected");
    }
    for (size_t i = 0; whole && i < n; ++i) {
      const auto result = runner_->run(documents_[i], RecordMeta{}, arena_, parts_);
      if (result.outcome != ScriptOutcome::kParts) die("the script rejects a record");
    }
  }

  const bench::Workload load_;
  std::shared_ptr<const Schema> schema_;
  std::unique_ptr<Schema::Scratch> scratch_;
  std::unique_ptr<ScriptRunner> runner_;
  drift::Ledger ledger_{{"in"}, {}};
  std::unique_ptr<drift::Observer> observer_;
  std::array<Document, kRecordsTogether> documents_;
  Arena arena_;
  std::vector<Sha256Digest> digests_{kBatch};
  std::vector<ScriptPart> parts_;
  int64_t now_us_ = 1'700'000'000'000'000;
};

int run(const char* records, const char* schema, const char* script, int pairs) {
  Path path(records, schema, script);
  path.run(true, true);  // learns the baseline
  std::vector<double> bare;
  std::vector<double> observed;
  std::vector<double> share;
  std::vector<double> alone;
  for (int i = 0; i < pairs; ++i) {
    bare.push_back(path.run(false, true));
    observed.push_back(path.run(true, true));
    share.push_back(observed.back() / bare.back() - 1);
    const double parse = path.run(false, false);
    alone.push_back(path.run(true, false) - parse);
  }
  std::printf("path           %.3f us/record\nwith observer  %.3f us/record\n",
              path.per_record(median(bare)), path.per_record(median(observed)));
  std::printf("overhead       %.1f %% of the path (median of %d pairs)\n", median(share) * 100,
              pairs);
  std::printf("observer       %.3f us/record beside a parse\n", path.per_record(median(alone)));
  for (const drift::Entry& entry : path.ledger().entries(0)) {
    std::printf("  %s %s %s: %s -> %s (%.0f %%)\n", severity_name(entry.severity).data(),
                kind_name(entry.kind).data(), entry.path.c_str(), entry.before.c_str(),
                entry.after.c_str(), entry.share() * 100);
  }
  path.million_keys();
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: drift_bench RECORDS.jsonl SCHEMA.json SCRIPT.lua [PAIRS=7]\n");
    return 2;
  }
  return sluice::run(argv[1], argv[2], argv[3], argc > 4 ? std::atoi(argv[4]) : 7);
}
