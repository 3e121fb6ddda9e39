// SPDX-License-Identifier: Apache-2.0
#include <sluice/plugin.hpp>

#include "plugins/sinks/sqlite/sink.h"

SLUICE_EXPORT_PLUGIN("sqlite", "0.1.0", "Apache-2.0", &sluice::sqlite_sink::kSqliteSink)
