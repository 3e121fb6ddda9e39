// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "runtime/pipeline/bundle.h"
#include "runtime/pipeline/record_path.h"

namespace sluice {

// A bundle made ready to run: with a record path for each worker, so that a script which cannot be
// set up is an error before the first batch meets it. A batch on its way to a worker holds its
// activation; the Lua states of an old bundle go with the last such batch.
//
// Each path is used by its worker alone; everything else is immutable.
class Activation {
 public:
  // `context` outlives the activation.
  static Result<std::shared_ptr<Activation>> create(const RecordPathContext& context,
                                                    std::shared_ptr<const Bundle> bundle,
                                                    uint32_t workers);

  [[nodiscard]] const std::shared_ptr<const Bundle>& bundle() const { return bundle_; }
  [[nodiscard]] RecordPath& path(uint32_t worker) { return *paths_[worker]; }

 private:
  explicit Activation(std::shared_ptr<const Bundle> bundle) : bundle_(std::move(bundle)) {}

  const std::shared_ptr<const Bundle> bundle_;
  std::vector<std::unique_ptr<RecordPath>> paths_;  // by worker
};

}  // namespace sluice
