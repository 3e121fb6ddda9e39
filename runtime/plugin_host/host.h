// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "runtime/base/mutex.h"
#include "runtime/base/stop.h"
#include "runtime/plugin_host/instance.h"

namespace sluice {

// Replaces every occurrence of a secret in texts that leave the process. Immutable, thread-safe.
class SecretMask {
 public:
  explicit SecretMask(std::vector<std::string> secrets);
  [[nodiscard]] bool touches(std::string_view text) const;
  [[nodiscard]] std::string apply(std::string_view text) const;

 private:
  std::vector<std::string> secrets_;  // longest first, so that no rest of one stays
};

// The host as one instance sees it: the struct of the ABI and what stands behind it. Does not move;
// outlives the instance. The functions given out may be called on any thread, those of lanes and
// columns only inside the calls the ABI names.
class PluginHost {
 public:
  PluginHost(std::string plugin, std::string instance, const sluice_component& component,
             std::vector<std::string> secrets, HostServices& services,
             const Clock& clock = Clock::real());
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  [[nodiscard]] const sluice_host* abi() const { return &abi_; }
  [[nodiscard]] const std::string& plugin() const { return plugin_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const sluice_component& component() const { return component_; }
  [[nodiscard]] const SecretMask& mask() const { return mask_; }
  StopSource& stop() { return stop_; }

  // A breach of the contract by the plugin; logged under its own event, rate-limited.
  void misbehaved(const char* call, std::string_view what);

 private:
  struct Calls;  // the functions behind the tables
  void log(int32_t level, std::string_view text);
  // True if a line may be written now; `suppressed` is the number dropped before it.
  bool admit_line(uint64_t* suppressed) SLUICE_EXCLUDES(mutex_);
  // Whether this thread is inside this instance's call of that name; else it is a breach.
  bool inside(const char* function, const char* first, const char* second);

  sluice_host abi_{};
  const std::string plugin_;
  const std::string name_;
  const sluice_component& component_;
  const SecretMask mask_;
  HostServices& services_;
  const Clock& clock_;
  StopSource stop_;
  std::atomic<bool> columns_declared_{false};

  Mutex mutex_;
  std::chrono::steady_clock::time_point window_ SLUICE_GUARDED_BY(mutex_);
  uint32_t lines_ SLUICE_GUARDED_BY(mutex_) = 0;
  uint64_t suppressed_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
