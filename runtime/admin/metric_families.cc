// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/metric_families.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "runtime/base/check.h"
#include "runtime/base/text.h"

namespace sluice::admin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricType type_of(PluginMetric::Kind kind) {
  switch (kind) {
    case PluginMetric::Kind::kCounter:
      return MetricType::Counter;
    case PluginMetric::Kind::kGauge:
      return MetricType::Gauge;
    case PluginMetric::Kind::kHistogram:
      return MetricType::Histogram;
  }
  return MetricType::Gauge;
}

// The format wants UTF-8; a byte that is not becomes '?'.
std::string clean(std::string_view text) {
  std::string out(text);
  for (size_t at = utf8_valid_prefix(out); at < out.size(); at = utf8_valid_prefix(out)) {
    out[at] = '?';
  }
  return out;
}

// One line, escaped as the format demands for HELP.
std::string clean_help(std::string_view text) {
  std::string out;
  for (const char c : clean(text)) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c != '\r') {
      out += c;
    }
  }
  return out;
}

ClientMetric::Histogram to_histogram(const HistogramSnapshot& value) {
  ClientMetric::Histogram out;
  out.sample_sum = value.sum;
  uint64_t seen = 0;
  for (size_t i = 0; i < value.bounds.size(); ++i) {
    seen += i < value.counts.size() ? value.counts[i] : 0;
    out.bucket.push_back({seen, value.bounds[i]});
  }
  for (size_t i = value.bounds.size(); i < value.counts.size(); ++i) seen += value.counts[i];
  out.bucket.push_back({seen, std::numeric_limits<double>::infinity()});
  out.sample_count = seen;
  return out;
}

bool is_label_name(std::string_view name) {
  return is_metric_name(name) && name.find(':') == std::string_view::npos && name != "le" &&
         !name.starts_with("__");
}

bool same_labels(const ClientMetric& metric, const Labels& labels) {
  return std::equal(
      metric.label.begin(), metric.label.end(), labels.begin(), labels.end(),
      [](const auto& a, const auto& b) { return a.name == b.first && a.value == clean(b.second); });
}

bool same_label_names(const ClientMetric& metric, const Labels& labels) {
  return std::equal(metric.label.begin(), metric.label.end(), labels.begin(), labels.end(),
                    [](const auto& a, const auto& b) { return a.name == b.first; });
}

bool well_formed(const PluginMetric& metric) {
  if (!is_metric_name(metric.name) || metric.name.starts_with("ingest_") ||
      metric.name.starts_with("process_")) {
    return false;
  }
  for (auto it = metric.labels.begin(); it != metric.labels.end(); ++it) {
    if (!is_label_name(it->first)) return false;
    const auto twin = [&](const auto& other) { return other.first == it->first; };
    if (std::any_of(metric.labels.begin(), it, twin)) return false;
  }
  return std::is_sorted(metric.histogram.bounds.begin(), metric.histogram.bounds.end());
}

}  // namespace

bool is_metric_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  };
  const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin() + 1, name.end(), rest);
}

void Families::declare(std::string_view name, MetricType type, std::string_view help) {
  MetricFamily family;
  family.name = name;
  family.help = clean_help(help);
  family.type = type;
  SLUICE_CHECK(index_.emplace(name, families_.size()).second, "a metric family declared twice");
  families_.push_back(std::move(family));
  ours_ = families_.size();
}

ClientMetric& Families::sample(std::string_view name, MetricType type, const Labels& labels) {
  const auto found = index_.find(name);
  SLUICE_CHECK(found != index_.end(), "a sample of an undeclared metric family");
  MetricFamily& family = families_[found->second];
  SLUICE_CHECK(family.type == type, "a sample of another kind than its family");
  ClientMetric& metric = family.metric.emplace_back();
  for (const auto& [label, value] : labels) metric.label.push_back({label, clean(value)});
  return metric;
}

void Families::counter(std::string_view name, const Labels& labels, double value) {
  sample(name, MetricType::Counter, labels).counter.value = value;
}
void Families::gauge(std::string_view name, const Labels& labels, double value) {
  sample(name, MetricType::Gauge, labels).gauge.value = value;
}
void Families::histogram(std::string_view name, const Labels& labels,
                         const HistogramSnapshot& value) {
  sample(name, MetricType::Histogram, labels).histogram = to_histogram(value);
}

bool Families::plugin(const PluginMetric& metric) {
  if (!well_formed(metric)) return false;
  const MetricType type = type_of(metric.kind);
  const auto found = index_.find(metric.name);
  if (found == index_.end()) {
    const size_t ours = ours_;
    declare(metric.name, type, metric.help);
    ours_ = ours;
  } else {
    const MetricFamily& family = families_[found->second];
    if (found->second < ours_ || family.type != type) return false;
    for (const ClientMetric& other : family.metric) {
      if (!same_label_names(other, metric.labels) || same_labels(other, metric.labels)) {
        return false;
      }
    }
  }
  switch (metric.kind) {
    case PluginMetric::Kind::kCounter:
      counter(metric.name, metric.labels, metric.value);
      break;
    case PluginMetric::Kind::kGauge:
      gauge(metric.name, metric.labels, metric.value);
      break;
    case PluginMetric::Kind::kHistogram:
      histogram(metric.name, metric.labels, metric.histogram);
      break;
  }
  return true;
}

std::string Families::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_);
  return std::move(out).str();
}

}  // namespace sluice::admin
