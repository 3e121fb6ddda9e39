// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/script/check_script.h"

#include <vector>

#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/record/document.h"
#include "runtime/script/script.h"

namespace sluice {
namespace {

ScriptLimits small_limits() {
  ScriptLimits limits;
  limits.cpu_us = 50'000;
  limits.wall_us = 5'000'000;
  limits.memory_bytes = 4 << 20;
  limits.instructions = 20'000;
  limits.output_bytes = 64 << 10;
  limits.emitted = 8;
  limits.log_lines = 3;
  limits.depth = 40;
  return limits;
}

struct Answer {
  ScriptOutcome outcome = ScriptOutcome::kFiltered;
  std::string text;  // reason and detail, or the parts
  bool timed = false;
};

std::string check_part(const ScriptPart& part) {
  Document document;
  const ParseResult parsed = document.parse(part.value, ParseLimits{64 << 10, 200});
  if (!parsed) return std::string("a result that is no JSON: ") + parsed.message;
  if (document.has_line_breaks()) return "a result on two lines";
  if (!part.has_key && !part.key.empty()) return "a key that is none";
  return "";
}

RecordMeta some_meta() {
  static constexpr RecordMeta::Header kHeaders[] = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  RecordMeta meta;
  meta.tenant = "t";
  meta.key = "k";
  meta.has_key = true;
  meta.time_us = 1'600'000'000'000'000;
  meta.headers = kHeaders;
  meta.header_count = 3;
  return meta;
}

std::string check_unmarked(const Document& document) {
  for (NodeIndex i = 0; i < document.size(); ++i) {
    if ((document.node(i).info & TapeNode::kEdited) != 0) return "a node is still marked as edited";
  }
  return "";
}

// Several records in one call, if the script takes them so.
std::string run_batch(ScriptRunner& runner, std::string_view record, const ScriptLimits& limits) {
  if (runner.batch_records() == 0) return "";
  const RecordMeta meta = some_meta();
  Document documents[3];
  ScriptRunner::BatchItem items[3];
  for (size_t i = 0; i < 3; ++i) {
    documents[i].parse(i == 1 ? std::string_view(R"({"o":{"a":[1,2]},"l":["x"]})") : record, {});
    items[i].document = &documents[i];
    items[i].meta = &meta;
  }
  Arena arena;
  std::vector<ScriptPart> parts;
  runner.run_batch(items, arena, parts);
  for (const ScriptRunner::BatchItem& item : items) {
    if (std::string wrong = check_unmarked(*item.document); !wrong.empty()) return wrong;
    const bool has_parts = item.result.outcome == ScriptOutcome::kParts;
    if (!has_parts && item.parts != 0) return "parts of a record that has none";
    if (item.parts > limits.emitted + 1) return "more parts than may be emitted";
    if (item.first_part + item.parts > parts.size()) return "parts that are not there";
    for (size_t k = 0; k < item.parts; ++k) {
      if (std::string wrong = check_part(parts[item.first_part + k]); !wrong.empty()) return wrong;
    }
  }
  return "";
}

// Runs the script once; the document must be as before.
std::string run_once(ScriptRunner& runner, Document& document, const ScriptLimits& limits,
                     Answer* answer) {
  const RecordMeta meta = some_meta();
  Arena arena;
  std::vector<ScriptPart> parts;
  const std::string before(document.json(Document::root()));
  const ScriptResult result = runner.run(document, meta, arena, parts);
  answer->outcome = result.outcome;
  // Which of several errors is met first depends on the order of a table's members.
  answer->text = result.reason;
  if (result.reason != "TRANSFORM_ERROR") answer->text += ": " + result.detail;
  answer->timed = result.detail.find("(cpu_us)") != std::string::npos ||
                  result.detail.find("(wall_us)") != std::string::npos;
  if (document.json(Document::root()) != before) return "the document is not as before";
  if (std::string wrong = check_unmarked(document); !wrong.empty()) return wrong;
  if (result.outcome == ScriptOutcome::kRejected && result.detail.empty()) {
    return "a reject without a reason";
  }
  if (result.outcome != ScriptOutcome::kParts) {
    return parts.empty() ? "" : "parts of a record that has none";
  }
  if (parts.size() > limits.emitted + 1) return "more parts than may be emitted";
  uint64_t bytes = 0;
  for (const ScriptPart& part : parts) {
    bytes += part.value.size() + part.key.size() + part.sink.size();
    if (std::string wrong = check_part(part); !wrong.empty()) return wrong;
    answer->text += std::string(part.value) + "|" + std::string(part.key) + "\n";
  }
  return bytes > limits.output_bytes ? "more output than the limit" : "";
}

// What Lua leaves open: the order of a table's members, and where a list with holes ends.
bool is_determined(const std::string& text) {
  for (const char* const open : {"pairs", "next", "#", "unpack", "rawlen", "sort", "__mode",
                                 "totable", "deepcopy", "insert", "remove", "concat"}) {
    if (text.find(open) != std::string::npos) return false;
  }
  return true;
}

}  // namespace

std::string check_script(const std::string& text, std::string_view record) {
  log::set_level(log::Level::kError);
  Document document;
  if (!document.parse(record, ParseLimits{})) return "";
  const ScriptLimits limits = small_limits();
  const auto script = Script::from_text("fuzz.lua", text, {}, limits);
  if (!script) return script.status().message().empty() ? "a refusal without a reason" : "";
  auto first = ScriptRunner::create(*script);
  auto second = ScriptRunner::create(*script);
  if (!first || !second) return "";  // a cap on time may be hit the next time
  Answer answers[2];
  for (int i = 0; i < 2; ++i) {
    ScriptRunner& runner = i == 0 ? **first : **second;
    if (std::string wrong = run_once(runner, document, limits, &answers[i]); !wrong.empty()) {
      return wrong;
    }
  }
  if (is_determined(text) && !answers[0].timed && !answers[1].timed &&
      answers[0].text != answers[1].text) {
    return "two states answer differently: " + answers[0].text + " and " + answers[1].text;
  }
  // The next record through the same state, which may hold on to what it saw.
  Answer again;
  std::string wrong = run_once(**first, document, limits, &again);
  if (wrong.empty()) wrong = run_batch(**first, record, limits);
  return wrong;
}

}  // namespace sluice
