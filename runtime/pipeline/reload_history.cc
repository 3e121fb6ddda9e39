// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/reload_history.h"

#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/record/arena.h"
#include "runtime/record/document.h"

namespace sluice {
namespace {

constexpr std::string_view kEvent = "bundle";
constexpr size_t kMostChanged = 100;      // files named in one change
constexpr size_t kMostErrorBytes = 8192;  // an error lists several places at most

void add_text(std::string& out, std::string_view name, std::string_view value) {
  out += out.back() == '{' ? "" : ",";
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

// A member's text, or nothing.
std::string text_of(const Document& document, std::string_view name, Arena& arena) {
  const NodeIndex node = document.find(Document::root(), name);
  if (node == kNoNode || document.kind(node) != JsonKind::kString) return {};
  return std::string(document.string(node, arena));
}

// A line of an earlier run; false for lines of other events.
bool read_change(const std::string& line, Document& document, BundleChange* out) {
  const ParseLimits limits{.max_bytes = AuditLog::kMaxBytes, .max_depth = 4};
  if (!document.parse(line, limits) || document.kind(Document::root()) != JsonKind::kObject) {
    return false;
  }
  Arena arena;
  if (text_of(document, "event", arena) != kEvent) return false;
  const NodeIndex at = document.find(Document::root(), "at_us");
  if (at == kNoNode || !document.int64(at, &out->at_us)) return false;
  out->pipeline = text_of(document, "pipeline", arena);
  out->outcome = text_of(document, "outcome", arena);
  out->trigger = text_of(document, "trigger", arena);
  out->hash = text_of(document, "hash", arena);
  out->previous = text_of(document, "previous", arena);
  out->error = text_of(document, "error", arena);
  const NodeIndex changed = document.find(Document::root(), "changed");
  if (changed == kNoNode || document.kind(changed) != JsonKind::kArray) return true;
  NodeIndex item = document.first_child(changed);
  for (uint32_t i = document.count(changed); i > 0; --i, item = document.next(item)) {
    if (document.kind(item) != JsonKind::kString) continue;
    out->changed.emplace_back(document.string(item, arena));
  }
  return true;
}

}  // namespace

std::string change_json(const BundleChange& change) {
  std::string out = "{";
  add_text(out, "at", format_time_us(change.at_us));
  out += ",\"at_us\":" + std::to_string(change.at_us);
  add_text(out, "event", kEvent);
  add_text(out, "pipeline", change.pipeline);
  add_text(out, "outcome", change.outcome);
  add_text(out, "trigger", change.trigger);
  add_text(out, "hash", change.hash);
  if (!change.previous.empty()) add_text(out, "previous", change.previous);
  if (!change.changed.empty()) {
    out += ",\"changed\":[";
    for (size_t i = 0; i < change.changed.size() && i < kMostChanged; ++i) {
      if (i != 0) out += ',';
      append_json_string(out, change.changed[i]);
    }
    out += ']';
  }
  if (!change.error.empty()) add_text(out, "error", shorten(change.error, kMostErrorBytes));
  return out + "}";
}

ReloadHistory::ReloadHistory(AuditLog* audit) : audit_(audit) {
  if (audit_ == nullptr) return;
  Document document;
  MutexLock lock(mutex_);
  for (const std::string& line : audit_->lines()) {
    BundleChange change;
    if (read_change(line, document, &change)) keep(change);
  }
}

void ReloadHistory::keep(const BundleChange& change) {
  Pipeline& pipeline = pipelines_[change.pipeline];
  if (change.outcome == "started" || change.outcome == "activated") {
    pipeline.active_since_us = change.at_us;
  }
  pipeline.changes.push_back(change);
  if (pipeline.changes.size() > kKept) pipeline.changes.pop_front();
}

void ReloadHistory::note(const BundleChange& change) {
  MutexLock lock(mutex_);
  keep(change);
}

void ReloadHistory::write(const BundleChange& change) {
  if (audit_ == nullptr) return;
  if (const Status written = audit_->append(change_json(change)); !written) {
    log::warn("audit.failed", "a change is not in the audit log: " + written.message(),
              {{"pipeline", change.pipeline}});
  }
}

std::map<std::string, ReloadHistory::Pipeline> ReloadHistory::snapshot() const {
  MutexLock lock(mutex_);
  return pipelines_;
}

}  // namespace sluice
