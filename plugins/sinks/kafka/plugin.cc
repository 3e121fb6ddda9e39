// SPDX-License-Identifier: Apache-2.0
#include <sluice/plugin.hpp>

#include "plugins/sinks/kafka/sink.h"

SLUICE_EXPORT_PLUGIN("sink-kafka", "0.1.0", "Apache-2.0", &sluice::kafka_sink::kKafkaSink)
