// SPDX-License-Identifier: Apache-2.0
#include <sluice/plugin.hpp>

#include "plugins/sinks/file/sink.h"

SLUICE_EXPORT_PLUGIN("file-sink", "0.1.0", "Apache-2.0", &sluice::file_sink::kFileSink)
