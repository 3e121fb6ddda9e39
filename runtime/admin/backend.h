// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace sluice {

// What the admin server shows, supplied by the owner of the pipelines. Called on the server's
// thread, unless said otherwise, while pipelines run on theirs: implementations take their own
// locks, answer from what is in memory or quickly read, and do not throw. Outlives the server.
class AdminBackend {
 public:
  struct Ready {
    bool ready = false;
    std::string failing_check;  // "source s3-main is not connected"; empty when ready
  };

  // The answer to something that was asked for: members of a JSON object (without its braces), and
  // for a status that is not 2xx what to tell the caller.
  struct Reply {
    unsigned status = 200;
    std::string detail;
    std::string members;
  };

  virtual ~AdminBackend() = default;
  // The body of /health/detailed: render_health().
  virtual std::string health_detailed_json() = 0;
  virtual Ready ready() = 0;
  // The body of /admin/drift for a query such as "pipeline=orders&since=30m". `samples`: whether
  // the caller may see values that came with the records. kInvalid: the query is wrong.
  virtual Result<std::string> drift_json(std::string_view query, bool samples) = 0;
  // The body of /metrics: render_metrics().
  virtual std::string metrics_text() = 0;
  // The body of /admin/schemas: which schemas and scripts run, and since when.
  virtual std::string schemas_json() = 0;
  // The body of /admin/transformers: which scripts run and ran, and what came of each.
  virtual std::string transformers_json() = 0;
  // Dead letters: what of them is asked for, as behind "/admin/dlq/" ("summary", "redrive").
  // `changes`: by POST. May take long, then on the thread of the next two.
  virtual Reply dlq(std::string_view what, bool changes, std::string_view query,
                    std::string_view body) = 0;
  // The body of /admin/pipelines: what each lets in, since when and why.
  virtual std::string pipelines_json() = 0;
  // The next six may take as long as compiling does. They are called on a thread of their own,
  // one at a time, beside the calls of the server's thread. POST /admin/reload: takes changed
  // schemas and scripts over. Empty: of all pipelines.
  virtual Reply reload(std::string_view pipeline) = 0;
  // POST /admin/transformers/rollback: lets the bundle before run again. Empty: of the only
  // pipeline.
  virtual Reply roll_back(std::string_view pipeline) = 0;
  // POST /admin/resume: pipelines that an operator stopped or held back go on, and so do sources
  // that a flood of dead letters paused. Empty: of all pipelines.
  virtual Reply resume(std::string_view pipeline) = 0;
  // POST /admin/drain, /admin/pause, /admin/brownout: the pipelines come to that state ("drain",
  // "paused", "brownout"). `query`: pipeline, until=restart, and of a brownout rate.
  virtual Reply order_flow(std::string_view state, std::string_view query) = 0;
  // POST /admin/burst: rate limits are multiplied. `query`: pipeline, multiplier.
  virtual Reply burst(std::string_view query) = 0;
  // POST /admin/offsets: a source leaves, goes on at another place, and comes back. `query`:
  // source, and either all=true (every lane to its beginning) or lane (repeated) with settled (the
  // position to go on above; without it the lane's beginning). As the calls above.
  virtual Reply move_offsets(std::string_view query) = 0;
};

}  // namespace sluice
