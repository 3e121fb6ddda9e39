// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/histogram.h"
#include "runtime/config/config.h"
#include "runtime/deliver/letter_box.h"
#include "runtime/pipeline/bundle.h"
#include "runtime/pipeline/drift_watch.h"
#include "runtime/pipeline/record_keys.h"
#include "runtime/pipeline/script_counts.h"
#include "runtime/pipeline/script_stats.h"
#include "runtime/pipeline/version_counts.h"
#include "runtime/record/batch.h"
#include "runtime/record/document.h"
#include "runtime/record/together.h"
#include "runtime/schema/lineage/lifter.h"
#include "runtime/script/script.h"

namespace sluice {

// What the record path needs to know of its pipeline; outlives every path.
struct RecordPathContext {
  const PipelineConfig* config = nullptr;
  std::vector<std::string> sink_names;  // by sink index
  // Durable name of a lane, for letters and `meta`.
  std::function<std::string(uint32_t source, uint32_t lane)> lane_name;
  Histogram* transform_seconds = nullptr;     // a batch's time in scripts, a record; may be null
  VersionCounts* version_counts = nullptr;    // may be null
  ScriptVersions* script_versions = nullptr;  // may be null
  ScriptCounts* script_counts = nullptr;      // may be null
  drift::Ledger* drift = nullptr;             // may be null
  std::atomic<uint64_t>* unkeyed = nullptr;   // records without an idempotency key; may be null
};

// Parse, validate, lift, transform: what happens to each record between intake and order. One a
// worker and bundle; keeps its document, its Lua state and its scratch between batches, so a steady
// load allocates nothing here. Not thread-safe.
class RecordPath {
 public:
  static Result<std::unique_ptr<RecordPath>> create(const RecordPathContext& context,
                                                    std::shared_ptr<const Bundle> bundle);

  // Fills batch.parts(), notes filtered records, and appends a letter for every record that will
  // fail again. Obligations are the caller's affair.
  void process(Batch& batch, std::vector<LetterRequest>& letters);
  // Its three parts, for a batch that several paths share: each begins and ends with it, and each
  // record goes through one of them, in the order of the batch.
  void begin(Batch& batch);
  void process_record(Batch& batch, uint32_t index, std::vector<LetterRequest>& letters);
  void end(Batch& batch);
  // Instead of all that: gives the batch the keys of its records, as process() would.
  void read_keys(Batch& batch);

  [[nodiscard]] const Bundle& bundle() const { return *bundle_; }

 private:
  // A record on its way through the stages.
  struct Staged {
    Document document;
    Document* newest = nullptr;  // the same or what it was lifted to; null: it goes no further
    uint32_t index = 0;
    bool fits = true;  // the schema
    bool tombstone = false;
  };

  RecordPath(const RecordPathContext& context, std::shared_ptr<const Bundle> bundle);

  // record_path_stages.cc
  // The part of a record that is JSON.
  [[nodiscard]] std::string_view payload(const sluice_record& record) const;
  [[nodiscard]] uint32_t together(const Batch& batch, uint32_t first) const;
  void process_some(Batch& batch, uint32_t first, uint32_t n, std::vector<LetterRequest>& letters);
  void read(Batch& batch, uint32_t index, Staged& to, std::vector<LetterRequest>& letters);
  bool admit(Batch& batch, Staged& staged, std::vector<LetterRequest>& letters);
  void pass_tombstone(Batch& batch, uint32_t index, std::vector<LetterRequest>& letters);

  void transform(Batch& batch, Staged& staged, std::vector<LetterRequest>& letters);
  void pass_through(Batch& batch, uint32_t index, const Document& document);

  void take_result(Batch& batch, uint32_t index, const ScriptResult& result,
                   std::span<const ScriptPart> parts, std::vector<LetterRequest>& letters);

  // record_path_batch.cc
  void let_wait(Batch& batch, Staged& staged, std::vector<LetterRequest>& letters);
  void run_waiting(Batch& batch, std::vector<LetterRequest>& letters);

  // record_path_lineage.cc
  Status prepare_lineage();
  Document* to_newest(Batch& batch, uint32_t index, Document& document,
                      std::vector<LetterRequest>& letters);
  std::optional<size_t> find_version(Batch& batch, uint32_t index, const Document& document,
                                     std::vector<LetterRequest>& letters);
  void note_version(Batch& batch, uint32_t index, std::optional<size_t> version);
  void refuse_unreadable(Batch& batch, uint32_t index, std::string reason, std::string detail,
                         std::vector<LetterRequest>& letters);
  void refuse_misfit(uint32_t index, const Document& document, const Schema& schema,
                     const std::string& prefix, std::vector<LetterRequest>& letters);
  void refuse_lift(uint32_t index, Lifter::Answer answer, std::vector<LetterRequest>& letters);
  void count_versions(Batch& batch);
  void take_script_counts();
  void reject_script(Batch& batch, uint32_t index, const ScriptResult& result,
                     std::vector<LetterRequest>& letters);
  void tally_reject(const Batch& batch, uint32_t index, std::string_view code,
                    const LetterRequest& letter);
  bool check_parts(uint32_t index, std::span<const ScriptPart> parts,
                   std::vector<LetterRequest>& letters);
  bool check_output(const ScriptPart& part, uint32_t number, uint32_t index,
                    std::vector<LetterRequest>& letters);
  std::optional<uint16_t> route(std::string_view sink) const;
  void refuse(uint32_t index, std::string stage, std::string reason, std::string detail,
              std::string pointer, std::vector<LetterRequest>& letters) const;
  [[nodiscard]] bool is_sensitive(std::string_view pointer, std::string_view keyword) const;
  [[nodiscard]] std::string failure_text(const SchemaFailure& failure) const;
  RecordMeta meta(const Batch& batch, uint32_t index);
  void fill_headers(const sluice_record& record);

  // A record that waits for its call of transform_batch.
  struct Waiting {
    Document document;
    RecordMeta meta;
    std::string lane;
    std::vector<RecordMeta::Header> headers;
    uint32_t index = 0;
  };

  const RecordPathContext& context_;
  const std::shared_ptr<const Bundle> bundle_;
  const ParseLimits limits_;
  std::unique_ptr<Schema::Scratch> scratch_;
  std::unique_ptr<Schema::Scratch> output_scratch_;
  std::unique_ptr<ScriptRunner> runner_;
  std::unique_ptr<ScriptTally> tally_;   // with a runner, if somebody counts
  std::unique_ptr<Lifter> lifter_;       // with a lineage
  std::unique_ptr<RecordKeys> keys_;     // nullptr: records are not told apart by keys
  std::unique_ptr<DriftWatch> drift_;    // nullptr: drift is nobody's concern here
  std::vector<uint64_t> versions_seen_;  // of a batch: none found, then by version
  std::array<Staged, kRecordsTogether> staged_;
  Document output_document_;
  std::vector<ScriptPart> script_parts_;
  bool skips_schema_ = false;  // the batch at hand is redriven from behind it
  bool gathers_ =
      false;  // a whole batch is at hand, and the script takes several records in a call
  std::vector<std::unique_ptr<Waiting>> waiting_;  // of which so many wait:
  size_t waiting_count_ = 0;
  std::vector<ScriptRunner::BatchItem> items_;
  std::vector<RecordMeta::Header> headers_;
  std::string lane_name_;  // of meta_lane_
  uint32_t meta_lane_ = 0;
  uint32_t meta_source_ = UINT32_MAX;
  std::chrono::steady_clock::time_point began_{};  // with the batch at hand
  uint32_t records_ = 0;                           // of it that came this way
};

}  // namespace sluice
