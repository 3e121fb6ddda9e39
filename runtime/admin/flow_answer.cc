// SPDX-License-Identifier: Apache-2.0
// POST /admin/drain, pause, brownout, burst, resume; GET /admin/pipelines.
#include <array>
#include <charconv>
#include <optional>

#include "runtime/admin/answer_json.h"
#include "runtime/admin/query.h"
#include "runtime/admin/runtime_backend.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

constexpr double kDefaultKeep = 0.1;

// What a query may hold; each at most once.
struct Asked {
  std::string pipeline;
  std::optional<double> number;  // rate or multiplier
  bool until_restart = false;
};

// The shortest text that is this number.
std::string number_text(double number) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::string(text.data(), end) : "0";
}

Result<double> parse_number(const std::string& name, const std::string& value, double least,
                            double most) {
  double number = 0;
  const char* const end = value.data() + value.size();
  const auto [last, error] = std::from_chars(value.data(), end, number, std::chars_format::fixed);
  if (error == std::errc() && last == end && number >= least && number <= most) return number;
  return invalid(name + ": '" + shorten(value, 40) + "' is not a number from " +
                 number_text(least) + " to " + number_text(most));
}

// `number`: the name of the one number that belongs to it; empty: none does.
Result<Asked> parse_flow(std::string_view query, std::string_view number, double least,
                         double most) {
  SLUICE_ASSIGN_OR_RETURN(const auto given, admin::parse_query(query));
  Asked out;
  for (const auto& [name, value] : given) {
    if (name == "pipeline") {
      out.pipeline = value;
    } else if (!number.empty() && name == number) {
      SLUICE_ASSIGN_OR_RETURN(out.number, parse_number(name, value, least, most));
    } else if (name == "until" && number != "multiplier") {
      if (value != "restart") return invalid("until: the only value is restart");
      out.until_restart = true;
    } else {
      std::string known = "pipeline";
      if (!number.empty()) known += ", " + std::string(number);
      if (number != "multiplier") known += ", until=restart";
      return invalid("'" + shorten(name, 40) + "' is not known here; use " + known);
    }
  }
  return out;
}

void put_names(std::string& out, const char* name, const std::vector<std::string>& names) {
  out.append("\"").append(name).append("\":[");
  for (size_t i = 0; i < names.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, names[i]);
  }
  out += ']';
}

void put_pipeline(admin::Writer& writer, const PipelineSnapshot& pipeline) {
  const FlowControl::Status& flow = pipeline.flow;
  writer.StartObject();
  admin::put(writer, "tenant", pipeline.tenant);
  admin::put(writer, "state", std::string(name_of(flow.state)));
  admin::put_time(writer, "since", flow.since_us);
  admin::put(writer, "cause", flow.cause);
  admin::put(writer, "way_out", flow.way_out);
  writer.Key("rate");
  writer.Double(flow.keep);
  writer.Key("burst_multiplier");
  if (pipeline.multiplier) {
    writer.Double(*pipeline.multiplier);
  } else {
    writer.Null();
  }
  writer.Key("in_flight");
  writer.Uint64(pipeline.account.in_flight());
  writer.Key("transitions");
  writer.StartArray();
  for (auto change = flow.transitions.rbegin(); change != flow.transitions.rend(); ++change) {
    writer.StartObject();
    admin::put_time(writer, "at", change->at_us);
    admin::put(writer, "from", std::string(name_of(change->from)));
    admin::put(writer, "to", std::string(name_of(change->to)));
    admin::put(writer, "cause", change->cause);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
}

}  // namespace

std::string RuntimeBackend::pipelines_json() {
  rapidjson::StringBuffer buffer;
  admin::Writer writer(buffer);
  writer.StartObject();
  writer.Key("pipelines");
  writer.StartObject();
  for (const PipelineSnapshot& pipeline : runtime_.snapshot().pipelines) {
    writer.Key(pipeline.name.c_str());
    put_pipeline(writer, pipeline);
  }
  writer.EndObject();
  writer.EndObject();
  return admin::text_of(buffer);
}

AdminBackend::Reply RuntimeBackend::order_flow(std::string_view state, std::string_view query) {
  const bool brownout = state == "brownout";
  const auto asked = parse_flow(query, brownout ? "rate" : "", 0, 1);
  if (!asked) return refused(asked.status());
  FlowOrder order;
  order.state = flow_state(state).value_or(FlowState::kDrain);
  order.cause = "an operator asked for it";
  order.lasting = !asked->until_restart;
  if (brownout) order.keep = asked->number.value_or(kDefaultKeep);
  const auto names = runtime_.flow().order(asked->pipeline, order);
  if (!names) return refused(names.status());
  Reply reply;
  reply.members = "\"state\":\"" + std::string(state) + "\",";
  put_names(reply.members, "pipelines", *names);
  if (!brownout) return reply;
  reply.members += ",\"rate\":" + number_text(order.keep);
  std::vector<std::string> idle;
  for (const PipelineSnapshot& pipeline : runtime_.snapshot().pipelines) {
    const bool meant = asked->pipeline.empty() || asked->pipeline == pipeline.name;
    if (meant && !pipeline.low_priority) idle.push_back(pipeline.name);
  }
  if (idle.empty()) return reply;
  reply.members += ',';
  put_names(reply.members, "nothing_low", idle);
  reply.members +=
      ",\"note\":\"nothing of these pipelines is marked low, so nothing is held back; set "
      "priority: low on a source\"";
  return reply;
}

AdminBackend::Reply RuntimeBackend::burst(std::string_view query) {
  const auto asked =
      parse_flow(query, "multiplier", FlowDesk::kLeastMultiplier, FlowDesk::kMostMultiplier);
  if (!asked) return refused(asked.status());
  const auto names = runtime_.flow().multiply(asked->pipeline, asked->number);
  if (!names) return refused(names.status());
  Reply reply;
  put_names(reply.members, "pipelines", *names);
  reply.members +=
      ",\"multiplier\":" + (asked->number ? number_text(*asked->number) : std::string("null"));
  return reply;
}

// What was held back goes on: pipelines that an operator stopped, and sources that a flood of dead
// letters paused.
AdminBackend::Reply RuntimeBackend::resume(std::string_view pipeline) {
  const auto names = runtime_.flow().resume(pipeline);
  if (!names) return refused(names.status());
  const auto sources = runtime_.resume_bursts(pipeline);
  if (!sources) return refused(sources.status());
  Reply reply;
  put_names(reply.members, "pipelines", *names);
  reply.members += ',';
  put_names(reply.members, "resumed", *sources);
  return reply;
}

}  // namespace sluice
