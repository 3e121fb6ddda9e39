// SPDX-License-Identifier: Apache-2.0
#include <sluice/plugin.hpp>

#include "plugins/sources/kafka/description.h"
#include "plugins/sources/kafka/metrics.h"
#include "plugins/sources/kafka/source.h"

namespace {

constexpr sluice_component kKafka =
    sluice::source_component<sluice::kafka_source::KafkaSource, sluice::kNoReasons,
                             sluice::kafka_source::kMetrics>(
        {.id = "kafka",
         .summary = "Reads topics of Apache Kafka as a member of a consumer group, one lane a "
                    "partition.",
         .config_schema = sluice::kafka_source::kConfigSchema.data(),
         .example_config = sluice::kafka_source::kExampleConfig,
         .caps = SLUICE_CAP_FINITE});

}  // namespace

SLUICE_EXPORT_PLUGIN("source-kafka", "0.1.0", "Apache-2.0", &kKafka)
