// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/shadow.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <span>

#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/pipeline/record_path.h"
#include "runtime/pipeline/shadow_difference.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 3> kCurable = {"TRANSFORM_ERROR", "REJECTED_BY_SCRIPT",
                                                      "SCHEMA_DRIFT"};
constexpr uint64_t kMostLetters = 1000;

// Nobody waits for these batches.
class NoListener final : public SettlementListener {
 public:
  void segment_settled(std::shared_ptr<Batch>, uint32_t) override {}
  void batch_gone(const Batch&) override {}
};

// One bundle's record path, and what it made of a sample.
class ShadowSide {
 public:
  static Result<std::unique_ptr<ShadowSide>> create(const PipelineConfig& config,
                                                    std::shared_ptr<const Bundle> bundle,
                                                    std::shared_ptr<const SchemaIds> schema_ids) {
    std::unique_ptr<ShadowSide> side(new ShadowSide(config));
    side->schema_ids_ = std::move(schema_ids);
    SLUICE_ASSIGN_OR_RETURN(side->path_, RecordPath::create(side->context_, std::move(bundle)));
    return side;
  }

  void read(const RecordSample& sample, const RecordSample::Records& records) {
    lanes_ = &sample.lanes();
    letters_.clear();
    sluice_batch raw{};
    raw.struct_size = sizeof raw;
    raw.stride = sizeof(sluice_record);
    raw.count = static_cast<uint32_t>(records.records.size());
    raw.records = records.records.data();
    batch_ = std::make_shared<Batch>(raw, pool_, listener_);
    batch_->source = sample.source();
    batch_->schema_ids = schema_ids_;
    path_->process(*batch_, letters_);
    results_.assign(batch_->count(), {});
    for (const LetterRequest& letter : letters_) {
      if (results_[letter.record].letter == nullptr) results_[letter.record].letter = &letter;
    }
    const std::span<const Part> parts = batch_->parts();
    for (size_t i = 0; i < parts.size();) {
      size_t end = i;
      while (end < parts.size() && parts[end].record == parts[i].record) ++end;
      results_[parts[i].record].parts = parts.subspan(i, end - i);
      i = end;
    }
  }
  [[nodiscard]] const ShadowResult& result(uint32_t record) const { return results_[record]; }

 private:
  explicit ShadowSide(const PipelineConfig& config) {
    context_.config = &config;
    for (const SinkConfig& sink : config.sinks) context_.sink_names.push_back(sink.name);
    context_.lane_name = [this](uint32_t, uint32_t lane) { return (*lanes_)[lane]; };
  }

  RecordPathContext context_;
  const std::vector<std::string>* lanes_ = nullptr;
  NoListener listener_;
  BatchBufferPool pool_;
  std::unique_ptr<RecordPath> path_;
  std::shared_ptr<Batch> batch_;
  std::vector<LetterRequest> letters_;
  std::vector<ShadowResult> results_;
  std::shared_ptr<const SchemaIds> schema_ids_;
};

class ShadowRun {
 public:
  ShadowRun(const PipelineConfig& config, ShadowSide& running, ShadowSide& candidate)
      : config_(config), running_(running), candidate_(candidate), describer_(config.sensitive) {}

  void records(const RecordSample& sample) {
    const auto records = read(sample);
    for (uint32_t i = 0; i < records.records.size(); ++i) {
      const ShadowResult& before = running_.result(i);
      const ShadowResult& after = candidate_.result(i);
      ++report.records;
      std::string_view kind = "different";
      if (before.letter == nullptr && after.letter != nullptr) {
        ++report.newly_rejected;
        kind = "newly_rejected";
      } else if (before.letter != nullptr && after.letter == nullptr) {
        ++report.newly_passing;
        kind = "newly_passing";
      } else if (before.letter != nullptr || describer_.same(before, after)) {
        ++report.same;
        continue;
      } else {
        ++report.different;
      }
      add_difference(kind, sample, records.records[i], before, after);
    }
  }

  void letters(const RecordSample& sample) {
    const auto records = read(sample);
    for (uint32_t i = 0; i < records.records.size(); ++i) {
      ++report.letters;
      report.cured += candidate_.result(i).letter == nullptr ? 1 : 0;
    }
  }

