// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/host.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "runtime/base/text.h"
#include "runtime/plugin_host/call_frame.h"

namespace sluice {
namespace {

constexpr uint32_t kLinesPerSecond = 20;
constexpr size_t kMaxLine = 8192;
constexpr size_t kMaxLaneName = 4096;
constexpr size_t kMaxCursor = size_t{1} << 20;
constexpr uint32_t kMaxColumns = 4096;

log::Level level_of(int32_t level) {
  if (level >= SLUICE_LOG_ERROR) return log::Level::kError;
  if (level == SLUICE_LOG_WARN) return log::Level::kWarn;
  if (level == SLUICE_LOG_INFO) return log::Level::kInfo;
  return log::Level::kDebug;
}

std::string_view view(sluice_str text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

}  // namespace

SecretMask::SecretMask(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::sort(secrets_.begin(), secrets_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  secrets_.erase(std::unique(secrets_.begin(), secrets_.end()), secrets_.end());
  std::erase(secrets_, std::string());
}

bool SecretMask::touches(std::string_view text) const {
  return std::any_of(secrets_.begin(), secrets_.end(), [&](const std::string& secret) {
    return text.find(secret) != std::string_view::npos;
  });
}

std::string SecretMask::apply(std::string_view text) const {
  constexpr std::string_view kMask = "********";
  std::string out;
  // One pass, so that a mask is never searched for the next secret.
  while (!text.empty()) {
    const auto hit = std::find_if(secrets_.begin(), secrets_.end(), [&](const std::string& secret) {
      return text.starts_with(secret);
    });
    if (hit == secrets_.end()) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += kMask;
      text.remove_prefix(hit->size());
    }
  }
  return out;
}

// What the tables point to. None may throw: the caller is C.
struct PluginHost::Calls {
  static PluginHost& self(const sluice_host* host) noexcept {
    return *static_cast<PluginHost*>(host->ctx);
  }

  static int log_enabled(const sluice_host*, int32_t level) noexcept {
    return log::enabled(level_of(level)) ? 1 : 0;
  }
  static void log(const sluice_host* host, int32_t level, sluice_str text) noexcept {
    self(host).log(level, view(text));
  }
  static int stopping(const sluice_host* host) noexcept {
    return self(host).stop_.requested() ? 1 : 0;
  }
  static int wait(const sluice_host* host, uint32_t ms) noexcept {
    return self(host).stop_.wait_for(std::chrono::milliseconds(ms)) ? 1 : 0;
  }
  static int stop_fd(const sluice_host* host) noexcept { return self(host).stop_.fd(); }

  static void metric(const sluice_host* host, uint32_t index, double value) noexcept {
    PluginHost& me = self(host);
    if (index >= me.component_.metric_count) {
      me.misbehaved("metric", "index " + std::to_string(index) + " is not declared, there are " +
                                  std::to_string(me.component_.metric_count));
      return;
    }
    const bool counter = me.component_.metrics[index]->kind == SLUICE_METRIC_COUNTER;
    if (!std::isfinite(value) || (counter && value < 0)) {
      me.misbehaved("metric", std::string(me.component_.metrics[index]->name) + " was given " +
                                  std::to_string(value) +
                                  (counter ? ", a counter only rises" : ", expected a number"));
      return;
    }
    me.services_.metric(index, value);
  }

  static const void* extension(const sluice_host* host, const char* id) noexcept {
    static constexpr sluice_host_lanes kLanes{sizeof(sluice_host_lanes),
                                              0,
                                              &lane_open,
                                              &lane_done,
                                              &cursor_get,
                                              &cursor_set,
                                              &assigned,
                                              &revoked,
                                              &lost};
    static constexpr sluice_host_columns kColumns{sizeof(sluice_host_columns), 0, &declare, &cells};
    if (id == nullptr) return nullptr;
    const int32_t kind = self(host).component_.kind;
    if (kind == SLUICE_KIND_SOURCE && std::strcmp(id, SLUICE_EXT_HOST_LANES) == 0) return &kLanes;
    static constexpr sluice_host_epoch kEpoch{sizeof(sluice_host_epoch), 0, &epoch_current,
                                              &epoch_resume};
    if (kind == SLUICE_KIND_SOURCE && std::strcmp(id, SLUICE_EXT_HOST_EPOCH) == 0) return &kEpoch;
    if (kind == SLUICE_KIND_SINK && std::strcmp(id, SLUICE_EXT_HOST_COLUMNS) == 0) return &kColumns;
    return nullptr;
  }

