// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal to the metrics renderer: pulls prometheus-cpp in.
#include <prometheus/metric_family.h>

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/admin/metrics_snapshot.h"

namespace sluice::admin {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Collects samples into families, one a name, in the order of their first sample.
class Families {
 public:
  // Declares a family even when no sample follows, so that HELP and TYPE are always there.
  void declare(std::string_view name, prometheus::MetricType type, std::string_view help);
  void counter(std::string_view name, const Labels& labels, double value);
  void gauge(std::string_view name, const Labels& labels, double value);
  void histogram(std::string_view name, const Labels& labels, const HistogramSnapshot& value);
  // A plugin's sample, declared by itself. False: refused (see render_metrics()).
  bool plugin(const PluginMetric& metric);

  [[nodiscard]] std::string text() const;

 private:
  prometheus::ClientMetric& sample(std::string_view name, prometheus::MetricType type,
                                   const Labels& labels);

  std::vector<prometheus::MetricFamily> families_;
  std::map<std::string, size_t, std::less<>> index_;
  size_t ours_ = 0;  // families before this were declared by us
};

// [a-zA-Z_:][a-zA-Z0-9_:]*
bool is_metric_name(std::string_view name);

}  // namespace sluice::admin
