// SPDX-License-Identifier: Apache-2.0
#include "runtime/bench/record_bench.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>

#include "runtime/base/file.h"
#include "runtime/base/sha256_batch.h"
#include "runtime/record/compact.h"
#include "runtime/record/document.h"
#include "runtime/record/together.h"
#include "runtime/schema/validator.h"
#include "runtime/script/script.h"

namespace sluice {
namespace {

constexpr uint64_t kMaxFile = 64ULL << 20;
constexpr size_t kRecordsAtOnce = 1024;  // the arena is emptied after so many, as after a batch
constexpr size_t kHashedAtOnce = 256;    // few enough to be in the cache when they are parsed

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

// Everything one round needs, kept between rounds as a worker keeps it between batches.
class Bench {
 public:
  static Result<std::unique_ptr<Bench>> create(const BenchOptions& options);

  void round();
  [[nodiscard]] BenchReport report() const;

 private:
  // Seconds of each measurement, one a round.
  struct Times {
    std::vector<double> raw, parse, parse_validate, parse_transform, render, hash, path, bare;
  };

  Status read_lines(const std::filesystem::path& file);
  double raw_parse();
  double run_path(bool parse, bool validate, bool transform, bool hash);
  void run_some(size_t first, size_t n, bool validate, bool transform);
  void hash_from(size_t first);
  [[nodiscard]] BenchStage stage(std::string name, double seconds) const;

