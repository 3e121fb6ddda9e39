// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/conform/sink_driver.h"
#include "runtime/conform/subject.h"

namespace sluice::conform {

// `count` records the sink should take: the fixture's good ones over and over, or plain objects
// when it names none.
std::vector<Value> good_values(const Subject& subject, size_t count);

}  // namespace sluice::conform
