// SPDX-License-Identifier: Apache-2.0
#include <sluice/plugin.hpp>

#include "plugins/sinks/stdout/sink.h"

SLUICE_EXPORT_PLUGIN("stdout", "0.1.0", "Apache-2.0", &sluice::stdout_sink::kStdoutSink)
