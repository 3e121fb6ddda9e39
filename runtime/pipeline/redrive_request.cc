// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/redrive_request.h"

#include <cstdio>

#include "runtime/base/text.h"

namespace sluice {
namespace {

constexpr ParseLimits kRequestLimits{16U << 20, 16};

class RedriveRequestReader {
 public:
  explicit RedriveRequestReader(const Document& document) : document_(document) {}

  Status member(NodeIndex name, RedriveRequest& out) {
    const std::string_view key = document_.string(name, arena_);
    const NodeIndex value = document_.next(name);
    if (key == "selection") {
      SLUICE_ASSIGN_OR_RETURN(out.selection, triage::read_selection(document_, value));
      return Status::ok();
    }
    if (key == "from") return from(value, out.from);
    if (key == "force") return flag(key, value, out.force);
    if (key == "allow_overwrite") return flag(key, value, out.allow_overwrite);
    if (key == "dry_run") return flag(key, value, out.dry_run);
    if (key == "rate") {
      if (document_.kind(value) == JsonKind::kNumber && document_.number(value, &out.rate) &&
          out.rate >= 0) {
        return Status::ok();
      }
      return invalid("'rate': expected letters a second");
    }
    if (key == "who") {
      if (document_.kind(value) != JsonKind::kString) return invalid("'who': expected a text");
      out.who = shorten(document_.string(value, arena_), 200);
      return Status::ok();
    }
    return invalid("'" + shorten(key, 60) + "' is not a member of a redrive");
  }

 private:
  Status flag(std::string_view key, NodeIndex value, bool& out) const {
    const JsonKind kind = document_.kind(value);
    if (kind != JsonKind::kTrue && kind != JsonKind::kFalse) {
      return invalid("'" + std::string(key) + "': expected true or false");
    }
    out = kind == JsonKind::kTrue;
    return Status::ok();
  }
  Status from(NodeIndex value, RedriveFrom& out) {
    std::string_view text;
    if (document_.kind(value) == JsonKind::kString) text = document_.string(value, arena_);
    for (const RedriveFrom each :
         {RedriveFrom::kRaw, RedriveFrom::kTransform, RedriveFrom::kSink}) {
      if (text != redrive_from_name(each)) continue;
      out = each;
      return Status::ok();
    }
    return invalid("'from': expected raw, transform or sink");
  }

  const Document& document_;
  Arena arena_{4096};
};

void add_request_flag(std::string& out, std::string_view name, bool value) {
  out.append(",\"").append(name).append("\":").append(value ? "true" : "false");
}

void add_plan_count(std::string& out, std::string_view name, uint64_t value) {
  out.append(",\"").append(name).append("\":").append(std::to_string(value));
}

}  // namespace

std::string redrive_request_json(const RedriveRequest& request) {
  std::string out = "{\"selection\":" + triage::selection_json(request.selection) + ",\"from\":\"";
  out.append(redrive_from_name(request.from)).append("\"");
  add_request_flag(out, "force", request.force);
  add_request_flag(out, "allow_overwrite", request.allow_overwrite);
  add_request_flag(out, "dry_run", request.dry_run);
  char rate[32];
  std::snprintf(rate, sizeof rate, "%.9g", request.rate);
  out.append(",\"rate\":").append(rate).append(",\"who\":");
  append_json_string(out, request.who);
  return out + "}";
}

Result<RedriveRequest> read_redrive_request(std::string_view json) {
  RedriveRequest out;
  if (json.empty()) return out;
  Document document;
  const ParseResult parsed = document.parse(json, kRequestLimits);
  if (!parsed) {
    return invalid(std::string("the body is not JSON: ") + parsed.message + " (at byte " +
                   std::to_string(parsed.offset) + ")");
  }
  if (document.kind(Document::root()) != JsonKind::kObject) {
    return invalid("the body: expected a JSON object");
  }
  RedriveRequestReader reader(document);
  NodeIndex name = document.first_child(Document::root());
  for (uint32_t i = document.count(Document::root()); i > 0; --i) {
    SLUICE_RETURN_IF_ERROR(reader.member(name, out));
    name = document.next(document.next(name));
  }
  return out;
}

std::string redrive_plan_json(const RedrivePlan& plan) {
  std::string out = "{\"id\":" + std::to_string(plan.id) + ",\"state\":";
  append_json_string(out, plan.state);
  out += ",\"who\":";
  append_json_string(out, plan.who);
  out += ",\"created_at\":\"" + format_time_us(plan.created_us) + "\",\"updated_at\":\"" +
         format_time_us(plan.updated_us) + "\"";
  add_plan_count(out, "chosen", plan.chosen);
  add_plan_count(out, "left", plan.left);
  add_plan_count(out, "committed", plan.committed);
  add_plan_count(out, "duplicate", plan.duplicate);
  add_plan_count(out, "filtered", plan.filtered);
  add_plan_count(out, "failed", plan.failed);
  add_plan_count(out, "gone", plan.gone);
  out += ",\"reasons\":{";
  for (const auto& [reason, n] : plan.reasons) {
    if (out.back() != '{') out += ',';
    append_json_string(out, reason);
    out += ':' + std::to_string(n);
  }
  return out + "},\"request\":" + (plan.options.empty() ? "{}" : plan.options) + "}";
}

}  // namespace sluice
