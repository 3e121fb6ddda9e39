// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/retry/retry_route.h"

namespace sluice {

// Asks the brokers about the topics of a route: what is no error and would still hurt, such as a
// topic that deletes records before their delay is over. An error: they cannot be asked.
Result<std::vector<std::string>> check_retry_topics(const RetryRoute& route);

}  // namespace sluice
