// SPDX-License-Identifier: Apache-2.0
#include "runtime/triage/cause.h"

#include <algorithm>
#include <set>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/record/document.h"
#include "runtime/store/audit_log.h"
#include "runtime/triage/analysis.h"

namespace sluice::triage {
namespace {

namespace fs = std::filesystem;

// Failures begin with the first bad record behind a change: so much later is still because of it.
constexpr int64_t kSoonUs = int64_t{6} * 3'600'000'000;
// The ledger sees a record and its letter is written at nearly the same time.
constexpr int64_t kSameTimeUs = 60'000'000;
constexpr uint64_t kMostFileBytes = 16 << 20;
constexpr size_t kMostFiles = 1000;  // of one bundle that are looked at
constexpr size_t kShownFiles = 3;

class EventReader {
 public:
  bool read(const std::string& line) {
    return document_.parse(line, {AuditLog::kMaxBytes, 16}) &&
           document_.kind(Document::root()) == JsonKind::kObject;
  }
  std::string text(std::string_view name) {
    const NodeIndex at = document_.find(Document::root(), name);
    if (at == kNoNode || document_.kind(at) != JsonKind::kString) return {};
    return std::string(document_.string(at, arena_));
  }
  int64_t number(std::string_view name) {
    const NodeIndex at = document_.find(Document::root(), name);
    int64_t value = 0;
    if (at != kNoNode) static_cast<void>(document_.int64(at, &value));
    return value;
  }
  std::vector<std::string> texts(std::string_view name) {
    std::vector<std::string> out;
    const NodeIndex list = document_.find(Document::root(), name);
    if (list == kNoNode || document_.kind(list) != JsonKind::kArray) return out;
    NodeIndex item = document_.first_child(list);
    for (uint32_t i = document_.count(list); i > 0; --i, item = document_.next(item)) {
      if (document_.kind(item) == JsonKind::kString)
        out.emplace_back(document_.string(item, arena_));
    }
    return out;
  }

 private:
  Document document_;
  Arena arena_{4096};
};

bool changes_what_runs(const std::string& outcome, const std::string& previous) {
  return outcome == "started" || outcome == "activated" || outcome == "rolled_out" ||
         (outcome == "rolled_back" && !previous.empty());
}

// The files of a kept bundle, by their paths where they came from.
std::set<std::string> files_below(const fs::path& root) {
  std::set<std::string> out;
  std::error_code error;
  fs::recursive_directory_iterator at(root, error);
  const fs::recursive_directory_iterator end;
  for (; !error && at != end && out.size() < kMostFiles; at.increment(error)) {
    if (at->is_regular_file(error)) out.insert("/" + at->path().lexically_relative(root).string());
  }
  return out;
}

bool same_content(const fs::path& a, const fs::path& b) {
  const auto left = read_file(a, kMostFileBytes);
  const auto right = read_file(b, kMostFileBytes);
  return left && right && *left == *right;
}

// Which files differ between two bundles that are kept; nothing when one of them is not.
std::vector<std::string> differing_files(const fs::path& bundles, const std::string& before,
                                         const std::string& after) {
  std::error_code error;
  const fs::path old_root = bundles / before;
  const fs::path new_root = bundles / after;
  if (before.empty() || !fs::is_directory(old_root, error) || !fs::is_directory(new_root, error)) {
    return {};
  }
  std::set<std::string> names = files_below(old_root);
  names.merge(files_below(new_root));
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (!same_content(old_root / name.substr(1), new_root / name.substr(1))) out.push_back(name);
  }
  return out;
}

std::string names_of(const std::vector<std::string>& files) {
  std::string out;
  for (size_t i = 0; i < files.size() && i < kShownFiles; ++i) {
    if (i != 0) out += ", ";
    out += fs::path(files[i]).filename().string();
  }
  if (files.size() > kShownFiles) {
    out += " and " + std::to_string(files.size() - kShownFiles) + " more";
  }
  return out;
}

// The files of a change that can be at fault at this stage: all of them when none can for sure.
std::vector<std::string> files_for(const std::string& stage, const std::vector<std::string>& all) {
  const bool schema = stage == "validate" || stage == "output";
  std::vector<std::string> out;
  for (const std::string& file : all) {
    const bool is_script = file.ends_with(".lua");
    if (is_script != schema) out.push_back(file);
  }
  return out;
}

// The change after which the group's letters were written: the last one before the first of them
// whose bundle they name.
const BundleEvent* change_before(const LetterGroup& group, const Evidence& evidence) {
  const BundleEvent* found = nullptr;
  for (const BundleEvent& event : evidence.bundles) {
    if (event.pipeline != group.pipeline || event.at_us > group.first_us) continue;
    // A start with what ran before is no change.
    if (event.previous.empty() || event.previous == event.hash) continue;
    found = &event;
  }
  return found != nullptr && group.bundles.contains(found->hash) ? found : nullptr;
}

void add_bundle_cause(const LetterGroup& group, const Evidence& evidence,
                      std::vector<Cause>& causes) {
  if (group.stage == "parse" || group.stage == "deliver") return;
  const BundleEvent* change = change_before(group, evidence);
  if (change == nullptr) return;
  Cause cause;
  cause.at_us = change->at_us;
  cause.files = files_for(group.stage, change->changed);
  const bool at_fault = !cause.files.empty();
  if (!at_fault) cause.files = change->changed;
  const int64_t later = group.first_us - change->at_us;
  cause.sure = at_fault && later <= kSoonUs && !group.bundles.contains(change->previous);
  if (!cause.sure && later > kSoonUs) return;
  const bool schema = group.stage == "validate" || group.stage == "output";
  cause.kind = !at_fault ? Cause::Kind::kBundle
               : schema  ? Cause::Kind::kSchema
                         : Cause::Kind::kScript;
  const std::string what = cause.files.empty() ? std::string("the bundle") : names_of(cause.files);
  cause.text = what + " changed at " + format_time_us(change->at_us) +
               (cause.sure ? ": no letter of this kind is older (bundle " : " (bundle ") +
               change->previous.substr(0, 12) + " -> " + change->hash.substr(0, 12) + ")";
  causes.push_back(std::move(cause));
}

void add_drift_causes(const LetterGroup& group, const Evidence& evidence,
                      std::vector<Cause>& causes) {
  if (group.stage != "validate" && group.stage != "transform" && group.stage != "output") return;
  constexpr size_t kMostRows = 2;
  size_t added = 0;
  for (const DriftRow& row : evidence.drift) {
    if (added == kMostRows) return;
    if (row.pipeline != group.pipeline || row.path != group.path) continue;
    if (!group.sources.contains(row.source)) continue;
    Cause cause;
    cause.kind = Cause::Kind::kDrift;
    cause.at_us = row.first_seen_us;
    cause.sure = std::abs(row.first_seen_us - group.first_us) <= kSameTimeUs;
    cause.text = "source " + row.source + " drifted at " +
                 (row.path.empty() ? std::string("the record itself") : row.path) + " since " +
                 format_time_us(row.first_seen_us) + " (" + row.kind +
                 (row.before.empty() ? std::string() : ": " + row.before + " -> " + row.after) +
                 ")";
    causes.push_back(std::move(cause));
    ++added;
  }
}

void add_sink_cause(const LetterGroup& group, std::vector<Cause>& causes) {
  if (group.stage != "deliver" || !is_retryable_reason(group.reason)) return;
  Cause cause;
  cause.kind = Cause::Kind::kSink;
  cause.at_us = group.first_us;
  cause.sure = true;
  cause.text = "sink " + group.sink + " could not take records from " +
               format_time_us(group.first_us) + " to " + format_time_us(group.last_us);
  causes.push_back(std::move(cause));
}

}  // namespace

