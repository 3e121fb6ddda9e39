// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "runtime/admin/backend.h"
#include "runtime/admin/health.h"
#include "runtime/admin/metrics_snapshot.h"
#include "runtime/pipeline/runtime.h"

namespace sluice {

// Shows a running Runtime over HTTP. Used on the admin server's threads alone.
class RuntimeBackend final : public AdminBackend {
 public:
  explicit RuntimeBackend(Runtime& runtime) : runtime_(runtime) {}

  std::string health_detailed_json() override;
  Ready ready() override;
  std::string metrics_text() override;
  std::string schemas_json() override;
  std::string transformers_json() override;
  Reply dlq(std::string_view what, bool changes, std::string_view query,
            std::string_view body) override;
  Reply reload(std::string_view pipeline) override;
  Reply roll_back(std::string_view pipeline) override;
  Reply resume(std::string_view pipeline) override;
  std::string pipelines_json() override;
  Reply order_flow(std::string_view state, std::string_view query) override;
  Reply burst(std::string_view query) override;
  Reply move_offsets(std::string_view query) override;
  Result<std::string> drift_json(std::string_view query, bool samples) override;

 private:
  // Letters stored now, by pipeline and reason. Counted at most every ten seconds: a scrape must
  // not cost more the more letters there are.
  const std::map<std::string, std::map<std::string, uint64_t>>& stored_letters();

  Runtime& runtime_;
  std::map<std::string, std::map<std::string, uint64_t>> stored_;
  std::chrono::steady_clock::time_point counted_at_{};
};

// What a request that failed is answered.
AdminBackend::Reply refused(const Status& status);

// The parts that need no server; also used by tests and the console's data.
HealthSnapshot to_health(const RuntimeSnapshot& snapshot);
MetricsSnapshot to_metrics(const RuntimeSnapshot& snapshot);

}  // namespace sluice
