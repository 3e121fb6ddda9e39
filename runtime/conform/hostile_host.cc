// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/hostile_host.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstring>

#include "runtime/base/text.h"

namespace sluice::conform {

namespace {

constexpr uint64_t kCanary = 0xC5C5C5C5C5C5C5C5;
constexpr size_t kMaxLaneName = 4096;
constexpr size_t kMaxCursor = 1U << 20;

size_t host_size(HostShape shape) {
  switch (shape) {
    case HostShape::kShort:
      return offsetof(sluice_host, extension);
    case HostShape::kOlder:
      return sizeof(sluice_host);
    case HostShape::kLong:
    case HostShape::kNewer:
      break;
  }
  return sizeof(sluice_host) + sizeof kCanary;
}

std::string_view view(sluice_str text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

}  // namespace

// The functions behind the C structs; each finds its host through ctx.
struct HostileHost::Callbacks {
  static HostileHost& self(const sluice_host* host) {
    return *static_cast<HostileHost*>(host->ctx);
  }

  static int log_enabled(const sluice_host*, int32_t) { return 1; }
  static void log(const sluice_host* host, int32_t level, sluice_str message) {
    if (level < SLUICE_LOG_DEBUG || level > SLUICE_LOG_ERROR) {
      self(host).breach(fmt::format("logged with the unknown level {}", level));
    }
    if (!is_utf8(view(message))) self(host).breach("logged text that is not UTF-8");
  }
  static int stopping(const sluice_host* host) { return self(host).stop_.requested() ? 1 : 0; }
  static int wait(const sluice_host* host, uint32_t ms) {
    return self(host).stop_.wait_for(std::chrono::milliseconds(ms)) ? 1 : 0;
  }
  static int stop_fd(const sluice_host* host) { return self(host).stop_.fd(); }
  static void metric(const sluice_host*, uint32_t, double) {}
  static const void* extension(const sluice_host* host, const char* id) {
    static constexpr sluice_host_lanes kLanes = {sizeof(sluice_host_lanes),
                                                 0,
                                                 lane_open,
                                                 lane_done,
                                                 cursor_get,
                                                 cursor_set,
                                                 ignore,
                                                 revoked,
                                                 ignore};
    static constexpr sluice_host_columns kColumns = {sizeof(sluice_host_columns), 0, declare,
                                                     cells};
    const std::string_view name = id == nullptr ? "" : id;
    if (name == SLUICE_EXT_HOST_LANES && self(host).kind_ == SLUICE_KIND_SOURCE) return &kLanes;
    if (name == SLUICE_EXT_HOST_COLUMNS && self(host).kind_ == SLUICE_KIND_SINK) return &kColumns;
    return nullptr;
  }

  static sluice_rc lane_open(const sluice_host* host, sluice_str name, uint32_t* id,
                             uint64_t* resume) {
    return self(host).open_lane(name, id, resume);
  }
  static sluice_rc lane_done(const sluice_host* host, uint32_t id) {
    auto& me = self(host);
    if (!me.expect_call("lanes.done", true)) return SLUICE_E_FATAL;
    if (!me.lane_name(id)) me.breach(fmt::format("lanes.done({}): that lane was never opened", id));
    return SLUICE_OK;
  }
  static sluice_rc cursor_get(const sluice_host* host, sluice_str* out) {
    auto& me = self(host);
    *out = {nullptr, 0};
    if (!me.expect_call("lanes.cursor_get", true)) return SLUICE_E_FATAL;
    const auto& stored = me.marks_ != nullptr ? me.marks_->cursor : std::nullopt;
    if (!stored) return SLUICE_OK;
    me.cursor_out_ = *stored;
    *out = {me.cursor_out_.data(), me.cursor_out_.size()};
    return SLUICE_OK;
  }
  static sluice_rc cursor_set(const sluice_host* host, sluice_str blob) {
    auto& me = self(host);
    if (!me.expect_call("lanes.cursor_set", true)) return SLUICE_E_FATAL;
    if (blob.size > kMaxCursor) {
      me.breach(
          fmt::format("lanes.cursor_set: {} bytes, at most {} are allowed", blob.size, kMaxCursor));
      return SLUICE_E_CONFIG;
    }
    me.pending_cursor_ = std::string(view(blob));
    return SLUICE_OK;
  }
  static sluice_rc ignore(const sluice_host*, const uint32_t*, uint32_t) { return SLUICE_OK; }
  static sluice_rc revoked(const sluice_host*, const uint32_t*, uint32_t, uint32_t, sluice_mark*,
                           uint32_t* n_marks) {
    *n_marks = 0;
    return SLUICE_OK;
  }

