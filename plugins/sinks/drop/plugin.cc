// SPDX-License-Identifier: Apache-2.0
#include <sluice/plugin.hpp>

#include "plugins/sinks/drop/sink.h"

SLUICE_EXPORT_PLUGIN("drop", "0.1.0", "Apache-2.0", &sluice::drop_sink::kDropSink)
