// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice {

class PluginHost;

// Which plugin call this thread is in, readable by a signal handler. Texts outlive the frame.
struct CallFrame {
  const char* plugin = nullptr;    // file
  const char* instance = nullptr;  // name from the configuration
  const char* call = nullptr;      // "write"; nullptr: not inside a plugin
  const PluginHost* host = nullptr;
};

// constinit: reading it in a signal handler runs no initialisation.
extern constinit thread_local CallFrame current_call_frame;

// Brackets one call into a plugin; calls nest (a host function may end in another plugin).
class CallScope {
 public:
  CallScope(const char* plugin, const char* instance, const char* call, const PluginHost* host)
      : outer_(current_call_frame) {
    current_call_frame = {plugin, instance, call, host};
  }
  ~CallScope() { current_call_frame = outer_; }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  CallFrame outer_;
};

}  // namespace sluice