  static sluice_rc declare(const sluice_host* host, const sluice_column* const* columns,
                           uint32_t n) {
    auto& me = self(host);
    const bool in_open = me.call_ != nullptr && std::string_view(me.call_) == "open";
    if (!me.expect_call("columns.declare", in_open)) return SLUICE_E_FATAL;
    if (const auto problem = me.columns_.declare({columns, n})) {
      me.breach("columns.declare: " + *problem);
      return SLUICE_E_CONFIG;
    }
    return SLUICE_OK;
  }
  static sluice_rc cells(const sluice_host* host, const sluice_batch* batch,
                         const sluice_cell** out) {
    auto& me = self(host);
    *out = nullptr;
    const std::string_view call(me.call_ != nullptr ? me.call_ : "");
    const bool in_write = call == "write" || call == "write_marked";
    if (!me.expect_call("columns.cells", in_write)) return SLUICE_E_FATAL;
    if (!me.columns_.declared()) {
      me.breach("columns.cells was called, but open declared no columns");
      return SLUICE_E_FATAL;
    }
    *out = me.columns_.cells(*batch);
    return SLUICE_OK;
  }
};

HostileHost::HostileHost(int32_t kind, MarkStore* marks, HostOptions options)
    : kind_(kind), marks_(marks), options_(options), block_(host_size(options.shape)) {
  uint16_t minor = SLUICE_ABI_MINOR;
  if (options.shape == HostShape::kNewer) minor = SLUICE_ABI_MINOR + 1;
  if (options.shape == HostShape::kOlder) minor = 0;
  const sluice_host host = {static_cast<uint32_t>(block_.size()),
                            SLUICE_ABI_MAJOR,
                            minor,
                            this,
                            "conform",
                            Callbacks::log_enabled,
                            Callbacks::log,
                            Callbacks::stopping,
                            Callbacks::wait,
                            Callbacks::stop_fd,
                            Callbacks::metric,
                            Callbacks::extension};
  // Only as much as the shape has; what lies behind is a canary or the unreadable page.
  std::memcpy(block_.data(), &host, std::min(block_.size(), sizeof host));
  if (block_.size() > sizeof host) {
    std::memcpy(block_.data() + sizeof host, &kCanary, sizeof kCanary);
  }
}

const sluice_host* HostileHost::raw() const {
  return reinterpret_cast<const sluice_host*>(block_.data());
}

std::optional<std::string> HostileHost::lane_name(uint32_t id) const {
  if (id < options_.first_lane || id - options_.first_lane >= lanes_.size()) return std::nullopt;
  return lanes_[id - options_.first_lane];
}

std::optional<uint32_t> HostileHost::lane_id(std::string_view name) const {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i] == name) return static_cast<uint32_t>(options_.first_lane + i);
  }
  return std::nullopt;
}

sluice_rc HostileHost::open_lane(sluice_str name, uint32_t* id, uint64_t* resume) {
  if (!expect_call("lanes.open", true)) return SLUICE_E_FATAL;
  const std::string_view text = view(name);
  if (text.empty() || text.size() > kMaxLaneName || !is_utf8(text)) {
    breach(fmt::format("lanes.open: a name of {} bytes; expected 1 to {} bytes of UTF-8",
                       text.size(), kMaxLaneName));
    return SLUICE_E_CONFIG;
  }
  auto known = lane_id(text);
  if (!known) {
    known = static_cast<uint32_t>(options_.first_lane + lanes_.size());
    lanes_.emplace_back(text);
  }
  *id = *known;
  if (marks_ == nullptr) return SLUICE_IDLE;
  const auto mark = marks_->marks.find(std::string(text));
  if (mark == marks_->marks.end()) return SLUICE_IDLE;
  *resume = mark->second;
  return SLUICE_OK;
}

void HostileHost::handed_over(size_t records) {
  handed_ += records;
  if (!pending_cursor_) return;
  cursors_.emplace_back(handed_, *std::move(pending_cursor_));
  pending_cursor_.reset();
}

std::optional<std::string> HostileHost::cursor_for(size_t settled) const {
  std::optional<std::string> newest;
  for (const auto& [handed, blob] : cursors_) {
    if (handed <= settled) newest = blob;
  }
  return newest;
}

std::vector<std::string> HostileHost::breaches() const {
  const MutexLock lock(mutex_);
  return breaches_;
}

void HostileHost::breach(std::string what) {
  const MutexLock lock(mutex_);
  if (breaches_.size() < 20) breaches_.push_back(std::move(what));
}

bool HostileHost::expect_call(const char* function, bool legal) {
  const bool in_legal_call =
      call_ != nullptr && (kind_ == SLUICE_KIND_SINK || std::string_view(call_) == "open" ||
                           std::string_view(call_) == "poll");
  if (legal && in_legal_call) return true;
  breach(fmt::format("{} was called {}{}, where it is not legal", function,
                     call_ == nullptr ? "outside of any call" : "inside ",
                     call_ == nullptr ? "" : call_));
  return false;
}

}  // namespace sluice::conform
