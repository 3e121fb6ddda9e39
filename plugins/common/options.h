// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <sluice/config.hpp>
#include <string_view>

namespace sluice::common {

// Throws BadConfig naming the first top-level option that is not one of `known`. The host's schema
// check says it better; this one holds where there was none.
void refuse_unknown(const Config& config, std::initializer_list<std::string_view> known);

}  // namespace sluice::common
