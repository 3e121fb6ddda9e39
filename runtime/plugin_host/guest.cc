// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/guest.h"

#include "runtime/base/text.h"

namespace sluice {
namespace {

// The message as far as it is text; the plugin may have forgotten its end.
std::string message_of(sluice_error& error) {
  error.message[sizeof(error.message) - 1] = '\0';
  const std::string_view text(error.message);
  const size_t good = utf8_valid_prefix(text);
  std::string out;
  append_escaped(out, text.substr(0, good));
  if (good != text.size()) out += "...";
  return out;
}

const char* file_name(const std::string& path) {
  const size_t slash = path.rfind('/');
  return path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
}

}  // namespace

Guest::Guest(ComponentRef component, std::string name, CompletedConfig config,
             HostServices& services)
    : component_(std::move(component)),
      config_(std::move(config.json)),
      host_(component_.library ? component_.library->name() : std::string("static plugin"),
            std::move(name), *component_.component, std::move(config.secrets), services) {}

CallResult Guest::breach(const char* call, const std::string& what) {
  host_.misbehaved(call, what);
  return {SLUICE_E_FATAL, std::string(call) + " broke the plugin contract: " + what,
          SLUICE_REASON_NONE, 0};
}

CallResult Guest::judge(const char* call, sluice_rc rc, bool allowed, sluice_error& error) {
  if (!allowed) {
    return breach(call, "it returned " + std::to_string(rc) + ", which is no result of this call");
  }
  if (rc >= 0) return {rc, {}, SLUICE_REASON_NONE, 0};
  CallResult out{rc, host_.mask().apply(message_of(error)), error.reason, error.retry_after_ms};
  if (out.message.empty()) {
    out.message = std::string(call) + " failed with code " + std::to_string(rc) +
                  " and gave no reason; " + file_name(host_.plugin()) + " should say why";
  }
  if (out.reason != SLUICE_REASON_NONE && out.reason >= component().reason_count) {
    host_.misbehaved(call, "reason " + std::to_string(out.reason) + " is not declared");
    out.reason = SLUICE_REASON_NONE;
  }
  return out;
}

Result<std::unique_ptr<Guest>> make_guest(ComponentRef component, int32_t kind, std::string name,
                                          std::string_view config_json, HostServices& services) {
  if (component.component == nullptr || component.component->kind != kind) {
    return internal(name + ": the component is not a " +
                    (kind == SLUICE_KIND_SOURCE ? "source" : "sink"));
  }
  auto config = complete_config(component.component->config_schema, config_json);
  if (!config) return std::move(config).status().with_context(name);
  return std::make_unique<Guest>(std::move(component), std::move(name), std::move(*config),
                                 services);
}

Status create_error(Guest& guest, const CallResult& result) {
  const std::string text = guest.host().name() + ": " + result.message;
  if (result.rc == SLUICE_E_CONFIG) return invalid(text);
  if (result.rc == SLUICE_E_RETRY) return unavailable(text);
  return internal(text);
}

}  // namespace sluice
