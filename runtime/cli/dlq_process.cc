// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/dlq_process.h"

#include "runtime/base/text.h"
#include "runtime/cli/admin_answer.h"
#include "runtime/record/document.h"

namespace sluice::cli {
namespace {

constexpr ParseLimits kAnswerLimits{64U << 20, 32};

}  // namespace

std::optional<std::string> find_dlq_process(const DlqPlace& place) {
  if (!place.config) return std::nullopt;
  const std::string address = admin_address(*place.config);
  if (address.empty()) return std::nullopt;
  const auto body = admin_get(address, "/admin/dlq/redrive");
  if (!body) return std::nullopt;
  Document document;
  if (!document.parse(*body, kAnswerLimits)) return std::nullopt;
  if (!answers_for(document, place.state_dir)) return std::nullopt;
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
