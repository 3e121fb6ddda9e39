// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>

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

void retry_form(const Value& sink, const std::string& path, Problems& problems) {
  const Value* retry = sink.find("retry");
  if (retry == nullptr || !retry->given()) return;
  const Value* delays = retry->find("delays");
  if (delays != nullptr && delays->given()) {
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
  if (most != nullptr && most->given()) {
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

}  // namespace

void check_rules(const Value& root, Problems& problems) {
  const Value* pipelines = root.find("pipelines");
  if (pipelines == nullptr) return;
  unique_names(*pipelines, problems);
  for (const Value& pipeline : pipelines->members) {
    const Value* sinks = pipeline.find("sinks");
    if (sinks == nullptr) continue;
    for (const Value& sink : sinks->members) {
      retry_form(sink, cat({"pipelines.", pipeline.name, ".sinks.", sink.name}), problems);
    }
  }
}

}  // namespace sluice::config
