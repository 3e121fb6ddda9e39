// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <string>

#include "runtime/base/status.h"
#include "runtime/config/config.h"

namespace sluice {

// A sink's options as its plugin gets them: placeholders typed by its schema, and the runtime's
// `on_equal` handed on, since the revision guard is decided inside the sink. kInvalid if the sink
// has no such option.
Result<std::string> complete_sink_options(const SinkConfig& sink,
                                          const sluice_component& component);

// Would a sink that can keep marks be written to with them? A mark is a gap-free prefix of its
// lane, so it takes a sink that keeps the lane's order (several writers do: a lane belongs to one
// of them); and no record that waits for another with its key, and is passed by its lane meanwhile.
bool may_keep_marks(const PipelineConfig& pipeline, const SinkConfig& sink);

}  // namespace sluice
