// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/check.h"

#include <algorithm>

#include "runtime/config/options.h"
#include "runtime/deliver/sink_spool.h"
#include "runtime/pipeline/check_services.h"
#include "runtime/pipeline/gate.h"
#include "runtime/pipeline/redriver.h"
#include "runtime/pipeline/sink_options.h"
#include "runtime/pipeline/version_desk.h"
#include "runtime/plugin_host/instance.h"
#include "runtime/plugin_host/registry.h"
#include "runtime/retry/retry_check.h"
#include "runtime/store/dead_letter_store.h"

namespace sluice {
namespace {

Status to_status(const CallResult& result, const ConfigPlace& place) {
  if (result.rc >= 0) return Status::ok();
  const Code code = result.rc == SLUICE_E_CONFIG ? Code::kInvalid : Code::kUnavailable;
  return {code, place.text() + ": " + result.message};
}

Status check_source(PluginRegistry& registry, const SourceConfig& config, bool connect) {
  SLUICE_ASSIGN_OR_RETURN(auto component, registry.find(ComponentKind::kSource, config.use));
  SLUICE_ASSIGN_OR_RETURN(
      const std::string json,
      type_placeholders(config.config_json, config.options, component.component->config_schema));
  CheckServices services;
  SLUICE_ASSIGN_OR_RETURN(auto instance,
                          SourceInstance::create(component, config.name, json, services));
  if (!connect) return Status::ok();
  SLUICE_RETURN_IF_ERROR(to_status(instance->open(), config.place));
  return to_status(instance->close(), config.place);
}

Status check_sink(PluginRegistry& registry, const PipelineConfig& pipeline,
                  const SinkConfig& config, bool connect) {
  SLUICE_ASSIGN_OR_RETURN(auto component, registry.find(ComponentKind::kSink, config.use));
  SLUICE_ASSIGN_OR_RETURN(const std::string json,
                          complete_sink_options(config, *component.component));
  CheckServices services;
  SLUICE_ASSIGN_OR_RETURN(auto instance,
                          SinkInstance::create(component, config.name, json, services));
  if (config.spool_bytes != 0) {
    const bool marks = instance->keeps_marks() && may_keep_marks(pipeline, config);
    SLUICE_RETURN_IF_ERROR(check_spool(marks));
  }
  if (!connect) return Status::ok();
  SLUICE_RETURN_IF_ERROR(to_status(instance->open(), config.place));
  SLUICE_RETURN_IF_ERROR(to_status(instance->probe(), config.place));
  return to_status(instance->close(), config.place);
}

Status check_registry(const RegistryConfig& config, bool connect) {
  SLUICE_ASSIGN_OR_RETURN(const auto client, registry::RegistryClient::create(config, nullptr));
  return connect ? client->check() : Status::ok();
}

// With several nodes a spool has what only this node knows of.
std::vector<std::string> spool_warnings(const SinkConfig& sink, bool shared_state) {
  std::vector<std::string> out;
  if (!shared_state || sink.spool_bytes == 0) return out;
  out.emplace_back(
      "its spool stays with this node while lanes move to others: the state folder needs a "
      "persistent volume");
  if (sink.order == SinkOrder::kLane && !sink.options.lines.contains("/revision")) {
    out.emplace_back(
        "another node may write newer records of a lane before those in the spool: give the sink "
        "a `revision`, or `order: none`");
  }
  return out;
}

// `warnings`: of retry topics, which only the brokers know.
Status check_retry(const std::string& pipeline, const SinkConfig& sink, bool connect,
                   std::vector<std::string>& warnings) {
  if (!sink.retry_topics) return Status::ok();
  SLUICE_RETURN_IF_ERROR(may_be_passed(sink));
  SLUICE_ASSIGN_OR_RETURN(const RetryRoute route, RetryRoute::of(pipeline, sink));
  if (!connect) return Status::ok();
  SLUICE_ASSIGN_OR_RETURN(const auto found, check_retry_topics(route));
  warnings.insert(warnings.end(), found.begin(), found.end());
  return Status::ok();
}

Status located(Status status, const ConfigPlace& place) {
  if (status || status.message().starts_with(place.file)) return status;
  return std::move(status).with_context(place.text());
}

void check_pipeline(PluginRegistry& registry, const PipelineConfig& config, bool shared_state,
                    bool connect, std::vector<CheckItem>& items) {
  const std::string prefix = "pipeline " + config.name + ": ";
  const bool has_bundle = config.schema || config.transform || config.output_schema;
  if (has_bundle) {
    const GateResult gate = load_tested(config, nullptr);
    items.push_back({prefix + "schema and script", gate.bundle ? Status::ok() : gate.status, false,
                     gate.warnings});
    const TestCounts& tests = gate.tests;
    const uint64_t run = tests.passed + tests.failed;
    if (run != 0 || gate.tests_failed) {
      items.push_back({prefix + "tests (" + std::to_string(tests.passed) + " of " +
                           std::to_string(run) + " passed)",
                       gate.status, gate.tests_failed});
    }
  }
  if (VersionDesk::wanted(config)) {
    items.push_back(
        {prefix + "schema registry",
         located(check_registry(*config.schema->version.registry, connect), config.schema->place)});
  }
  for (const SourceConfig& source : config.sources) {
    items.push_back({prefix + "source " + source.name,
                     located(check_source(registry, source, connect), source.place)});
  }
  for (const SinkConfig& sink : config.sinks) {
    std::vector<std::string> warnings = spool_warnings(sink, shared_state);
    Status status = check_sink(registry, config, sink, connect);
    if (status) status = check_retry(config.name, sink, connect, warnings);
    items.push_back({prefix + "sink " + sink.name, located(std::move(status), sink.place), false,
                     std::move(warnings)});
  }
}

}  // namespace

Millis longest_keep(const Config& config) {
  Millis longest{0};
  for (const PipelineConfig& pipeline : config.pipelines) {
    longest = std::max(longest, pipeline.dead_letters.keep);
  }
  return longest;
}

std::vector<CheckItem> check_pipelines(const Config& config, const std::vector<std::string>& only,
                                       bool connect) {
  std::vector<CheckItem> items;
  std::vector<PluginRegistry::Dir> dirs;
  for (const auto& dir : config.runtime.plugin_dirs) {
    dirs.push_back({dir, config.runtime.plugin_dirs_default});
  }
  auto registry = PluginRegistry::create(std::move(dirs));
  if (!registry) {
    items.push_back({"plugin folders", std::move(registry).status()});
    return items;
  }
  for (const PipelineConfig& pipeline : config.pipelines) {
    if (!only.empty() && std::find(only.begin(), only.end(), pipeline.name) == only.end()) continue;
    check_pipeline(*registry.value(), pipeline, !config.runtime.shared_state.empty(), connect,
                   items);
  }
  const std::string& letters = config.runtime.dead_letters_dsn;
  if (names_dead_letter_topic(letters)) {
    auto warnings = check_topic_dead_letters(letters, longest_keep(config), connect);
    CheckItem item{"runtime.state.dead_letters", warnings.is_ok() ? Status() : warnings.status()};
    if (warnings) item.warnings = std::move(warnings).value();
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace sluice
