// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/admin/backend.h"

namespace sluice {

// Answers what the test set before it started the server.
class FakeBackend final : public AdminBackend {
 public:
  std::string health_detailed_json() override {
    if (fail) throw std::runtime_error("backend failed");
    return "{\"fake\":1}";
  }
  Ready ready() override { return state; }
  std::string metrics_text() override { return metrics; }
  std::string schemas_json() override { return "{\"schemas\":1}"; }
  std::string transformers_json() override { return "{\"transformers\":1}"; }
  Reply dlq(std::string_view what, bool changes, std::string_view query,
            std::string_view body) override {
    std::string members = "\"what\":\"" + std::string(what) + (changes ? " changed" : "");
    members += "\",\"query\":\"" + std::string(query) + "\",\"body\":\"" + std::string(body) + "\"";
    return {200, "", std::move(members)};
  }
  std::string pipelines_json() override { return "{\"pipelines\":1}"; }
  Reply order_flow(std::string_view wanted, std::string_view query) override {
    return {200, "", "\"asked\":\"" + std::string(wanted) + " " + std::string(query) + "\""};
  }
  Reply burst(std::string_view query) override {
    return {200, "", "\"asked\":\"burst " + std::string(query) + "\""};
  }
  Reply move_offsets(std::string_view query) override {
    return {200, "", "\"moved\":\"" + std::string(query) + "\""};
  }
  Reply resume(std::string_view pipeline) override {
    resumed.emplace_back(pipeline);
    return reply;
  }
  Reply roll_back(std::string_view pipeline) override {
    rolled_back.emplace_back(pipeline);
    return reply;
  }
  Reply reload(std::string_view pipeline) override {
    if (reloading) reloading();
    reloaded.emplace_back(pipeline);
    return reply;
  }
  Result<std::string> drift_json(std::string_view query, bool samples) override {
    if (query == "bad") return invalid("unknown parameter 'bad'");
    return "{\"query\":\"" + std::string(query) + "\",\"samples\":" + (samples ? "1}" : "0}");
  }

  Ready state{true, ""};
  std::string metrics = "fake 1\n";
  bool fail = false;
  Reply reply{200, "", "\"done\":true"};
  std::function<void()> reloading;  // what a reload does, on its thread
  std::vector<std::string> reloaded;
  std::vector<std::string> rolled_back;
  std::vector<std::string> resumed;
};

}  // namespace sluice
