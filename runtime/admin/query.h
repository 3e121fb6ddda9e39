// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace sluice::admin {

// Names and values of a query ("a=1&b=%2F"), decoded, in their order. kInvalid: an escape is
// broken.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace sluice::admin
