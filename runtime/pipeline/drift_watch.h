// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/config/config.h"
#include "runtime/pipeline/bundle.h"
#include "runtime/record/batch.h"
#include "runtime/schema/drift/observer.h"

namespace sluice {

// A record path's eyes on drift, one observer a source of the pipeline and one for redriven
// records. Not thread-safe.
class DriftWatch {
 public:
  // nullptr when there is nothing to watch: no ledger, and unknown fields are not to be rejected.
  static std::unique_ptr<DriftWatch> create(const PipelineConfig& config, drift::Ledger* ledger,
                                            const Bundle& bundle);

  // Around the records of a batch, which stays until end().
  void begin(const Batch& batch);
  void end();
  // What drift::Observer says of a record of the batch.
  bool passed(uint32_t index, const Document& document);
  [[nodiscard]] const std::string& stranger() const { return observer_->stranger(); }
  void failed(uint32_t index, const Document& document, const std::vector<SchemaFailure>& failures,
              bool own);

 private:
  DriftWatch() = default;

  std::unique_ptr<drift::Ledger> nowhere_;  // of which nothing is kept
  std::vector<std::unique_ptr<drift::Observer>> observers_;
  drift::Observer* observer_ = nullptr;  // of the batch at hand
  const Batch* batch_ = nullptr;
};

}  // namespace sluice
