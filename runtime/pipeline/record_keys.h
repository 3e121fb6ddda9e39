// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/sha256.h"
#include "runtime/config/config.h"
#include "runtime/record/batch.h"
#include "runtime/record/document.h"
#include "runtime/record/pointer.h"

namespace sluice {

// Reads the idempotency keys of records: SHA-256 over tenant, pipeline, what the values were read
// from, and the values, each preceded by its length. One a record path: begin(), read() for each
// record that was parsed, end(). Keeps its memory between batches. Not thread-safe.
class RecordKeys {
 public:
  // Does the pipeline tell records apart by keys, rather than by where they came from or not at
  // all?
  static bool wanted(const PipelineConfig& config) {
    const IdempotencyConfig::Key key = config.idempotency.key;
    return key != IdempotencyConfig::Key::kOrigin && key != IdempotencyConfig::Key::kOff;
  }
  // nullptr: it does not.
  static std::unique_ptr<RecordKeys> create(const PipelineConfig& config);

  void begin(Batch& batch);
  // `parsed`: the record as received; nullptr for one without a value.
  void read(const Batch& batch, uint32_t record, const Document* parsed);
  // Gives the batch its keys. Returns how many of the records read have none.
  uint64_t end(Batch& batch);

 private:
  explicit RecordKeys(const PipelineConfig& config);
  bool append_values(const sluice_record& record, const Document* parsed);
  bool append_pointers(const Document* parsed);
  bool append_header(const sluice_record& record);
  void append(std::string_view value);

  const IdempotencyConfig& config_;
  std::vector<JsonPointer> pointers_;
  std::string prefix_;  // what all keys of the pipeline begin with
  std::string texts_;   // of the batch at hand, one behind the other
  struct Place {
    uint32_t record = 0;
    size_t begin = 0;
  };
  std::vector<Place> places_;
  uint64_t unkeyed_ = 0;
  Arena arena_;
  std::vector<std::string_view> views_;
  std::vector<Sha256Digest> digests_;
};

}  // namespace sluice
