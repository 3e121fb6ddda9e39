// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/base/status.h"
#include "runtime/flow/flow_control.h"
#include "runtime/pipeline/pipeline.h"
#include "runtime/store/audit_log.h"

namespace sluice {

// Where operators change what pipelines let in. What they ask for is carried out, put into the
// audit log, and kept in the state folder (`flow.json`), so that it stands after a restart. Any
// thread; the calls take their turn.
class FlowDesk {
 public:
  struct Context {
    std::vector<Pipeline*> pipelines;
    std::filesystem::path state_dir;
    AuditLog* audit = nullptr;
    const Clock* clock = nullptr;
  };
  // What a rate limit may be multiplied by, as in the configuration.
  static constexpr double kLeastMultiplier = 0.01;
  static constexpr double kMostMultiplier = 1e6;
  // Pipelines that a call concerned, by name.
  using Names = std::vector<std::string>;

  explicit FlowDesk(Context context) : context_(std::move(context)) {}

  // What was asked before this start; of a finite run (`apply` false) it is told and not carried
  // out, since nobody would be there to take it back. kInvalid: the file is not what was written.
  Status restore(bool apply) SLUICE_EXCLUDES(mutex_);

  // An empty name means all pipelines. kNotFound: there is no such pipeline. kUnavailable: it is
  // carried out, but could not be written down: a restart would not know of it.
  Result<Names> order(std::string_view pipeline, FlowOrder order) SLUICE_EXCLUDES(mutex_);
  // The pipelines that were not let free before and are now.
  Result<Names> resume(std::string_view pipeline) SLUICE_EXCLUDES(mutex_);
  // Multiplies the rate limit, within the bounds above; nothing: as configured. kExists: none of
  // them has a rate limit.
  Result<Names> multiply(std::string_view pipeline, std::optional<double> multiplier)
      SLUICE_EXCLUDES(mutex_);

 private:
  // What is kept of a pipeline.
  struct Kept {
    FlowOrder order;
    std::optional<double> multiplier;
  };
  [[nodiscard]] Result<std::vector<Pipeline*>> chosen(std::string_view pipeline) const;
  Status save(std::string_view action, const Names& names, const std::string& members)
      SLUICE_REQUIRES(mutex_);
  [[nodiscard]] std::string text() const SLUICE_REQUIRES(mutex_);
  Status read(const std::string& text) SLUICE_REQUIRES(mutex_);
  [[nodiscard]] std::filesystem::path file() const { return context_.state_dir / "flow.json"; }

  const Context context_;
  Mutex mutex_;
  // By pipeline; of those that are not there now, too: they may come back.
  std::map<std::string, Kept> kept_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
