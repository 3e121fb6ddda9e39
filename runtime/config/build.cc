// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/build.h"

#include <system_error>
#include <utility>

#include "runtime/config/options.h"

namespace sluice::config {
namespace {

ConfigPlace place_in(const std::filesystem::path& file, const Value& value) {
  const bool entry = value.node != nullptr && value.node->key_place.line > 0;
  return {file.string(), entry ? value.node->key_place.line : value.place().line};
}

Value::Strings strings(const Value& section, std::string_view name) {
  const auto* list = std::get_if<Value::Strings>(&section.at(name).data);
  return list != nullptr ? *list : Value::Strings{};
}

uint32_t small(const Value& section, std::string_view name) {
  return static_cast<uint32_t>(section.get<uint64_t>(name));  // limits of the table fit
}

class Builder {
 public:
  Builder(const std::filesystem::path& file, const std::filesystem::path& base)
      : file_(file), base_(base) {}

  Config build(const Value& root, const std::filesystem::path& executable_dir) {
    Config config;
    config.file = file_;
    config.runtime = runtime(root.at("runtime"), executable_dir);
    for (const Value& value : root.at("pipelines").members) {
      config.pipelines.push_back(pipeline(value));
    }
    return config;
  }

 private:
  RuntimeConfig runtime(const Value& value, const std::filesystem::path& executable_dir) {
    RuntimeConfig out;
    for (const std::string& dir : strings(value, "plugin_dirs")) out.plugin_dirs.emplace_back(dir);
    if (out.plugin_dirs.empty()) {
      out.plugin_dirs_default = true;
      out.plugin_dirs = default_plugin_dirs(executable_dir);
    }
    out.state_dir = value.at("state").get<std::string>("dir");
    if (value.at("state").at("shared").has_data()) {
      out.shared_state = value.at("state").get<std::string>("shared");
    }
    if (value.at("state").at("dead_letters").has_data()) {
      out.dead_letters_dsn = value.at("state").get<std::string>("dead_letters");
    }
    out.admin_listen = value.at("admin").get<std::string>("listen");
    out.workers = small(value, "workers");
    out.drain_timeout = value.get<Millis>("drain_timeout");
    const auto& format = value.at("log").get<std::string>("format");
    out.log_format = format == "json"   ? LogFormat::kJson
                     : format == "text" ? LogFormat::kText
                                        : LogFormat::kAuto;
    out.log_level = value.at("log").get<std::string>("level");
    return out;
  }

  void dead_letters(DeadLettersConfig& out, const Value& value) {
    out.keep = value.get<Millis>("keep");
    out.show = strings(value, "show");
    out.max_bytes = value.get<uint64_t>("max_bytes");
    out.drop_oldest = value.get<std::string>("when_full") == "drop_oldest";
  }

  PipelineConfig pipeline(const Value& value) {
    PipelineConfig out;
    out.name = value.name;
    out.place = place_in(file_, value);
    out.tenant = value.get<std::string>("tenant");
    for (const Value& entry : value.at("sources").members) out.sources.push_back(source(entry));
    if (const Value* found = value.find("schema")) {
      drift(out.drift, found->at("drift"));
      const bool named = found->at("file").has_data() || found->at("lineage").has_data();
      if (named) schema(out.schema.emplace(), *found);
    }
    if (const Value* transform = value.find("transform")) {
      out.transform = transform->get<std::string>("file");
      if (transform->at("rollout").has_data()) out.rollout = transform->get<double>("rollout");
      if (const Value* shadow = transform->find("shadow"); shadow != nullptr && shadow->given()) {
        out.shadow = ShadowConfig{small(*shadow, "records"), shadow->get<uint64_t>("bytes"),
                                  shadow->get<bool>("dead_letters"),
                                  shadow->get<double>("max_newly_rejected")};
      }
    }
    if (value.at("output_schema").has_data()) {
      out.output_schema = value.get<std::string>("output_schema");
    }
    idempotency(out.idempotency, value.at("idempotency"));
    out.watch_files = value.get<std::string>("reload") == "watch";
    out.sensitive = strings(value, "sensitive");
    limits(out, value);
    flow(out.flow, value.at("flow"));
    dead_letters(out.dead_letters, value.at("dead_letters"));
    if (const Value* burst = value.find("dlq_burst"); burst != nullptr && burst->given()) {
      out.dlq_burst = {burst->get<std::string>("guard") == "on", burst->get<double>("share"),
                       small(*burst, "least"), small(*burst, "window"),
                       burst->get<Millis>("cool_down")};
    }
    for (const Value& entry : value.at("sinks").members) out.sinks.push_back(sink(entry));
    return out;
  }

