// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::fakes {

// The host as an adapter sees it, in the same process: lanes by name with marks, a cursor, logs,
// stop. What a checkpoint keeps (marks and cursor) is in `State`, so that a test restarts an
// adapter by making a new host with the old state.
class FakeHost {
 public:
  struct State {
    std::map<std::string, std::uint64_t> marks;
    std::string cursor;
  };

  explicit FakeHost(State state = {}) : state_(std::move(state)), stop_fd_(::eventfd(0, 0)) {
    host_.struct_size = sizeof(host_);
    host_.abi_major = SLUICE_ABI_MAJOR;
    host_.abi_minor = SLUICE_ABI_MINOR;
    host_.ctx = this;
    host_.name = "under-test";
    host_.log_enabled = [](const sluice_host*, std::int32_t) { return 1; };
    host_.log = [](const sluice_host* h, std::int32_t level, sluice_str text) {
      FakeHost& host = self(h);
      const std::lock_guard lock(host.mutex_);
      host.logs_.emplace_back(level, std::string(text.data, text.size));
    };
    host_.stopping = [](const sluice_host* h) {
      FakeHost& host = self(h);
      const std::lock_guard lock(host.mutex_);
      return host.stopping_ ? 1 : 0;
    };
    host_.wait = [](const sluice_host* h, std::uint32_t ms) {
      FakeHost& host = self(h);
      std::unique_lock lock(host.mutex_);
      return host.stopped_.wait_for(lock, std::chrono::milliseconds(ms),
                                    [&] { return host.stopping_; })
                 ? 1
                 : 0;
    };
    host_.stop_fd = [](const sluice_host* h) { return self(h).stop_fd_; };
    host_.metric = [](const sluice_host*, std::uint32_t, double) {};
    host_.extension = [](const sluice_host* h, const char* id) -> const void* {
      return std::strcmp(id, SLUICE_EXT_HOST_LANES) == 0 ? &self(h).lanes_ : nullptr;
    };
    lanes_.struct_size = sizeof(lanes_);
    lanes_.open = &lane_open;
    lanes_.done = [](const sluice_host* h, std::uint32_t id) -> sluice_rc {
      if (id < kFirstLane || id >= kFirstLane + self(h).names_.size()) return SLUICE_E_FATAL;
      self(h).done_.push_back(self(h).lane_name(id));
      self(h).state_.marks.erase(self(h).lane_name(id));
      return SLUICE_OK;
    };
    lanes_.cursor_get = [](const sluice_host* h, sluice_str* out) -> sluice_rc {
      const std::string& blob = self(h).state_.cursor;
      *out = {blob.empty() ? nullptr : blob.data(), blob.size()};
      return SLUICE_OK;
    };
    lanes_.cursor_set = [](const sluice_host* h, sluice_str blob) -> sluice_rc {
      if (blob.size > (1U << 20)) return SLUICE_E_FATAL;
      self(h).state_.cursor.assign(blob.data, blob.size);
      return SLUICE_OK;
    };
    lanes_.assigned = [](const sluice_host*, const std::uint32_t*, std::uint32_t) -> sluice_rc {
      return SLUICE_OK;
    };
    lanes_.revoked = [](const sluice_host*, const std::uint32_t*, std::uint32_t, std::uint32_t,
                        sluice_mark*, std::uint32_t* n) -> sluice_rc {
      *n = 0;
      return SLUICE_OK;
    };
    lanes_.lost = lanes_.assigned;
  }
  ~FakeHost() { ::close(stop_fd_); }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  [[nodiscard]] const sluice_host* get() const { return &host_; }
  [[nodiscard]] State& state() { return state_; }

  // Sets what stopping(), wait() and stop_fd() tell; calls nothing of the adapter.
  void stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stopped_.notify_all();
    ::eventfd_write(stop_fd_, 1);
  }

  [[nodiscard]] const std::string& lane_name(std::uint32_t id) const {
    return names_.at(id - kFirstLane);
  }
  [[nodiscard]] const std::vector<std::string>& done() const { return done_; }
  // A log line at this level or above that contains `text`.
  [[nodiscard]] bool logged(std::int32_t level, std::string_view text) {
    const std::lock_guard lock(mutex_);
    for (const auto& [at, line] : logs_) {
      if (at >= level && line.find(text) != std::string::npos) return true;
    }
    return false;
  }
  [[nodiscard]] std::vector<std::pair<std::int32_t, std::string>> logs() {
    const std::lock_guard lock(mutex_);
    return logs_;
  }

 private:
  static constexpr std::uint32_t kFirstLane = 1000;  // ids need not begin at 0

  static FakeHost& self(const sluice_host* h) { return *static_cast<FakeHost*>(h->ctx); }

  static sluice_rc lane_open(const sluice_host* h, sluice_str name, std::uint32_t* id,
                             std::uint64_t* resume) {
    FakeHost& host = self(h);
    if (name.size == 0 || name.size > 4096) return SLUICE_E_FATAL;
    const std::string text(name.data, name.size);
    std::size_t at = 0;
    while (at < host.names_.size() && host.names_[at] != text) ++at;
    if (at == host.names_.size()) host.names_.push_back(text);
    *id = kFirstLane + static_cast<std::uint32_t>(at);
    const auto mark = host.state_.marks.find(text);
    if (mark == host.state_.marks.end()) return SLUICE_IDLE;
    *resume = mark->second;
    return SLUICE_OK;
  }

  sluice_host host_{};
  sluice_host_lanes lanes_{};
  State state_;
  std::vector<std::string> names_;
  std::vector<std::string> done_;
  int stop_fd_;

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;                                   // under mutex_
  std::vector<std::pair<std::int32_t, std::string>> logs_;  // under mutex_
};

}  // namespace sluice::fakes
