// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/flow_desk.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "runtime/base/file.h"
#include "runtime/base/log.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

constexpr uint64_t kMaxBytes = 1 << 20;
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& writer, const char* name, const std::string& text) {
  writer.Key(name);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

bool is_number(const rapidjson::Value& value, const char* name, double least, double most) {
  return value.HasMember(name) && value[name].IsNumber() && value[name].GetDouble() >= least &&
         value[name].GetDouble() <= most;
}

bool read_order(const rapidjson::Value& value, FlowOrder& out) {
  if (!value.IsObject() || !value.HasMember("state") || !value["state"].IsString()) return false;
  const auto state = flow_state(value["state"].GetString());
  if (!state || *state == FlowState::kThrottled) return false;
  if (!is_number(value, "keep", 0, 1) || !value.HasMember("cause") || !value["cause"].IsString() ||
      !value.HasMember("at_us") || !value["at_us"].IsInt64()) {
    return false;
  }
  out.state = *state;
  out.keep = value["keep"].GetDouble();
  out.cause = value["cause"].GetString();
  out.at_us = value["at_us"].GetInt64();
  return true;
}

}  // namespace

Result<std::vector<Pipeline*>> FlowDesk::chosen(std::string_view name) const {
  std::vector<Pipeline*> out;
  for (Pipeline* pipeline : context_.pipelines) {
    if (name.empty() || pipeline->config().name == name) out.push_back(pipeline);
  }
  if (out.empty()) return not_found("there is no pipeline '" + std::string(name) + "'");
  return out;
}

Status FlowDesk::restore(bool apply) {
  MutexLock lock(mutex_);
  auto text = read_file(file(), kMaxBytes);
  if (!text && text.status().code() == Code::kNotFound) return Status::ok();
  if (!text) return text.status();
  SLUICE_RETURN_IF_ERROR(read(*text));
  for (Pipeline* pipeline : context_.pipelines) {
    const auto at = kept_.find(pipeline->config().name);
    if (at == kept_.end()) continue;
    const Kept& kept = at->second;
    if (kept.multiplier && pipeline->rate_limit() != nullptr) {
      pipeline->rate_limit()->set_multiplier(*kept.multiplier);
      log::warn("flow.kept",
                "the rate limit is still multiplied as an operator asked; POST /admin/burst "
                "without a number takes it back",
                {{"pipeline", at->first}, {"multiplier", std::to_string(*kept.multiplier)}});
    }
    if (kept.order.state == FlowState::kNormal) continue;
    const std::string state(name_of(kept.order.state));
    if (!apply) {
      log::warn("flow.kept",
                "an operator's " + state + " of " + format_time_us(kept.order.at_us) +
                    " does not hold for a finite run",
                {{"pipeline", at->first}});
      continue;
    }
    log::warn("flow.kept",
              "still in state " + state + ", as an operator asked at " +
                  format_time_us(kept.order.at_us) + "; POST /admin/resume takes it back",
              {{"pipeline", at->first}});
    pipeline->flow().order(kept.order);
  }
  return Status::ok();
}

Result<FlowDesk::Names> FlowDesk::order(std::string_view pipeline, FlowOrder order) {
  SLUICE_ASSIGN_OR_RETURN(const auto pipelines, chosen(pipeline));
  order.at_us = context_.clock->wall_us();
  MutexLock lock(mutex_);
  Names names;
  for (Pipeline* one : pipelines) {
    one->flow().order(order);
    names.push_back(one->config().name);
    kept_[names.back()].order = order.lasting ? order : FlowOrder();
  }
  std::string members = ",\"lasting\":";
  members += order.lasting ? "true" : "false";
  if (order.state == FlowState::kBrownout) members += ",\"keep\":" + std::to_string(order.keep);
  SLUICE_RETURN_IF_ERROR(save(name_of(order.state), names, members));
  return names;
}

Result<FlowDesk::Names> FlowDesk::resume(std::string_view pipeline) {
  SLUICE_ASSIGN_OR_RETURN(const auto pipelines, chosen(pipeline));
  FlowOrder normal;
  normal.cause = "an operator asked for it";
  normal.at_us = context_.clock->wall_us();
  MutexLock lock(mutex_);
  Names names;
  for (Pipeline* one : pipelines) {
    const FlowState before = one->flow().status().state;
    one->flow().order(normal);
    kept_[one->config().name].order = FlowOrder();
    if (before > FlowState::kThrottled) names.push_back(one->config().name);
  }
  if (!names.empty()) SLUICE_RETURN_IF_ERROR(save("resume", names, ""));
  return names;
}

Result<FlowDesk::Names> FlowDesk::multiply(std::string_view pipeline,
                                           std::optional<double> multiplier) {
  SLUICE_ASSIGN_OR_RETURN(const auto pipelines, chosen(pipeline));
  MutexLock lock(mutex_);
  Names names;
  for (Pipeline* one : pipelines) {
    if (one->rate_limit() == nullptr) continue;
    const PipelineConfig& config = one->config();
    one->rate_limit()->set_multiplier(multiplier.value_or(config.flow.burst_multiplier));
    kept_[config.name].multiplier = multiplier;
    names.push_back(config.name);
  }
  if (names.empty()) {
    return Status(Code::kExists,
                  "there is no rate limit to multiply: set flow.rate of the pipeline");
  }
  SLUICE_RETURN_IF_ERROR(save(
      "burst", names, ",\"multiplier\":" + (multiplier ? std::to_string(*multiplier) : "null")));
  return names;
}

// Written down once it is done: what an operator asked for must not wait for a disk.
Status FlowDesk::save(std::string_view action, const Names& names, const std::string& members) {
  for (const std::string& name : names) {
    std::string line = "{\"event\":\"flow\",\"at_us\":";
    line += std::to_string(context_.clock->wall_us()) + ",\"pipeline\":";
    append_json_string(line, name);
    line += ",\"state\":";
    append_json_string(line, action);
    line += members + "}";
    if (const Status written = context_.audit->append(line); !written) {
      log::warn("audit.failed", "a change is not in the audit log: " + written.message(),
                {{"pipeline", name}});
    }
  }
  Status written = write_file_atomic(file(), text());
  if (written) return written;
  return unavailable("it is done, but a restart would not know of it: " + written.message());
}

std::string FlowDesk::text() const {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  for (const auto& [name, kept] : kept_) {
    if (kept.order.state == FlowState::kNormal && !kept.multiplier) continue;
    writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    writer.StartObject();
    put(writer, "state", std::string(name_of(kept.order.state)));
    writer.Key("keep");
    writer.Double(kept.order.keep);
    put(writer, "cause", kept.order.cause);
    writer.Key("at_us");
    writer.Int64(kept.order.at_us);
    if (kept.multiplier) {
      writer.Key("multiplier");
      writer.Double(*kept.multiplier);
    }
    writer.EndObject();
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Status FlowDesk::read(const std::string& text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  Status wrong = invalid(file().string() +
                         " is not what was written there; remove it: then no pipeline is "
                         "paused, drained or held back");
  if (document.HasParseError() || !document.IsObject()) return wrong;
  for (const auto& member : document.GetObject()) {
    Kept kept;
    if (!read_order(member.value, kept.order)) return wrong;
    if (member.value.HasMember("multiplier")) {
      if (!is_number(member.value, "multiplier", kLeastMultiplier, kMostMultiplier)) return wrong;
      kept.multiplier = member.value["multiplier"].GetDouble();
    }
    kept_[std::string(member.name.GetString(), member.name.GetStringLength())] = std::move(kept);
  }
  return Status::ok();
}

}  // namespace sluice