  static void idempotency(IdempotencyConfig& out, const Value& value) {
    using Key = IdempotencyConfig::Key;
    out.ttl = value.get<Millis>("ttl");
    out.admit_when_away = value.get<std::string>("on_unavailable") == "admit";
    out.pointers = strings(value, "key");
    if (!out.pointers.empty()) {
      out.key = Key::kPointers;
      return;
    }
    const auto& word = value.get<std::string>("key");
    if (word.starts_with(Value::kHeaderKey)) {
      out.key = Key::kHeader;
      out.header = word.substr(Value::kHeaderKey.size());
    } else {
      out.key = word == "raw" ? Key::kRaw : word == "off" ? Key::kOff : Key::kOrigin;
    }
  }

  static void drift(DriftConfig& out, const Value& value) {
    using Observe = DriftConfig::Observe;
    const auto& observe = value.get<std::string>("observe");
    out.observe = observe == "full"      ? Observe::kFull
                  : observe == "sampled" ? Observe::kSampled
                                         : Observe::kOff;
    out.sample = value.get<double>("sample");
    out.baseline = value.get<uint64_t>("baseline");
    out.max_paths = small(value, "max_paths");
  }

  void schema(SchemaConfig& out, const Value& value) {
    out.place = place_in(file_, value);
    const auto& unknown = value.get<std::string>("unknown_fields");
    if (unknown == "ignore") out.unknown_fields = UnknownFields::kIgnore;
    if (unknown == "reject") out.unknown_fields = UnknownFields::kReject;
    out.formats = value.get<std::string>("formats");
    if (const Value* remotes = value.find("remotes")) {
      for (const Value& remote : remotes->members) {
        out.remotes.emplace_back(remote.get<std::string>("uri"), remote.get<std::string>("folder"));
      }
    }
    out.lineage = value.at("lineage").has_data();
    out.path = value.get<std::string>(out.lineage ? "lineage" : "file");
    if (!out.lineage) return;
    if (value.at("lifts").has_data()) {
      out.lifts = value.get<std::string>("lifts");
    } else {
      const std::filesystem::path folder =
          out.path.has_filename() ? out.path : out.path.parent_path();
      out.lifts = folder.parent_path().parent_path() / "transformers" / folder.filename();
    }
    version(out.version, value.at("version"));
  }

  static void registry(RegistryConfig& out, const Value& value) {
    out.url = value.get<std::string>("url");
    while (out.url.ends_with('/')) out.url.pop_back();
    if (value.at("user").has_data()) out.user = value.get<std::string>("user");
    if (value.at("password").has_data()) out.password = value.get<std::string>("password");
    if (value.at("ssl_ca").has_data()) out.ssl_ca = value.get<std::string>("ssl_ca");
    if (value.at("subject").has_data()) out.subject = value.get<std::string>("subject");
    out.timeout = value.get<Millis>("timeout");
    out.refresh = value.get<Millis>("refresh");
  }

  static void version(SchemaVersionConfig& out, const Value& value) {
    using From = SchemaVersionConfig::From;
    if (value.at("pointer").has_data()) out.pointer = value.get<std::string>("pointer");
    if (value.at("header").has_data()) {
      out.from = From::kHeader;
      out.header = value.get<std::string>("header");
    }
    if (const Value* confluent = value.find("confluent")) {
      out.from = From::kConfluent;
      if (confluent->at("ids").has_data()) out.ids = confluent->get<std::string>("ids");
      const Value* asked = confluent->find("registry");
      if (asked != nullptr && asked->given()) registry(out.registry.emplace(), *asked);
    }
    if (value.at("try").has_data()) out.from = From::kTry;
    if (value.at("default").has_data()) out.fallback = small(value, "default");
  }

  static void limits(PipelineConfig& out, const Value& value) {
    const Value& record = value.at("limits");
    out.limits.record_bytes = record.get<uint64_t>("record_bytes");
    out.limits.depth = small(record, "depth");
    const Value& script = value.at("script_limits");
    out.script_limits.cpu = script.get<Millis>("cpu");
    out.script_limits.wall = script.get<Millis>("wall");
    out.script_limits.memory = script.get<uint64_t>("memory");
    out.script_limits.output = script.get<uint64_t>("output");
    out.script_limits.instructions = script.get<uint64_t>("instructions");
    out.script_limits.emitted = small(script, "emitted");
    out.script_limits.log_lines = small(script, "log_lines");
  }