  ShadowReport report;

 private:
  RecordSample::Records read(const RecordSample& sample) {
    auto records = sample.records();
    running_.read(sample, records);
    candidate_.read(sample, records);
    return records;
  }

  // Some of each kind: the first few records often differ all alike.
  void add_difference(std::string_view kind, const RecordSample& sample,
                      const sluice_record& record, const ShadowResult& before,
                      const ShadowResult& after) {
    constexpr size_t kOfAKind = 2;
    if (report.differences.size() >= ShadowReport::kMostDifferences) return;
    if (shown_[std::string(kind)]++ >= kOfAKind) return;
    const ShadowDifference difference{
        kind, config_.sources[sample.source()].name, sample.lanes()[record.lane], record, before,
        after};
    report.differences.push_back(describer_.json(difference));
  }

  const PipelineConfig& config_;
  ShadowSide& running_;
  ShadowSide& candidate_;
  DifferenceDescriber describer_;
  std::map<std::string, size_t> shown_;
};

}  // namespace

std::string ShadowReport::json() const {
  std::string out = "{";
  const auto add = [&](std::string_view name, uint64_t value) {
    append_json_string(out, name);
    out += ":" + std::to_string(value) + ",";
  };
  add("records", records);
  add("same", same);
  add("different", different);
  add("newly_rejected", newly_rejected);
  add("newly_passing", newly_passing);
  add("letters", letters);
  add("cured", cured);
  out += "\"differences\":[";
  for (size_t i = 0; i < differences.size(); ++i) out += (i == 0 ? "" : ",") + differences[i];
  return out + "]}";
}

std::string ShadowReport::refusal(const ShadowConfig& config) const {
  const double allowed = config.max_newly_rejected * static_cast<double>(records);
  if (records == 0 || static_cast<double>(newly_rejected) <= allowed) return {};
  std::array<char, 32> share{};
  const auto end =
      std::to_chars(share.data(), share.data() + share.size(), config.max_newly_rejected).ptr;
  return "it rejects " + std::to_string(newly_rejected) + " of the last " +
         std::to_string(records) +
         " records that the bundle before it does not; transform.shadow.max_newly_rejected allows "
         "a share of " +
         std::string(share.data(), end);
}

Result<ShadowReport> run_shadow(const PipelineConfig& config,
                                const std::shared_ptr<const Bundle>& running,
                                const std::shared_ptr<const Bundle>& candidate,
                                const ShadowInput& input) {
  SLUICE_ASSIGN_OR_RETURN(const auto before, ShadowSide::create(config, running, input.schema_ids));
  SLUICE_ASSIGN_OR_RETURN(const auto after,
                          ShadowSide::create(config, candidate, input.schema_ids));
  ShadowRun run(config, *before, *after);
  for (const auto& sample : input.records) run.records(*sample);
  for (const auto& sample : input.letters) run.letters(*sample);
  return std::move(run.report);
}

std::vector<std::shared_ptr<const RecordSample>> curable_letters(const PipelineConfig& config,
                                                                 DeadLetterStore& store) {
  std::vector<std::shared_ptr<RecordSample>> by_source;
  for (uint32_t i = 0; i < config.sources.size(); ++i) {
    by_source.push_back(std::make_shared<RecordSample>(i));
  }
  for (const std::string_view reason : kCurable) {
    LetterFilter filter;
    filter.pipeline = config.name;
    filter.reason = reason;
    const Status read =
        store.each(filter, kMostLetters / kCurable.size() + 1, [&](const DeadLetter& letter) {
          for (uint32_t i = 0; i < config.sources.size(); ++i) {
            if (config.sources[i].name != letter.source) continue;
            by_source[i]->add(letter);
          }
        });
    if (!read) log::warn("shadow.letters", read.message(), {{"pipeline", config.name}});
  }
  std::vector<std::shared_ptr<const RecordSample>> out;
  for (auto& sample : by_source) {
    if (sample->size() != 0) out.push_back(std::move(sample));
  }
  return out;
}

}  // namespace sluice