std::string_view cause_kind_name(Cause::Kind kind) {
  switch (kind) {
    case Cause::Kind::kSchema:
      return "schema";
    case Cause::Kind::kScript:
      return "script";
    case Cause::Kind::kBundle:
      return "bundle";
    case Cause::Kind::kDrift:
      return "drift";
    case Cause::Kind::kSink:
      return "sink";
  }
  return "bundle";
}

const BundleEvent* Evidence::running(const std::string& pipeline) const {
  const auto at = std::find_if(bundles.rbegin(), bundles.rend(), [&](const BundleEvent& event) {
    return event.pipeline == pipeline;
  });
  return at == bundles.rend() ? nullptr : &*at;
}

Evidence read_evidence(const fs::path& state_dir) {
  Evidence out;
  EventReader reader;
  for (const std::string& line : AuditLog::lines_of(state_dir)) {
    if (!reader.read(line) || reader.text("event") != "bundle") continue;
    BundleEvent event;
    event.previous = reader.text("previous");
    if (!changes_what_runs(reader.text("outcome"), event.previous)) continue;
    event.at_us = reader.number("at_us");
    event.pipeline = reader.text("pipeline");
    event.hash = reader.text("hash");
    event.changed = reader.texts("changed");
    // A start does not say what ran before it.
    const BundleEvent* before = out.running(event.pipeline);
    if (event.previous.empty() && before != nullptr) event.previous = before->hash;
    if (event.changed.empty() && event.previous != event.hash) {
      event.changed = differing_files(state_dir / "bundles", event.previous, event.hash);
    }
    out.bundles.push_back(std::move(event));
  }
  if (const auto drift = open_drift_store(state_dir, true)) {
    if (auto rows = (*drift)->rows({})) {
      out.drift = std::move(rows).value();
      sort_drift(out.drift);
    }
  }
  return out;
}

std::vector<Cause> likely_causes(const LetterGroup& group, const Evidence& evidence) {
  std::vector<Cause> causes;
  add_bundle_cause(group, evidence, causes);
  add_sink_cause(group, causes);
  add_drift_causes(group, evidence, causes);
  std::stable_sort(causes.begin(), causes.end(),
                   [](const Cause& a, const Cause& b) { return a.sure && !b.sure; });
  return causes;
}

}  // namespace sluice::triage