  static sluice_rc lane_open(const sluice_host* host, sluice_str name, uint32_t* id,
                             uint64_t* resume) noexcept {
    PluginHost& me = self(host);
    if (!me.inside("lanes.open", "poll", "open")) return SLUICE_E_FATAL;
    const std::string_view text = view(name);
    if (text.empty() || text.size() > kMaxLaneName || !is_utf8(text)) {
      me.misbehaved("lanes.open", "a lane's name must be 1 to 4096 bytes of UTF-8, it has " +
                                      std::to_string(text.size()));
      return SLUICE_E_FATAL;
    }
    return me.services_.lane_open(text, id, resume);
  }
  static sluice_rc lane_done(const sluice_host* host, uint32_t id) noexcept {
    PluginHost& me = self(host);
    return me.inside("lanes.done", "poll", "open") ? me.services_.lane_done(id) : SLUICE_E_FATAL;
  }
  static sluice_rc cursor_get(const sluice_host* host, sluice_str* out) noexcept {
    PluginHost& me = self(host);
    *out = {nullptr, 0};
    return me.inside("lanes.cursor_get", "poll", "open") ? me.services_.cursor_get(out)
                                                         : SLUICE_E_FATAL;
  }
  static sluice_rc cursor_set(const sluice_host* host, sluice_str blob) noexcept {
    PluginHost& me = self(host);
    if (!me.inside("lanes.cursor_set", "poll", "open")) return SLUICE_E_FATAL;
    if (blob.size > kMaxCursor) {
      me.misbehaved("lanes.cursor_set", "the blob has " + std::to_string(blob.size) +
                                            " bytes, at most 1 MiB is allowed");
      return SLUICE_E_FATAL;
    }
    return me.services_.cursor_set(view(blob));
  }
  static sluice_rc assigned(const sluice_host* host, const uint32_t* ids, uint32_t n) noexcept {
    PluginHost& me = self(host);
    return me.inside("lanes.assigned", "poll", "open")
               ? me.services_.lanes_assigned(std::span<const uint32_t>(ids, n))
               : SLUICE_E_FATAL;
  }
  static sluice_rc revoked(const sluice_host* host, const uint32_t* ids, uint32_t n,
                           uint32_t limit_ms, sluice_mark* marks, uint32_t* n_marks) noexcept {
    PluginHost& me = self(host);
    return me.inside("lanes.revoked", "poll", "open")
               ? me.services_.lanes_revoked(std::span<const uint32_t>(ids, n), limit_ms, marks,
                                            n_marks)
               : SLUICE_E_FATAL;
  }
  static sluice_rc lost(const sluice_host* host, const uint32_t* ids, uint32_t n) noexcept {
    PluginHost& me = self(host);
    return me.inside("lanes.lost", "poll", "open")
               ? me.services_.lanes_lost(std::span<const uint32_t>(ids, n))
               : SLUICE_E_FATAL;
  }

  static sluice_rc epoch_current(const sluice_host* host, uint32_t* epoch) noexcept {
    PluginHost& me = self(host);
    const bool may =
        current_call_frame.call != nullptr && std::strcmp(current_call_frame.call, "ack") == 0
            ? me.inside("epoch.current", "ack", "ack")
            : me.inside("epoch.current", "poll", "open");
    return may ? me.services_.epoch_current(epoch) : SLUICE_E_FATAL;
  }
  static sluice_rc epoch_resume(const sluice_host* host, sluice_lane_place* places,
                                uint32_t n) noexcept {
    PluginHost& me = self(host);
    return me.inside("epoch.resume", "poll", "open")
               ? me.services_.epoch_resume(std::span<sluice_lane_place>(places, n))
               : SLUICE_E_FATAL;
  }

