// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "runtime/store/rocks.h"

namespace sluice::store {

// Visits what can be read of one key space of a spool, ids rising, and goes on behind what cannot
// be read. The visitor answers false to end. False: something could not be read.
bool walk_past_damage(RocksDb& db, char space,
                      const std::function<bool(uint64_t id, std::string_view value)>& visit);

}  // namespace sluice::store