  static void flow(FlowConfig& out, const Value& value) {
    if (value.at("rate").has_data()) out.rate = value.get<double>("rate");
    out.burst_multiplier = value.get<double>("burst_multiplier");
    out.max_in_flight = value.get<uint64_t>("max_in_flight");
  }

  template <typename Instance>
  void instance(Instance& out, const Value& value) {
    out.name = value.name;
    out.use = value.get<std::string>("use");
    out.place = place_in(file_, value);
    Options options = convert_options(value.at("config").node, base_, false);
    out.config_json = std::move(options.json);
    out.options = std::move(options.places);
  }

  SourceConfig source(const Value& value) {
    SourceConfig out;
    instance(out, value);
    out.low_priority = value.get<std::string>("priority") == "low";
    return out;
  }

  SinkConfig sink(const Value& value) {
    SinkConfig out;
    instance(out, value);
    out.required = value.get<bool>("required");
    const Value& batch = value.at("batch");
    out.batch.records = small(batch, "records");
    out.batch.bytes = batch.get<uint64_t>("bytes");
    out.batch.linger = batch.get<Millis>("linger");
    out.order = value.get<std::string>("order") == "none" ? SinkOrder::kNone : SinkOrder::kLane;
    out.writers = small(value, "writers");
    out.timeout = value.get<Millis>("timeout");
    retry(out, value.at("retry"));
    if (const Value* spool = value.find("spool"); spool != nullptr && spool->given()) {
      out.spool_bytes = spool->get<uint64_t>("size");
      if (spool->at("drain_rate").has_data()) {
        out.spool_drain_rate = spool->get<double>("drain_rate");
      }
    }
    breaker(out.breaker, value.at("breaker"), out.timeout);
    out.on_unavailable = value.get<std::string>("on_unavailable") == "dead_letter"
                             ? OnUnavailable::kDeadLetter
                             : OnUnavailable::kHold;
    if (value.get<std::string>("maybe_applied") == "dead_letter") {
      out.maybe_applied = MaybeApplied::kDeadLetter;
    }
    out.older_is_duplicate = value.get<std::string>("older") == "duplicate";
    out.overwrite_equal = value.get<std::string>("on_equal") == "overwrite";
    return out;
  }

  static void retry(SinkConfig& sink, const Value& value) {
    RetryConfig& out = sink.retry;
    out.max_attempts = static_cast<int>(value.get<uint64_t>("max_attempts"));
    out.base = value.get<Millis>("base");
    out.cap = value.get<Millis>("cap");
    if (!value.at("delays").has_data()) return;
    Value::Durations delays = value.get<Value::Durations>("delays");
    const uint64_t retries =
        value.at("max_retries").has_data() ? value.get<uint64_t>("max_retries") : delays.size();
    if (value.at("topics").has_data()) {
      sink.retry_topics.emplace(value.get<std::string>("topics"), std::move(delays),
                                static_cast<uint32_t>(retries));
      return;
    }
    out.delays = std::move(delays);
    out.max_attempts = static_cast<int>(retries) + 1;
  }

  static void breaker(BreakerConfig& out, const Value& value, Millis timeout) {
    out.failures = small(value, "failures");
    out.error_rate = value.get<double>("error_rate");
    out.calls = small(value, "calls");
    out.slow_call = value.at("slow_call").has_data() ? value.get<Millis>("slow_call") : timeout;
    out.half_open_after = value.get<Millis>("half_open_after");
  }

  const std::filesystem::path& file_;
  const std::filesystem::path& base_;
};

}  // namespace

std::filesystem::path executable_dir(const LoadOptions& options) {
  if (!options.executable_dir.empty()) return options.executable_dir;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path("/usr/bin") : self.parent_path();
}

std::vector<std::filesystem::path> default_plugin_dirs(
    const std::filesystem::path& executable_dir) {
  return {(executable_dir / "../lib/sluice/plugins").lexically_normal(), "/plugins"};
}

Config build_config(const Value& root, const std::filesystem::path& file,
                    const std::filesystem::path& base,
                    const std::filesystem::path& executable_dir) {
  return Builder(file, base).build(root, executable_dir);
}

}  // namespace sluice::config
