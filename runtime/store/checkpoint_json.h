// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "runtime/store/checkpoint_store.h"

namespace sluice {

// A checkpoint as nodes share it, for people to read as well: lanes with their positions in the
// order of their names, highest settled event time, time of writing, epoch. Without cursor and
// delivered ranges, which are a node's own.
std::string checkpoint_json(const SourceCheckpoint& checkpoint, int64_t now_us);
// kCorrupt: it is none.
Result<SourceCheckpoint> parse_checkpoint_json(std::string_view text);

}  // namespace sluice
