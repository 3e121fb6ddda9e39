// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/plugins_common/fake_host.h"

namespace sluice::fakes {

// A copy of one record, with its lane's name.
struct Got {
  std::string value;
  std::string lane;
  std::uint64_t position = 0;
  bool operator==(const Got&) const = default;
};

// Drives a source through its C table: host, instance, and what came out of it.
class SourceRun {
 public:
  SourceRun(const sluice_plugin_entry& entry, std::string_view config, FakeHost::State state = {})
      : host_(std::move(state)),
        ops_(static_cast<const sluice_source_ops*>(entry.components[0]->ops)) {
    created_ = call([&](sluice_error* e) {
      return ops_->create(host_.get(), {config.data(), config.size()}, &source_, e);
    });
  }
  ~SourceRun() {
    release_all();
    if (source_ != nullptr) ops_->destroy(source_);
  }
  SourceRun(const SourceRun&) = delete;
  SourceRun& operator=(const SourceRun&) = delete;

  [[nodiscard]] sluice_rc created() const { return created_; }
  sluice_rc open() {
    return call([&](sluice_error* e) { return ops_->open(source_, e); });
  }
  sluice_rc close() {
    return call([&](sluice_error* e) { return ops_->close(source_, e); });
  }
  void stop() { ops_->stop(source_); }

  // The batch stays with the caller, who releases it.
  sluice_rc poll_raw(sluice_batch* batch, std::uint32_t records = 1000,
                     std::uint64_t bytes = 8U << 20, std::uint32_t timeout_ms = 0) {
    *batch = {};
    batch->struct_size = sizeof(*batch);
    return call(
        [&](sluice_error* e) { return ops_->poll(source_, records, bytes, timeout_ms, batch, e); });
  }
  // Polls once, copies and releases; the records are in `got`.
  sluice_rc poll(std::vector<Got>* got, std::uint32_t records = 1000,
                 std::uint64_t bytes = 8U << 20, std::uint32_t timeout_ms = 0) {
    sluice_batch batch{};
    const sluice_rc rc = poll_raw(&batch, records, bytes, timeout_ms);
    for (const Got& one : copy(batch)) got->push_back(one);
    if (batch.release != nullptr) batch.release(&batch);
    return rc;
  }
  // Polls a finite source until it ends or fails; *last is that result.
  std::vector<Got> drain(sluice_rc* last = nullptr, std::uint32_t records = 1000) {
    std::vector<Got> got;
    sluice_rc rc = SLUICE_OK;
    while (rc == SLUICE_OK || rc == SLUICE_IDLE) rc = poll(&got, records);
    if (last != nullptr) *last = rc;
    return got;
  }
  // Polls with waiting until `count` records came (or 5 s passed).
  std::vector<Got> wait_for(std::size_t count) {
    std::vector<Got> got;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (got.size() < count && std::chrono::steady_clock::now() < until) {
      if (poll(&got, 1000, 8U << 20, 20) < 0) break;
    }
    return got;
  }
  // Polls for a while; for what shall not come.
  std::vector<Got> wait(std::chrono::milliseconds time) {
    std::vector<Got> got;
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) poll(&got, 1000, 8U << 20, 10);
    return got;
  }
  // All of these are settled: marks in the host's state, and told to the source.
  void settle(std::span<const Got> got) {
    for (const Got& one : got) host_.state().marks[one.lane] = one.position;
  }

  [[nodiscard]] std::vector<Got> copy(const sluice_batch& batch) const {
    std::vector<Got> got;
    const auto* at = reinterpret_cast<const unsigned char*>(batch.records);
    for (std::uint32_t i = 0; i < batch.count; ++i, at += batch.stride) {
      const auto& record = *reinterpret_cast<const sluice_record*>(at);
      got.push_back({std::string(record.value.data, record.value.size),
                     host_.lane_name(record.lane), record.position});
    }
    return got;
  }
  void keep(const sluice_batch& batch) { kept_.push_back(batch); }
  void release_all() {
    for (sluice_batch& batch : kept_) {
      if (batch.release != nullptr) batch.release(&batch);
    }
    kept_.clear();
  }

  [[nodiscard]] FakeHost& host() { return host_; }
  [[nodiscard]] const FakeHost::State& state() { return host_.state(); }
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] const sluice_source_ops& ops() const { return *ops_; }
  [[nodiscard]] sluice_source* source() const { return source_; }

 private:
  template <typename Call>
  sluice_rc call(Call&& body) {
    sluice_error error{};
    error.struct_size = sizeof(error);
    error.reason = SLUICE_REASON_NONE;
    const sluice_rc rc = body(&error);
    if (rc < 0) error_ = error.message;
    return rc;
  }

  FakeHost host_;
  const sluice_source_ops* ops_;
  sluice_source* source_ = nullptr;
  sluice_rc created_ = SLUICE_OK;
  std::string error_;
  std::vector<sluice_batch> kept_;
};

}  // namespace sluice::fakes
