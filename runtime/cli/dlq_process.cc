// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/dlq_process.h"

#include "runtime/base/text.h"
#include "runtime/record/document.h"

namespace sluice::cli {
namespace {

constexpr ParseLimits kAnswerLimits{64U << 20, 32};

std::filesystem::path whole_path(const std::filesystem::path& path) {
  std::error_code error;
  auto out = std::filesystem::weakly_canonical(path, error);
  return error ? path : out;
}

// Members of one object of an answer.
class AnswerReader {
 public:
  AnswerReader(const Document& document, NodeIndex object) : document_(document), object_(object) {}

  std::string text(std::string_view name) {
    const NodeIndex at = find(name);
    if (at == kNoNode || document_.kind(at) != JsonKind::kString) return {};
    return std::string(document_.string(at, arena_));
  }
  uint64_t number(std::string_view name) const {
    const NodeIndex at = find(name);
    uint64_t value = 0;
    if (at != kNoNode && document_.kind(at) == JsonKind::kNumber) {
      static_cast<void>(document_.uint64(at, &value));
    }
    return value;
  }
  [[nodiscard]] NodeIndex object(std::string_view name) const {
    const NodeIndex at = find(name);
    return at != kNoNode && document_.kind(at) == JsonKind::kObject ? at : kNoNode;
  }
  std::map<std::string, uint64_t> counts(NodeIndex object) {
    std::map<std::string, uint64_t> out;
    NodeIndex name = document_.first_child(object);
    for (uint32_t i = document_.count(object); i > 0; --i) {
      const NodeIndex value = document_.next(name);
      uint64_t n = 0;
      if (document_.kind(value) == JsonKind::kNumber) {
        static_cast<void>(document_.uint64(value, &n));
      }
      out[std::string(document_.string(name, arena_))] = n;
      name = document_.next(value);
    }
    return out;
  }

 private:
  [[nodiscard]] NodeIndex find(std::string_view name) const {
    return document_.kind(object_) == JsonKind::kObject ? document_.find(object_, name) : kNoNode;
  }

  const Document& document_;
  const NodeIndex object_;
  Arena arena_{4096};
};

}  // namespace

std::optional<std::string> find_dlq_process(const DlqPlace& place) {
  if (!place.config) return std::nullopt;
  const std::string address = admin_address(*place.config);
  if (address.empty()) return std::nullopt;
  const auto body = admin_get(address, "/admin/dlq/redrive");
  if (!body) return std::nullopt;
  Document document;
  if (!document.parse(*body, kAnswerLimits)) return std::nullopt;
  AnswerReader top(document, Document::root());
  const std::filesystem::path there(top.text("state_dir"));
  if (whole_path(place.state_dir) != there) return std::nullopt;
  return address;
}

Status refusal_of(const AdminAnswer& answer) {
  Document document;
  std::string why = shorten(answer.body, 500);
  if (document.parse(answer.body, kAnswerLimits)) {
    why = AnswerReader(document, Document::root()).text("detail");
  }
  switch (answer.status) {
    case 400:
      return invalid(std::move(why));
    case 404:
      return not_found(std::move(why));
    case 409:
      return {Code::kExists, std::move(why)};
    default:
      return unavailable(std::move(why));
  }
}

Result<RedriveSeen> read_redrive(const std::string& body) {
  Document document;
  if (!document.parse(body, kAnswerLimits)) return internal("the admin API's answer is not JSON");
  const NodeIndex at = AnswerReader(document, Document::root()).object("redrive");
  if (at == kNoNode) return internal("the admin API's answer names no redrive");
  AnswerReader reader(document, at);
  RedriveSeen out;
  out.plan.id = reader.number("id");
  out.plan.state = reader.text("state");
  out.plan.chosen = reader.number("chosen");
  out.plan.left = reader.number("left");
  out.plan.committed = reader.number("committed");
  out.plan.duplicate = reader.number("duplicate");
  out.plan.filtered = reader.number("filtered");
  out.plan.failed = reader.number("failed");
  out.plan.gone = reader.number("gone");
  if (const NodeIndex reasons = reader.object("reasons"); reasons != kNoNode) {
    out.plan.reasons = reader.counts(reasons);
  }
  out.id = out.plan.id;
  out.state = out.plan.state;
  out.json = document.json(at);
  return out;
}

Result<DryRunReport> read_dry_run(const std::string& body) {
  Document document;
  if (!document.parse(body, kAnswerLimits)) return internal("the admin API's answer is not JSON");
  AnswerReader top(document, Document::root());
  DryRunReport out;
  out.letters = top.number("letters");
  if (const NodeIndex outcomes = top.object("outcomes"); outcomes != kNoNode) {
    out.reasons = top.counts(outcomes);
  }
  const std::pair<const char*, uint64_t*> known[] = {
      {"pass", &out.pass}, {"filtered", &out.filtered}, {"duplicate", &out.duplicate}};
  for (const auto& [name, to] : known) {
    *to = out.reasons[name];
    out.reasons.erase(name);
  }
  if (const NodeIndex examples = top.object("examples"); examples != kNoNode) {
    AnswerReader reader(document, examples);
    for (const auto& [reason, n] : out.reasons) out.examples[reason] = reader.text(reason);
  }
  return out;
}

}  // namespace sluice::cli
