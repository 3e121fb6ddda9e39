// SPDX-License-Identifier: Apache-2.0
#include <sluice/plugin.hpp>

#include "plugins/sinks/postgres/sink.h"

SLUICE_EXPORT_PLUGIN("postgres", "0.1.0", "Apache-2.0", &sluice::postgres_sink::kPostgresSink)