  static sluice_rc declare(const sluice_host* host, const sluice_column* const* columns,
                           uint32_t n) noexcept {
    PluginHost& me = self(host);
    if (!me.inside("columns.declare", "open", "open")) return SLUICE_E_FATAL;
    if (n > kMaxColumns) {
      me.misbehaved("columns.declare", std::to_string(n) + " columns, at most 4096 are allowed");
      return SLUICE_E_CONFIG;
    }
    const sluice_rc rc =
        me.services_.columns_declare(std::span<const sluice_column* const>(columns, n));
    if (rc == SLUICE_OK) me.columns_declared_ = true;
    return rc;
  }
  static sluice_rc cells(const sluice_host* host, const sluice_batch* batch,
                         const sluice_cell** out) noexcept {
    PluginHost& me = self(host);
    if (!me.inside("columns.cells", "write", "write_marked")) return SLUICE_E_FATAL;
    if (!me.columns_declared_) {
      me.misbehaved("columns.cells", "no columns were declared inside open");
      return SLUICE_E_FATAL;
    }
    return me.services_.columns_cells(*batch, out);
  }
};

PluginHost::PluginHost(std::string plugin, std::string instance, const sluice_component& component,
                       std::vector<std::string> secrets, HostServices& services, const Clock& clock)
    : plugin_(std::move(plugin)),
      name_(std::move(instance)),
      component_(component),
      mask_(std::move(secrets)),
      services_(services),
      clock_(clock),
      window_(clock.now()) {
  abi_.struct_size = sizeof(sluice_host);
  abi_.abi_major = SLUICE_ABI_MAJOR;
  abi_.abi_minor = SLUICE_ABI_MINOR;
  abi_.ctx = this;
  abi_.name = name_.c_str();
  abi_.log_enabled = &Calls::log_enabled;
  abi_.log = &Calls::log;
  abi_.stopping = &Calls::stopping;
  abi_.wait = &Calls::wait;
  abi_.stop_fd = &Calls::stop_fd;
  abi_.metric = &Calls::metric;
  abi_.extension = &Calls::extension;
}

bool PluginHost::admit_line(uint64_t* suppressed) {
  MutexLock lock(mutex_);
  const auto now = clock_.now();
  if (now - window_ >= std::chrono::seconds(1)) {
    window_ = now;
    lines_ = 0;
  }
  if (lines_ >= kLinesPerSecond) {
    ++suppressed_;
    return false;
  }
  ++lines_;
  *suppressed = std::exchange(suppressed_, 0);
  return true;
}

void PluginHost::log(int32_t level, std::string_view text) {
  uint64_t suppressed = 0;
  if (!log::enabled(level_of(level)) || !admit_line(&suppressed)) return;
  const std::string line = shorten(mask_.apply(text), kMaxLine);
  if (suppressed == 0) {
    log::write(level_of(level), "plugin.log", line, {{"plugin", plugin_}, {"instance", name_}});
  } else {
    log::write(level_of(level), "plugin.log", line,
               {{"plugin", plugin_}, {"instance", name_}, {"suppressed_before", suppressed}});
  }
}

void PluginHost::misbehaved(const char* call, std::string_view what) {
  uint64_t suppressed = 0;
  if (!admit_line(&suppressed)) return;
  log::write(log::Level::kError, "plugin.misbehaved", mask_.apply(what),
             {{"plugin", plugin_},
              {"instance", name_},
              {"call", call},
              {"suppressed_before", suppressed}});
}

bool PluginHost::inside(const char* function, const char* first, const char* second) {
  const CallFrame& frame = current_call_frame;
  if (frame.host == this && frame.call != nullptr &&
      (std::strcmp(frame.call, first) == 0 || std::strcmp(frame.call, second) == 0)) {
    return true;
  }
  misbehaved(function, std::string("is legal inside ") + first + " and " + second +
                           " of this instance only, on the calling thread");
  return false;
}

}  // namespace sluice
