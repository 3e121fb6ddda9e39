// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sluice {

// What the admin server shows, supplied by the owner of the pipelines. Called on the server's one
// thread while pipelines run on theirs: implementations take their own locks, answer from what is
// in memory or quickly read, and do not throw. Outlives the server.
class AdminBackend {
 public:
  struct Ready {
    bool ready = false;
    std::string failing_check;  // "source s3-main is not connected"; empty when ready
  };

  virtual ~AdminBackend() = default;
  // The body of /health/detailed: render_health().
  virtual std::string health_detailed_json() = 0;
  virtual Ready ready() = 0;
  // The body of /metrics: render_metrics().
  virtual std::string metrics_text() = 0;
};

}  // namespace sluice