  std::string text_;
  std::vector<std::string_view> lines_;
  std::shared_ptr<const Schema> schema_;
  std::unique_ptr<Schema::Scratch> scratch_;
  std::unique_ptr<ScriptRunner> runner_;
  std::array<Document, kRecordsTogether> documents_;
  uint64_t rejected_of_pass_ = 0;
  Arena arena_{1 << 20};
  std::vector<Sha256Digest> digests_{kHashedAtOnce};
  std::vector<ScriptPart> parts_;
  Times times_;
  uint64_t rejected_ = 0;
  uint64_t sink_ = 0;  // keeps results alive
};

Result<std::unique_ptr<Bench>> Bench::create(const BenchOptions& options) {
  auto bench = std::make_unique<Bench>();
  SLUICE_RETURN_IF_ERROR(bench->read_lines(options.file));
  if (!options.schema.empty()) {
    SLUICE_ASSIGN_OR_RETURN(bench->schema_, compile_schema_file(options.schema));
    bench->scratch_ = bench->schema_->make_scratch();
  }
  if (!options.transform.empty()) {
    SLUICE_ASSIGN_OR_RETURN(auto script, Script::load(options.transform, ScriptLimits{}));
    SLUICE_ASSIGN_OR_RETURN(bench->runner_, ScriptRunner::create(std::move(script)));
  }
  return bench;
}

Status Bench::read_lines(const std::filesystem::path& file) {
  SLUICE_ASSIGN_OR_RETURN(text_, read_file_prefix(file, kMaxFile));
  std::string_view rest = text_;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    // A last line that the size limit may have cut is left out.
    if (end == std::string_view::npos && text_.size() == kMaxFile) break;
    const std::string_view line = rest.substr(0, end);
    if (!line.empty()) lines_.push_back(line);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (lines_.empty()) return invalid(file.string() + ": holds no records");
  return Status::ok();
}

// The yardstick: RapidJSON parses a fresh copy of each record in place; copying is not counted.
double Bench::raw_parse() {
  size_t longest = 0;
  for (const std::string_view line : lines_) longest = std::max(longest, line.size());
  std::vector<char> copy(kRecordsAtOnce * (longest + 1));
  std::vector<char> values(1 << 20);
  double seconds = 0;
  for (size_t first = 0; first < lines_.size(); first += kRecordsAtOnce) {
    const size_t end = std::min(lines_.size(), first + kRecordsAtOnce);
    for (size_t i = first; i < end; ++i) {
      char* to = copy.data() + (i - first) * (longest + 1);
      std::memcpy(to, lines_[i].data(), lines_[i].size());
      to[lines_[i].size()] = '\0';
    }
    const auto began = Clock::now();
    for (size_t i = first; i < end; ++i) {
      rapidjson::MemoryPoolAllocator<> pool(values.data(), values.size());
      rapidjson::Document document(&pool);
      document.ParseInsitu(copy.data() + (i - first) * (longest + 1));
      sink_ += document.HasParseError() ? 1U : 0U;
    }
    seconds += seconds_since(began);
  }
  return seconds;
}

// The raw bytes' digests of a batch, taken together as where duplicates are looked up.
void Bench::hash_from(size_t first) {
  const size_t n = std::min(kHashedAtOnce, lines_.size() - first);
  sha256_batch(std::span(lines_).subspan(first, n), digests_.data());
  sink_ += digests_[n - 1][0];
}

double Bench::run_path(bool parse, bool validate, bool transform, bool hash) {
  rejected_of_pass_ = 0;
  const auto began = Clock::now();
  for (size_t first = 0; first < lines_.size(); first += kRecordsAtOnce) {
    arena_.reset();
    const size_t end = std::min(lines_.size(), first + kRecordsAtOnce);
    for (size_t i = first; i < end; i += kRecordsTogether) {
      if (hash && i % kHashedAtOnce == 0) hash_from(i);
      if (parse) run_some(i, std::min(end - i, kRecordsTogether), validate, transform);
    }
  }
  const double seconds = seconds_since(began);
  if (parse && validate == (schema_ != nullptr)) rejected_ = rejected_of_pass_;
  return seconds;
}

// Some records, through each stage together, as on the record path.
void Bench::run_some(size_t first, size_t n, bool validate, bool transform) {
  const ParseLimits limits;
  std::array<bool, kRecordsTogether> good{};
  for (size_t i = 0; i < n; ++i) {
    good[i] = static_cast<bool>(documents_[i].parse(lines_[first + i], limits));
  }
  for (size_t i = 0; validate && i < n; ++i) {
    good[i] = good[i] && schema_->validate(documents_[i], *scratch_);
  }
  RecordMeta meta;
  for (size_t i = 0; transform && i < n; ++i) {
    if (!good[i]) continue;
    parts_.clear();
    meta.position = first + i;
    const ScriptResult result = runner_->run(documents_[i], meta, arena_, parts_);
    good[i] = result.outcome != ScriptOutcome::kRejected;
  }
  rejected_of_pass_ += n - static_cast<size_t>(std::count(good.begin(), good.begin() + n, true));
}

void Bench::round() {
  times_.raw.push_back(raw_parse());
  times_.parse.push_back(run_path(true, false, false, false));
  if (schema_) times_.parse_validate.push_back(run_path(true, true, false, false));
  if (runner_) {
    runner_->measure_rendering(true);
    const uint64_t before = runner_->rendering_ns();
    run_path(true, false, true, false);
    times_.render.push_back(static_cast<double>(runner_->rendering_ns() - before) / 1e9);
    runner_->measure_rendering(false);
    times_.parse_transform.push_back(run_path(true, false, true, false));
  }
  times_.hash.push_back(run_path(false, false, false, true));
  times_.bare.push_back(run_path(true, false, runner_ != nullptr, true));
  times_.path.push_back(run_path(true, schema_ != nullptr, runner_ != nullptr, true));
}

BenchStage Bench::stage(std::string name, double seconds) const {
  const auto records = static_cast<double>(lines_.size());
  // A difference of two measurements can be lost in noise; it is never shown as negative.
  const double floor = std::max(seconds, 1e-9);
  return {std::move(name), records / floor, floor / records * 1e6};
}

BenchReport Bench::report() const {
  BenchReport out;
  out.records = lines_.size();
  for (const std::string_view line : lines_) out.bytes += line.size();
  out.rejected = rejected_;
  out.rounds = static_cast<uint32_t>(times_.raw.size());
  const double parse = median(times_.parse);
  out.stages.push_back(stage("parse", parse));
  if (schema_) out.stages.push_back(stage("validate", median(times_.parse_validate) - parse));
  if (runner_) {
    const double render = median(times_.render);
    out.stages.push_back(stage("transform", median(times_.parse_transform) - parse - render));
    out.stages.push_back(stage("serialize", render));
  }
  out.stages.push_back(stage("hash", median(times_.hash)));
  out.path = stage("path", median(times_.path));
  out.path_unvalidated = stage("path_unvalidated", median(times_.bare));
  out.raw_parse = stage("raw_parse", median(times_.raw));
  return out;
}

}  // namespace

Result<BenchReport> bench_records(const BenchOptions& options,
                                  const std::function<void(uint32_t)>& progress) {
  SLUICE_ASSIGN_OR_RETURN(const auto bench, Bench::create(options));
  for (uint32_t i = 0; i < std::max(1U, options.rounds); ++i) {
    bench->round();
    progress(i + 1);
  }
  return bench->report();
}

}  // namespace sluice
