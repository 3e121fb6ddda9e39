// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/bundle_change.h"

#include <sys/stat.h>

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/record/arena.h"
#include "runtime/store/audit_log.h"

namespace sluice {
namespace {

constexpr std::string_view kEvent = "bundle";
constexpr size_t kMostTexts = 100;        // files or warnings named in one change
constexpr size_t kMostErrorBytes = 8192;  // an error lists several places at most

void add_name(std::string& out, std::string_view name) {
  if (!out.empty()) out += ',';
  append_json_string(out, name);
  out += ':';
}

void add_text(std::string& out, std::string_view name, std::string_view value) {
  add_name(out, name);
  append_json_string(out, value);
}

void add_given(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) add_text(out, name, value);
}

void add_texts(std::string& out, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  add_name(out, name);
  for (size_t i = 0; i < values.size() && i < kMostTexts; ++i) {
    out += i == 0 ? '[' : ',';
    append_json_string(out, values[i]);
  }
  out += ']';
}

void add_tests(std::string& out, const TestCounts& tests) {
  add_name(out, "tests");
  out += "{\"passed\":" + std::to_string(tests.passed) +
         ",\"failed\":" + std::to_string(tests.failed) +
         ",\"skipped\":" + std::to_string(tests.skipped) + "}";
}

// Reads the members of one object.
class ChangeReader {
 public:
  ChangeReader(const Document& document, NodeIndex object) : document_(document), object_(object) {}

  std::string text(std::string_view name) {
    const NodeIndex at = document_.find(object_, name);
    if (at == kNoNode || document_.kind(at) != JsonKind::kString) return {};
    return std::string(document_.string(at, arena_));
  }
  std::vector<std::string> texts(std::string_view name) {
    std::vector<std::string> out;
    const NodeIndex list = document_.find(object_, name);
    if (list == kNoNode || document_.kind(list) != JsonKind::kArray) return out;
    NodeIndex item = document_.first_child(list);
    for (uint32_t i = document_.count(list); i > 0; --i, item = document_.next(item)) {
      if (document_.kind(item) != JsonKind::kString) continue;
      out.emplace_back(document_.string(item, arena_));
    }
    return out;
  }
  // The text of an object.
  std::string object(std::string_view name) {
    const NodeIndex at = object_at(name);
    return at == kNoNode ? std::string() : std::string(document_.json(at));
  }
  int64_t number(std::string_view name) {
    const NodeIndex at = document_.find(object_, name);
    int64_t value = 0;
    if (at == kNoNode || !document_.int64(at, &value)) return 0;
    return value;
  }
  NodeIndex object_at(std::string_view name) {
    const NodeIndex at = document_.find(object_, name);
    return at != kNoNode && document_.kind(at) == JsonKind::kObject ? at : kNoNode;
  }

 private:
  const Document& document_;
  const NodeIndex object_;
  Arena arena_;
};

}  // namespace

std::string change_members(const BundleChange& change, bool for_audit) {
  std::string out;
  add_text(out, "at", format_time_us(change.at_us));
  if (for_audit) {
    add_name(out, "at_us");
    out += std::to_string(change.at_us);
    add_text(out, "event", kEvent);
    add_text(out, "pipeline", change.pipeline);
  }
  add_text(out, "outcome", change.outcome);
  add_text(out, "trigger", change.trigger);
  add_text(out, "hash", change.hash);
  add_given(out, "previous", change.previous);
  add_given(out, "candidate", change.candidate);
  add_given(out, "script", change.script);
  if (change.authored_us != 0) {
    add_text(out, "authored_at", format_time_us(change.authored_us));
    if (for_audit) {
      add_name(out, "authored_us");
      out += std::to_string(change.authored_us);
    }
  }
  add_texts(out, "changed", change.changed);
  add_texts(out, "warnings", change.warnings);
  if (change.tests) add_tests(out, *change.tests);
  if (!change.shadow.empty()) {
    add_name(out, "shadow");
    out += change.shadow;
  }
  if (!change.rollout.empty()) {
    add_name(out, "rollout");
    out += change.rollout;
  }
  add_given(out, "error", shorten(change.error, kMostErrorBytes));
  return out;
}

std::string change_json(const BundleChange& change) {
  return "{" + change_members(change, true) + "}";
}

std::optional<BundleChange> read_change(const std::string& line, Document& document) {
  const ParseLimits limits{.max_bytes = AuditLog::kMaxBytes, .max_depth = 16};
  if (!document.parse(line, limits) || document.kind(Document::root()) != JsonKind::kObject) {
    return std::nullopt;
  }
  ChangeReader reader(document, Document::root());
  if (reader.text("event") != kEvent) return std::nullopt;
  BundleChange out;
  out.at_us = reader.number("at_us");
  if (out.at_us == 0) return std::nullopt;
  out.pipeline = reader.text("pipeline");
  out.outcome = reader.text("outcome");
  out.trigger = reader.text("trigger");
  out.hash = reader.text("hash");
  out.previous = reader.text("previous");
  out.candidate = reader.text("candidate");
  out.script = reader.text("script");
  out.authored_us = reader.number("authored_us");
  out.changed = reader.texts("changed");
  out.warnings = reader.texts("warnings");
  out.error = reader.text("error");
  out.shadow = reader.object("shadow");
  out.rollout = reader.object("rollout");
  if (const NodeIndex at = reader.object_at("tests"); at != kNoNode) {
    ChangeReader tests(document, at);
    out.tests = TestCounts{static_cast<uint64_t>(tests.number("passed")),
                           static_cast<uint64_t>(tests.number("failed")),
                           static_cast<uint64_t>(tests.number("skipped"))};
  }
  return out;
}

int64_t authored_us(const Bundle& bundle) {
  int64_t youngest = 0;
  for (const auto& [path, hash] : bundle.files) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) continue;
    const int64_t us = int64_t{found.st_mtim.tv_sec} * 1'000'000 + found.st_mtim.tv_nsec / 1000;
    youngest = std::max(youngest, us);
  }
  return youngest;
}

}  // namespace sluice
