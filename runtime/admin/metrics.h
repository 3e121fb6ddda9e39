// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/admin/metrics_snapshot.h"

namespace sluice {

// The Prometheus text format (0.0.4) of a snapshot, and of this process (`process_*`, read from the
// kernel at the call). A plugin's metric whose name is not a metric name, is one of ours, or comes
// with another kind or label set than its family is left out and counted in
// `ingest_plugin_metrics_refused`. Any thread.
std::string render_metrics(const MetricsSnapshot& snapshot);

}  // namespace sluice
