// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/activation.h"

namespace sluice {

Result<std::shared_ptr<Activation>> Activation::create(const RecordPathContext& context,
                                                       std::shared_ptr<const Bundle> bundle,
                                                       uint32_t workers) {
  std::shared_ptr<Activation> activation(new Activation(std::move(bundle)));
  for (uint32_t i = 0; i < workers; ++i) {
    SLUICE_ASSIGN_OR_RETURN(auto path, RecordPath::create(context, activation->bundle_));
    activation->paths_.push_back(std::move(path));
  }
  return activation;
}

}  // namespace sluice
