// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/drift_keeper.h"

#include <utility>

#include "runtime/base/log.h"

namespace sluice {
namespace {

DriftRow row_of(const std::string& pipeline, const std::string& source, drift::Entry entry) {
  DriftRow row;
  row.pipeline = pipeline;
  row.source = source;
  row.path = std::move(entry.path);
  row.kind = drift::kind_name(entry.kind);
  row.severity = drift::severity_name(entry.severity);
  row.first_seen_us = entry.first_seen_us;
  row.last_seen_us = entry.last_seen_us;
  row.count = entry.count;
  row.observed = entry.observed;
  row.schema_version = std::move(entry.schema_version);
  row.before = std::move(entry.before);
  row.after = std::move(entry.after);
  row.sample = std::move(entry.sample);
  row.record_sha256 = std::move(entry.record_sha256);
  return row;
}

// Rows of kinds that this program does not know are left out.
drift::SourceState state_of(DriftState from) {
  drift::SourceState out;
  for (DriftRow& row : from.rows) {
    const auto kind = drift::kind_of(row.kind);
    const auto severity = drift::severity_of(row.severity);
    if (!kind || !severity) continue;
    drift::Entry entry;
    entry.path = std::move(row.path);
    entry.kind = *kind;
    entry.severity = *severity;
    entry.first_seen_us = row.first_seen_us;
    entry.last_seen_us = row.last_seen_us;
    entry.count = row.count;
    entry.observed = row.observed;
    entry.schema_version = std::move(row.schema_version);
    entry.before = std::move(row.before);
    entry.after = std::move(row.after);
    entry.sample = std::move(row.sample);
    entry.record_sha256 = std::move(row.record_sha256);
    out.entries.push_back(std::move(entry));
  }
  out.baseline = std::move(from.baseline);
  out.settled = from.settled;
  return out;
}

DriftUpdate update_of(const std::string& pipeline, const std::string& source,
                      const drift::SourceState& state) {
  DriftUpdate out;
  out.pipeline = pipeline;
  out.source = source;
  for (const drift::Entry& entry : state.entries) {
    out.rows.push_back(row_of(pipeline, source, entry));
  }
  for (const auto& [path, kind] : state.removed) {
    out.removed.emplace_back(path, drift::kind_name(kind));
  }
  out.all = state.all;
  out.baseline = state.baseline;
  out.settled = state.settled;
  return out;
}

}  // namespace

Result<drift::Ledger*> DriftKeeper::open(const PipelineConfig& config) {
  if (config.drift.observe == DriftConfig::Observe::kOff)
    return static_cast<drift::Ledger*>(nullptr);
  std::vector<std::string> sources;
  for (const SourceConfig& source : config.sources) sources.push_back(source.name);
  drift::LedgerLimits limits;
  limits.baseline = config.drift.baseline;
  limits.bounds.paths = config.drift.max_paths;
  auto ledger = std::make_unique<drift::Ledger>(std::move(sources), limits);
  for (uint32_t i = 0; i < config.sources.size(); ++i) {
    const std::string& source = config.sources[i].name;
    SLUICE_ASSIGN_OR_RETURN(DriftState state, store_.load(config.name, source));
    if (!ledger->restore(i, state_of(std::move(state)))) {
      log::warn("drift.baseline", "what was learned of a source cannot be read; it is learned anew",
                {{"pipeline", config.name}, {"source", source}});
    }
  }
  kept_.push_back({config.name, std::move(ledger)});
  return kept_.back().ledger.get();
}

void DriftKeeper::save(bool now) {
  if (!now && clock_.now() < next_) return;
  next_ = clock_.now() + kInterval;
  struct Taken {
    drift::Ledger* ledger;
    uint32_t source;
    drift::SourceState state;
  };
  std::vector<Taken> taken;
  std::vector<DriftUpdate> updates;
  for (const Kept& kept : kept_) {
    const auto& names = kept.ledger->sources();
    for (uint32_t i = 0; i < names.size(); ++i) {
      auto state = kept.ledger->take_changes(i);
      if (!state) continue;
      updates.push_back(update_of(kept.pipeline, names[i], *state));
      taken.push_back({kept.ledger.get(), i, std::move(*state)});
    }
  }
  const Status saved = store_.save(updates);
  if (!saved) {
    for (const Taken& each : taken) each.ledger->put_back(each.source, each.state);
    if (!failing_) log::warn("drift.save", saved.message());
  }
  failing_ = !saved;
}

std::vector<DriftRow> DriftKeeper::rows(const DriftFilter& filter) const {
  std::vector<DriftRow> out;
  for (const Kept& kept : kept_) {
    const auto& names = kept.ledger->sources();
    for (uint32_t i = 0; i < names.size(); ++i) {
      for (drift::Entry& entry : kept.ledger->entries(i)) {
        DriftRow row = row_of(kept.pipeline, names[i], std::move(entry));
        if (filter.accepts(row)) out.push_back(std::move(row));
      }
    }
  }
  sort_drift(out);
  return out;
}

std::vector<DriftKeeper::Source> DriftKeeper::sources() const {
  std::vector<Source> out;
  for (const Kept& kept : kept_) {
    const auto& names = kept.ledger->sources();
    for (uint32_t i = 0; i < names.size(); ++i) {
      out.push_back(
          {kept.pipeline, names[i], kept.ledger->counts(i), kept.ledger->limits().baseline});
    }
  }
  return out;
}

}  // namespace sluice
