// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "runtime/plugin_host/instance.h"

namespace sluice {

// Just enough of a host for an instance to open: lanes begin at their beginning, nothing is kept.
class CheckServices final : public HostServices {
 public:
  sluice_rc lane_open(std::string_view name, uint32_t* id, uint64_t*) override {
    *id = ids_.emplace(name, static_cast<uint32_t>(ids_.size() + 1)).first->second;
    return SLUICE_IDLE;
  }
  sluice_rc lane_done(uint32_t) override { return SLUICE_OK; }
  sluice_rc cursor_get(sluice_str* out) override {
    *out = {nullptr, 0};
    return SLUICE_OK;
  }
  sluice_rc cursor_set(std::string_view) override { return SLUICE_OK; }
  sluice_rc lanes_assigned(std::span<const uint32_t>) override { return SLUICE_OK; }
  sluice_rc lanes_revoked(std::span<const uint32_t>, uint32_t, sluice_mark*, uint32_t* n) override {
    *n = 0;
    return SLUICE_OK;
  }
  sluice_rc lanes_lost(std::span<const uint32_t>) override { return SLUICE_OK; }
  sluice_rc columns_declare(std::span<const sluice_column* const>) override { return SLUICE_OK; }
  sluice_rc columns_cells(const sluice_batch&, const sluice_cell**) override {
    return SLUICE_E_CONFIG;  // nothing is written here
  }
  void metric(uint32_t, double) override {}

 private:
  std::map<std::string, uint32_t, std::less<>> ids_;
};

}  // namespace sluice
