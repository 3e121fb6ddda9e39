// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/bundle.h"

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/pipeline/bundle_files.h"

namespace sluice {
namespace {

SchemaOptions to_options(const PipelineConfig& config) {
  SchemaOptions options;
  if (!config.schema) return options;
  if (config.schema->formats == "assert") options.formats = SchemaOptions::Formats::kAssert;
  if (config.schema->formats == "ignore") options.formats = SchemaOptions::Formats::kIgnore;
  options.map = config.schema->remotes;
  return options;
}

// What changes the meaning of the same files.
std::string identity_of_options(const PipelineConfig& config) {
  if (!config.schema || config.schema->formats == "default") return {};
  return "formats:" + config.schema->formats + "\n";
}

Status load_lineage(const PipelineConfig& config, Bundle& bundle, std::string& identity) {
  const Lineage::Options options{config.schema->path, config.schema->lifts,
                                 script_limits_of(config), to_options(config)};
  SLUICE_ASSIGN_OR_RETURN(bundle.lineage, Lineage::load(options));
  auto finder = VersionFinder::create(config.schema->version, bundle.lineage);
  if (!finder) return std::move(finder).status().with_context(config.schema->place.text());
  bundle.versions = std::move(finder).value();
  bundle.schema = bundle.lineage->newest().schema;
  for (const LineageVersion& version : bundle.lineage->versions()) {
    bundle.files[version.file.string()] = version.schema->hash();
    if (version.lift) bundle.files[version.lift_file.string()] = version.lift->hash();
  }
  if (!config.schema->version.ids.empty()) {
    bundle.files[config.schema->version.ids.string()] = sha256_hex(bundle.versions->identity());
  }
  identity += "lineage:" + bundle.lineage->hash() + "\n" + bundle.versions->identity();
  return Status::ok();
}

Status read_declared(const PipelineConfig& config, Bundle& bundle) {
  constexpr uint64_t kMost = 16ULL << 20;
  const auto& file = bundle.lineage ? bundle.lineage->newest().file : config.schema->path;
  SLUICE_ASSIGN_OR_RETURN(const std::string text, read_file(file, kMost));
  auto declared = drift::Declared::read(text);
  if (!declared) return std::move(declared).status().with_context(file.string());
  bundle.declared = std::move(declared).value();
  return Status::ok();
}

Result<std::shared_ptr<Bundle>> load_once(const PipelineConfig& config) {
  auto bundle = std::make_shared<Bundle>();
  if (config.schema) bundle->schema_place = config.schema->path;
  if (config.transform) bundle->script_file = *config.transform;
  if (config.output_schema) bundle->output_schema_file = *config.output_schema;
  std::string identity = identity_of_options(config);
  if (config.schema && config.schema->lineage) {
    SLUICE_RETURN_IF_ERROR(load_lineage(config, *bundle, identity));
  } else if (config.schema) {
    SLUICE_ASSIGN_OR_RETURN(bundle->schema,
                            compile_schema_file(config.schema->path, to_options(config)));
    bundle->files[config.schema->path.string()] = bundle->schema->hash();
    identity += "schema:" + bundle->schema->hash();
  }
  if (bundle->schema) SLUICE_RETURN_IF_ERROR(read_declared(config, *bundle));
  if (config.transform) {
    SLUICE_ASSIGN_OR_RETURN(bundle->script,
                            Script::load(*config.transform, script_limits_of(config)));
    bundle->files[config.transform->string()] = bundle->script->hash();
    identity += "script:" + bundle->script->hash();
  }
  if (config.output_schema) {
    SLUICE_ASSIGN_OR_RETURN(bundle->output_schema,
                            compile_schema_file(*config.output_schema, to_options(config)));
    bundle->files[config.output_schema->string()] = bundle->output_schema->hash();
    identity += "output:" + bundle->output_schema->hash();
  }
  bundle->hash = sha256_hex(identity);
  return bundle;
}

}  // namespace

ScriptLimits script_limits_of(const PipelineConfig& config) {
  const ScriptLimitsConfig& from = config.script_limits;
  ScriptLimits to;
  to.cpu_us = from.cpu.count() * 1000;
  to.wall_us = from.wall.count() * 1000;
  to.memory_bytes = from.memory;
  to.instructions = from.instructions;
  to.output_bytes = from.output;
  to.emitted = from.emitted;
  to.log_lines = from.log_lines;
  to.depth = config.limits.depth;
  return to;
}

std::string Bundle::schema_hash() const {
  if (lineage) return lineage->hash();
  return schema ? schema->hash() : std::string();
}

// A ConfigMap or a checkout may change the files between two that are read: what was read counts
// only when everything is as it was before.
Result<std::shared_ptr<const Bundle>> Bundle::load(const PipelineConfig& config,
                                                   std::string* seen) {
  constexpr int kTries = 5;
  const BundleFiles files = BundleFiles::of(config);
  std::string before = files.fingerprint();
  for (int i = 0; i < kTries; ++i) {
    auto bundle = load_once(config);
    std::string after = files.fingerprint();
    if (before != after) {
      before = std::move(after);
      continue;
    }
    if (seen != nullptr) *seen = after;
    if (!bundle) return std::move(bundle).status();
    (*bundle)->fingerprint = std::move(after);
    return std::shared_ptr<const Bundle>(std::move(bundle).value());
  }
  if (seen != nullptr) *seen = before;
  return unavailable("the files of pipeline " + config.name +
                     " keep changing while they are read; try again when they are saved");
}

}  // namespace sluice
