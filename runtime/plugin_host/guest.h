// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "runtime/plugin_host/call_frame.h"
#include "runtime/plugin_host/config_check.h"
#include "runtime/plugin_host/host.h"
#include "runtime/plugin_host/instance.h"
#include "runtime/plugin_host/library.h"

namespace sluice {

// What both kinds of instance have in common: the component, its host, and the bracket around every
// call into the plugin.
class Guest {
 public:
  Guest(ComponentRef component, std::string name, CompletedConfig config, HostServices& services);

  [[nodiscard]] const sluice_component& component() const { return *component_.component; }
  PluginHost& host() { return host_; }
  [[nodiscard]] const std::string& config() const { return config_; }

  // Calls `body(sluice_error*)` as `call`; turns codes that call may not give into E_FATAL and
  // masks secrets in the plugin's words. `allowed`: the codes it may give.
  template <typename Body>
  CallResult call(const char* name, std::initializer_list<sluice_rc> allowed, Body&& body) {
    sluice_error error{};
    error.struct_size = sizeof(error);
    error.reason = SLUICE_REASON_NONE;
    sluice_rc rc = SLUICE_E_FATAL;
    {
      const CallScope scope(host_.plugin().c_str(), host_.name().c_str(), name, &host_);
      rc = body(&error);
    }
    return judge(name, rc, std::find(allowed.begin(), allowed.end(), rc) != allowed.end(), error);
  }
  template <typename Body>
  auto bracket(const char* name, Body&& body) {
    const CallScope scope(host_.plugin().c_str(), host_.name().c_str(), name, &host_);
    return body();
  }
  // E_FATAL with our words, logged as misbehaviour.
  CallResult breach(const char* call, const std::string& what);

 private:
  CallResult judge(const char* call, sluice_rc rc, bool allowed, sluice_error& error);

  const ComponentRef component_;  // keeps the library
  const std::string config_;
  PluginHost host_;
};

// Checks kind and configuration and makes the guest; `create` of the plugin is still to be called.
Result<std::unique_ptr<Guest>> make_guest(ComponentRef component, int32_t kind, std::string name,
                                          std::string_view config_json, HostServices& services);

// "sink-x.so: create refused the configuration: ..." for a failed create.
Status create_error(Guest& guest, const CallResult& result);

}  // namespace sluice
