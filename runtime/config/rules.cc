// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>

#include "runtime/config/options.h"
#include "runtime/config/value.h"

namespace sluice::config {
namespace {

// Metrics, checkpoints and letters name an instance without its pipeline.
void unique_names(const Value& pipelines, Problems& problems) {
  struct Seen {
    std::string path;
    int line;
  };
  std::map<std::string, Seen> seen;
  for (const Value& pipeline : pipelines.members) {
    for (const char* kind : {"sources", "sinks"}) {
      const Value* instances = pipeline.find(kind);
      if (instances == nullptr) continue;
      for (const Value& instance : instances->members) {
        const std::string path = cat({"pipelines.", pipeline.name, ".", kind});
        const Place place = instance.node->key_place;
        const auto [first, fresh] = seen.emplace(instance.name, Seen{path, place.line});
        if (fresh) continue;
        problems.add(place, path,
                     cat({"the name ", quote(instance.name), " is taken by ", first->second.path,
                          " in line ", std::to_string(first->second.line),
                          "; instance names are unique in the process, choose another"}));
      }
    }
  }
}

// A template gives each delay a topic of its own.
void retry_topics_form(const Value& sink, const Value& topics, bool delays, const std::string& path,
                       Problems& problems) {
  const auto add = [&](const Place& place, const std::string& text) {
    problems.add(place, path + ".retry", text);
  };
  if (!delays) {
    add(topics.node->key_place,
        "\"topics\" goes with \"delays\"; add them, as [5m, 10m, 20m, 40m]");
  }
  const auto* address = std::get_if<std::string>(&topics.data);
  const auto has = [&](std::string_view text) {
    return address != nullptr && address->find(text) != std::string::npos;
  };
  if (address != nullptr && !address->starts_with("kafka://")) {
    add(topics.place(),
        "expected kafka://host:9092/orders.retry.{delay}, found " + quote(mask_url(*address)));
  } else if (!has("{delay}") && !has("{seconds}")) {
    add(topics.place(),
        "each delay has a topic of its own: put {delay} (5m) or {seconds} (300) into the topic's "
        "name");
  }
  const Value* spool = sink.find("spool");
  const Value* size = spool != nullptr && spool->given() ? spool->find("size") : nullptr;
  const auto* bytes = size != nullptr ? std::get_if<uint64_t>(&size->data) : nullptr;
  if (bytes != nullptr && *bytes != 0) {
    add(topics.node->key_place, "\"topics\" does not go with a spool yet: leave one of them out");
  }
}

void retry_form(const Value& sink, const std::string& path, Problems& problems) {
  const Value* retry = sink.find("retry");
  if (retry == nullptr || !retry->given()) return;
  const Value* delays = retry->find("delays");
  const bool given = delays != nullptr && delays->given();
  const Value* topics = retry->find("topics");
  if (topics != nullptr && topics->given()) {
    retry_topics_form(sink, *topics, given, path, problems);
  } else if (given) {
    for (const char* other : {"max_attempts", "base", "cap"}) {
      const Value* value = retry->find(other);
      if (value == nullptr || !value->given()) continue;
      problems.add(value->node->key_place, path + ".retry",
                   cat({"\"", other,
                        "\" does not go with \"delays\"; keep one form (\"delays\" with "
                        "\"max_retries\", or \"max_attempts\", \"base\" and \"cap\")"}));
    }
    return;
  }
  const Value* most = retry->find("max_retries");
  if (most != nullptr && most->given() && !given) {
    problems.add(most->node->key_place, path + ".retry",
                 "\"max_retries\" goes with \"delays\"; add them, or use \"max_attempts\"");
  }
  const Value* base = retry->find("base");
  const Value* cap = retry->find("cap");
  const auto* shortest = base != nullptr ? std::get_if<Millis>(&base->data) : nullptr;
  const auto* longest = cap != nullptr ? std::get_if<Millis>(&cap->data) : nullptr;
  if (shortest != nullptr && longest != nullptr && *shortest > *longest) {
    problems.add((base->given() ? base : cap)->place(), path + ".retry",
                 "\"base\" is longer than \"cap\"; make the cap at least as long");
  }
}

// A spool holds what its sink cannot take, so it takes a sink that holds.
void spool_form(const Value& sink, const std::string& path, Problems& problems) {
  const Value* spool = sink.find("spool");
  const Value* size = spool != nullptr && spool->given() ? spool->find("size") : nullptr;
  const auto* bytes = size != nullptr ? std::get_if<uint64_t>(&size->data) : nullptr;
  if (bytes == nullptr || *bytes == 0) return;
  const Value* unavailable = sink.find("on_unavailable");
  const auto* choice =
      unavailable != nullptr ? std::get_if<std::string>(&unavailable->data) : nullptr;
  if (choice != nullptr && *choice == "dead_letter") {
    problems.add(unavailable->node->key_place, path,
                 "\"on_unavailable: dead_letter\" does not go with \"spool\", which holds what the "
                 "sink cannot take; keep one of them");
  }
  const Value* required = sink.find("required");
  const auto* wanted = required != nullptr ? std::get_if<bool>(&required->data) : nullptr;
  if (wanted != nullptr && !*wanted) {
    problems.add(
        required->node->key_place, path,
        "\"required: false\" does not go with \"spool\": such a sink holds nobody, what it "
        "cannot take is passed over; keep one of them");
  }
}

// What the file says of a key of a section whose plain form stands for `plain`; also when its value
// was found wrong, which has been said then. nullptr: nothing.
const YamlNode* written(const Value& section, std::string_view key, std::string_view plain) {
  const YamlNode* node = section.node;
  if (node == nullptr) return nullptr;
  if (node->is_scalar()) return key == plain ? node : nullptr;
  const YamlNode* found = node->find(key);
  return found != nullptr && found->kind != YamlNode::Kind::kNull ? found : nullptr;
}

// What the runtime can ask, and without a password that logs would show.
void registry_form(const Value& registry, const std::string& path, Problems& problems) {
  const Value* url = registry.find("url");
  const auto* text = url != nullptr ? std::get_if<std::string>(&url->data) : nullptr;
  if (text == nullptr) return;
  const size_t scheme = text->starts_with("http://") ? 7 : text->starts_with("https://") ? 8 : 0;
  const std::string_view host = std::string_view(*text).substr(scheme);
  if (scheme == 0 || host.empty() || host.front() == '/') {
    problems.add(url->place(), path,
                 "expected a url such as https://registry.example.com/apis/ccompat/v7");
  } else if (host.substr(0, host.find('/')).find('@') != std::string_view::npos) {
    problems.add(url->place(), path,
                 "the url holds a user or password; give them as \"user\" and \"password\"");
  } else if (host.find_first_of("?#") != std::string_view::npos) {
    problems.add(url->place(), path, "the url ends in a query or fragment; remove it");
  }
}

// A file or a registry says what ids mean.
void confluent_form(const Value& confluent, const std::string& path, Problems& problems) {
  const YamlNode* ids = written(confluent, "ids", "ids");
  const YamlNode* registry = written(confluent, "registry", "ids");
  if (ids != nullptr && registry != nullptr) {
    problems.add(registry->place, path, "\"registry\" does not go with \"ids\"; keep one of them");
  } else if (ids == nullptr && registry == nullptr) {
    problems.add(confluent.place(), path,
                 "expected \"ids\" (a JSON file from schema id to version) or \"registry\" (the "
                 "url of a schema registry)");
  } else if (registry != nullptr) {
    registry_form(*confluent.find("registry"), path + ".registry", problems);
  }
}

// Exactly one of the ways in which a record may name its version.
void version_form(const Value& version, const std::string& path, Problems& problems) {
  std::string first;
  for (const char* way : {"pointer", "header", "confluent", "try"}) {
    const YamlNode* node = written(version, way, "pointer");
    if (node == nullptr) continue;
    if (!first.empty()) {
      problems.add(node->place, path,
                   cat({"\"", way, "\" does not go with \"", first,
                        "\"; a version is found in one way, keep one of them"}));
      return;
    }
    first = way;
  }
  if (first.empty()) {
    problems.add(version.place(), path,
                 "expected one of pointer, header, confluent or try: where a record names its "
                 "version");
    return;
  }
  if (const Value* confluent = version.find("confluent"); first == "confluent") {
    confluent_form(*confluent, join_path(path, "confluent"), problems);
  }
  const YamlNode* preset = written(version, "default", "pointer");
  if (first == "try" && preset != nullptr) {
    problems.add(preset->place, path,
                 "\"default\" does not go with \"try\", which looks at no version; remove it");
  }
}

// A lineage says where records name their version.
void lineage_form(const Value& schema, const YamlNode& lineage, const std::string& path,
                  Problems& problems) {
  if (const YamlNode* file = written(schema, "file", "file")) {
    problems.add(file->place, path, "\"file\" does not go with \"lineage\"; keep one of them");
  }
  const Value* version = schema.find("version");
  if (version == nullptr || !version->given()) {
    problems.add(lineage.place, path,
                 "the key \"version\" is missing; say where a record names its version, such as "
                 "version: { pointer: /schema_version }");
    return;
  }
  version_form(*version, join_path(path, "version"), problems);
}

// Either a file, or a lineage.
void schema_form(const Value& schema, const std::string& path, Problems& problems) {
  if (const YamlNode* lineage = written(schema, "lineage", "file")) {
    lineage_form(schema, *lineage, path, problems);
    return;
  }
  for (const char* other : {"lifts", "version"}) {
    if (const YamlNode* node = written(schema, other, "file")) {
      problems.add(node->place, path,
                   cat({"\"", other,
                        "\" goes with \"lineage\", a folder of numbered versions; "
                        "name one, or remove the key"}));
    }
  }
  const bool file = written(schema, "file", "file") != nullptr;
  const YamlNode* const unknown = written(schema, "unknown_fields", "file");
  if (!file && unknown != nullptr) {
    problems.add(
        unknown->place, path,
        "\"unknown_fields\" goes with \"file\" or \"lineage\", which say what is known; name "
        "one, or remove the key");
  }
  // Drift is watched without a schema when asked for.
  if (!file && written(schema, "drift", "file") == nullptr) {
    problems.add(schema.place(), path,
                 "the key \"file\" is missing; expected the path of a file, or \"lineage\" with a "
                 "folder of numbered versions");
  }
}

}  // namespace

void check_rules(const Value& root, Problems& problems) {
  const Value* pipelines = root.find("pipelines");
  if (pipelines == nullptr) return;
  unique_names(*pipelines, problems);
  for (const Value& pipeline : pipelines->members) {
    const Value* schema = pipeline.find("schema");
    if (schema != nullptr) {
      schema_form(*schema, cat({"pipelines.", pipeline.name, ".schema"}), problems);
    }
    const Value* sinks = pipeline.find("sinks");
    if (sinks == nullptr) continue;
    for (const Value& sink : sinks->members) {
      const std::string path = cat({"pipelines.", pipeline.name, ".sinks.", sink.name});
      retry_form(sink, path, problems);
      spool_form(sink, path, problems);
    }
  }
}

}  // namespace sluice::config
