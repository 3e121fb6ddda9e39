// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/client.h"

#include <algorithm>
#include <utility>

namespace sluice::registry {
namespace {

// As a part of a path: all but letters, digits and "-._~" as %XX (RFC 3986).
std::string path_part(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

Status no_subject(const std::string& subject) {
  return invalid("has no subject '" + subject +
                 "'; correct schema.version.confluent.registry.subject, or register the schema");
}

}  // namespace

RegistryClient::RegistryClient(RegistryConfig config, std::unique_ptr<Transport> transport)
    : config_(std::move(config)), transport_(std::move(transport)) {}

Result<std::unique_ptr<RegistryClient>> RegistryClient::create(const RegistryConfig& config,
                                                               const StopSource* stop) {
  SLUICE_ASSIGN_OR_RETURN(auto transport, make_transport(config, stop));
  return std::make_unique<RegistryClient>(config, std::move(transport));
}

Status RegistryClient::located(const Status& status) const {
  return {status.code(), "the schema registry " + config_.url + " " + status.message()};
}

Result<SchemaAnswer> RegistryClient::ask(uint32_t id) {
  auto answer = ask_schema(id);
  if (!answer) return located(answer.status());
  return answer;
}

Result<SchemaAnswer> RegistryClient::ask_schema(uint32_t id) {
  const std::string path = "/schemas/ids/" + std::to_string(id);
  SLUICE_ASSIGN_OR_RETURN(const HttpAnswer schema, transport_->get(path));
  SLUICE_ASSIGN_OR_RETURN(SchemaAnswer out, read_schema(schema));
  if (out.kind == SchemaAnswer::Kind::kUnknown) return out;
  SLUICE_ASSIGN_OR_RETURN(const HttpAnswer versions, transport_->get(path + "/versions"));
  auto places = read_places(versions);
  if (!places) {
    // Older registries do not have this; without a subject it is for messages only.
    if (!config_.subject.empty()) return std::move(places).status();
    return out;
  }
  const auto own = std::find_if(places->begin(), places->end(), [this](const auto& place) {
    return place.first == config_.subject;
  });
  const auto shown = own != places->end() ? own : places->begin();
  if (shown != places->end()) {
    out.subject = shown->first;
    out.version = shown->second;
  }
  const bool foreign = !config_.subject.empty() && own == places->end();
  if (foreign && out.lasting()) out.kind = SchemaAnswer::Kind::kOtherSubject;
  return out;
}

Result<std::vector<uint32_t>> RegistryClient::versions(const std::string& subject) {
  auto answer = transport_->get("/subjects/" + path_part(subject) + "/versions");
  if (!answer) return located(answer.status());
  auto out = read_versions(*answer);
  if (out) return out;
  const Status& why = out.status();
  return located(why.code() == Code::kInvalid ? no_subject(subject) : why);
}

Result<Registered> RegistryClient::version(const std::string& subject, uint32_t number) {
  auto answer =
      transport_->get("/subjects/" + path_part(subject) + "/versions/" + std::to_string(number));
  if (!answer) return located(answer.status());
  auto out = read_registered(*answer);
  if (!out) return located(out.status());
  return out;
}

Status RegistryClient::check() {
  if (!config_.subject.empty()) return versions(config_.subject).status();
  const std::string path = "/subjects";
  auto answer = transport_->get(path);
  if (!answer) return located(answer.status());
  if (answer->status == 200 && !answer->body.empty() && answer->body.front() == '[') {
    return Status::ok();
  }
  return located(refusal(*answer));
}

}  // namespace sluice::registry
