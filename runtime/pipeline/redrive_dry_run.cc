// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/redrive_dry_run.h"

#include <algorithm>
#include <utility>

#include "runtime/base/text.h"
#include "runtime/pipeline/record_path.h"

namespace sluice {
namespace {

constexpr size_t kTriedAtOnce = 256;
constexpr size_t kShownDetail = 300;

// Nobody waits for these batches.
class NobodyWaits final : public SettlementListener {
 public:
  void segment_settled(std::shared_ptr<Batch>, uint32_t) override {}
  void batch_gone(const Batch&) override {}
};

// One pipeline's record path, and the letters that wait for it.
class DryRunPath {
 public:
  static Result<std::unique_ptr<DryRunPath>> create(const DryRunPipeline& pipeline) {
    std::unique_ptr<DryRunPath> path(new DryRunPath(*pipeline.config));
    path->bundle_ = pipeline.bundle;
    path->schema_ids_ = pipeline.schema_ids;
    SLUICE_ASSIGN_OR_RETURN(path->path_, RecordPath::create(path->context_, pipeline.bundle));
    return path;
  }

  void add(DeadLetter letter, RedriveFrom from, DryRunReport& report) {
    waiting_.push_back(std::move(letter));
    if (waiting_.size() >= kTriedAtOnce) flush(from, report);
  }

  void flush(RedriveFrom from, DryRunReport& report) {
    if (waiting_.empty()) return;
    auto letters = std::make_shared<RedriveBatch>();
    letters->from = from;
    letters->letters.swap(waiting_);
    const auto batch = std::make_shared<Batch>(letters->records(), pool_, listener_);
    batch->redrive = letters;
    batch->source = static_cast<uint32_t>(config_.sources.size());
    batch->bundle = bundle_;
    batch->schema_ids = schema_ids_;
    std::vector<LetterRequest> failures;
    if (from == RedriveFrom::kSink) {
      stored_parts(*batch, config_.sinks, failures);
    } else {
      path_->process(*batch, failures);
      narrow_parts(*batch, config_.sinks, failures);
    }
    count(*batch, failures, report);
  }

 private:
  explicit DryRunPath(const PipelineConfig& config) : config_(config) {
    context_.config = &config;
    for (const SinkConfig& sink : config.sinks) context_.sink_names.push_back(sink.name);
    context_.lane_name = [](uint32_t, uint32_t) { return std::string(); };
  }

  static void count(const Batch& batch, std::vector<LetterRequest>& failures,
                    DryRunReport& report) {
    std::vector<const LetterRequest*> failed(batch.count(), nullptr);
    for (const LetterRequest& failure : failures) {
      if (failed[failure.record] == nullptr) failed[failure.record] = &failure;
    }
    for (uint32_t i = 0; i < batch.count(); ++i) {
      const DeadLetter& letter = batch.redrive->letters[i];
      if (failed[i] != nullptr) {
        count_failure(letter, failed[i]->reason, failed[i]->detail, report);
      } else if (batch.outcome(i) == Outcome::kFiltered) {
        ++report.filtered;
      } else if (batch.outcome(i) == Outcome::kDuplicate) {
        ++report.duplicate;
      } else {
        ++report.pass;
      }
    }
  }

 public:
  static void count_failure(const DeadLetter& letter, const std::string& reason,
                            const std::string& detail, DryRunReport& report) {
    ++report.reasons[reason];
    report.examples.emplace(reason, letter.id + ": " + shorten(detail, kShownDetail));
  }

 private:
  const PipelineConfig& config_;
  RecordPathContext context_;
  NobodyWaits listener_;
  BatchBufferPool pool_;
  std::shared_ptr<const Bundle> bundle_;
  std::shared_ptr<const SchemaIds> schema_ids_;
  std::unique_ptr<RecordPath> path_;
  std::vector<DeadLetter> waiting_;
};

}  // namespace

std::string DryRunReport::json() const {
  std::string out = "{\"dry_run\":true,\"letters\":" + std::to_string(letters) + ",\"outcomes\":{";
  out += "\"pass\":" + std::to_string(pass) + ",\"filtered\":" + std::to_string(filtered) +
         ",\"duplicate\":" + std::to_string(duplicate);
  for (const auto& [reason, n] : reasons) {
    out += ',';
    append_json_string(out, reason);
    out += ':' + std::to_string(n);
  }
  out += "},\"examples\":{";
  for (const auto& [reason, text] : examples) {
    if (out.back() != '{') out += ',';
    append_json_string(out, reason);
    out += ':';
    append_json_string(out, text);
  }
  return out + "}}";
}

Result<DryRunReport> dry_run_redrive(const std::vector<DryRunPipeline>& pipelines,
                                     DeadLetterStore& store, const RedriveRequest& request,
                                     int64_t now_us, const StopSource& stop) {
  std::map<std::string, std::unique_ptr<DryRunPath>> paths;
  for (const DryRunPipeline& pipeline : pipelines) {
    SLUICE_ASSIGN_OR_RETURN(paths[pipeline.config->name], DryRunPath::create(pipeline));
  }
  triage::Selection selection = request.selection;
  SLUICE_RETURN_IF_ERROR(triage::complete_ids(store, selection.filter));
  DryRunReport report;
  SLUICE_RETURN_IF_ERROR(triage::each_selected(store, selection, now_us, [&](DeadLetter& letter) {
    if (letter.answered && selection.filter.ids.empty()) return true;
    ++report.letters;
    const auto path = paths.find(letter.pipeline);
    if (path == paths.end()) {
      DryRunPath::count_failure(letter, letter.reason,
                                "no pipeline '" + letter.pipeline + "' is configured", report);
    } else if (letter.redrives >= RedriveRequest::kMostRedrives && !request.force) {
      DryRunPath::count_failure(
          letter, "REDRIVE_LIMIT",
          "redriven " + std::to_string(letter.redrives) + " times; --force tries once more",
          report);
    } else {
      path->second->add(std::move(letter), request.from, report);
    }
    return !stop.requested();
  }));
  if (stop.requested()) return Status(Code::kCancelled, "the dry run was stopped");
  for (auto& [name, path] : paths) path->flush(request.from, report);
  return report;
}

}  // namespace sluice
