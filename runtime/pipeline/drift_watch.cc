// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/drift_watch.h"

namespace sluice {
namespace {

using Observe = DriftConfig::Observe;

drift::ObserverOptions options_of(const PipelineConfig& config, const Bundle& bundle, bool record) {
  drift::ObserverOptions options;
  options.declared = bundle.declared;
  options.sensitive = drift::Sensitive(config.sensitive);
  if (config.schema && config.schema->unknown_fields == UnknownFields::kIgnore) {
    options.strangers = drift::Strangers::kIgnore;
  }
  if (config.schema && config.schema->unknown_fields == UnknownFields::kReject) {
    options.strangers = drift::Strangers::kReject;
  }
  options.sample = config.drift.observe == Observe::kSampled ? config.drift.sample : 1;
  options.record = record;
  if (bundle.lineage) {
    options.schema_version = bundle.lineage->newest().name;
  } else if (bundle.schema) {
    options.schema_version = bundle.schema->hash().substr(0, 12);
  }
  return options;
}

}  // namespace

std::unique_ptr<DriftWatch> DriftWatch::create(const PipelineConfig& config, drift::Ledger* ledger,
                                               const Bundle& bundle) {
  const bool record = ledger != nullptr && config.drift.observe != Observe::kOff;
  const bool reject = config.schema && config.schema->unknown_fields == UnknownFields::kReject;
  if (!record && !reject) return nullptr;
  std::unique_ptr<DriftWatch> watch(new DriftWatch());
  const auto sources = static_cast<uint32_t>(config.sources.size());
  watch->nowhere_ =
      std::make_unique<drift::Ledger>(std::vector<std::string>(sources + 1), drift::LedgerLimits{});
  if (!record) ledger = watch->nowhere_.get();
  for (uint32_t i = 0; i < sources; ++i) {
    watch->observers_.push_back(
        std::make_unique<drift::Observer>(*ledger, i, options_of(config, bundle, record)));
  }
  // Redriven records have been seen before: they are checked, and nothing is kept of them.
  watch->observers_.push_back(std::make_unique<drift::Observer>(*watch->nowhere_, sources,
                                                                options_of(config, bundle, false)));
  return watch;
}

void DriftWatch::begin(const Batch& batch) {
  batch_ = &batch;
  observer_ = batch.redrive ? observers_.back().get() : observers_[batch.source].get();
  observer_->begin(batch.received_us);
}

void DriftWatch::end() { observer_->end(); }

bool DriftWatch::passed(uint32_t index, const Document& document) {
  const sluice_record& record = batch_->record(index);
  return observer_->passed(document, {record.value.data, static_cast<size_t>(record.value.size)});
}

void DriftWatch::failed(uint32_t index, const Document& document,
                        const std::vector<SchemaFailure>& failures, bool own) {
  const sluice_record& record = batch_->record(index);
  observer_->failed(document, failures, own,
                    {record.value.data, static_cast<size_t>(record.value.size)});
}

}  // namespace sluice
