// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/descriptor_check.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "runtime/base/text.h"
#include "runtime/plugin_host/config_check.h"
#include "runtime/plugin_host/safe_read.h"
#include "runtime/plugin_host/schema_lint.h"

namespace sluice {
namespace {

constexpr size_t kMaxText = size_t{64} * 1024;
constexpr uint32_t kMaxItems = 1024;
constexpr std::array<std::string_view, 12> kRuntimeReasons = {
    "SCHEMA_DRIFT",         "VALIDATION_FAIL",    "OLDER_REVISION", "SINK_TIMEOUT",
    "CONSTRAINT_VIOLATION", "CONNECTION_ERROR",   "RATE_LIMITED",   "PARSE_ERROR",
    "TRANSFORM_ERROR",      "REJECTED_BY_SCRIPT", "TOO_LARGE",      "CIRCUIT_OPEN"};
constexpr uint32_t kKnownCaps = SLUICE_CAP_REPLAY | SLUICE_CAP_IDEMPOTENT | SLUICE_CAP_ORDERED |
                                SLUICE_CAP_FINITE | SLUICE_CAP_MARKS;
constexpr uint32_t kSourceCaps = SLUICE_CAP_REPLAY | SLUICE_CAP_FINITE;

bool is_name(std::string_view text, size_t max_size, bool letter_first) {
  if (text.empty() || text.size() > max_size) return false;
  if (letter_first && (text[0] < 'a' || text[0] > 'z')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

class Checker {
 public:
  std::vector<std::string> run(const sluice_plugin_entry* address) {
    sluice_plugin_entry entry{};
    if (!copy_if_readable(address, &entry, sizeof(entry))) {
      say("entry", "cannot be read");
      return std::move(problems_);
    }
    text("entry", "name", entry.name);
    text("entry", "version", entry.version);
    text("entry", "license", entry.license);
    text("entry", "build", entry.build);
    if (entry.component_count == 0) say("entry", "offers no component");
    for (const auto* at :
         list<sluice_component>("entry", "components", entry.components, entry.component_count)) {
      component(at);
    }
    return std::move(problems_);
  }

 private:
  void say(std::string_view where, std::string_view problem) {
    problems_.push_back(std::string(where) + ": " + std::string(problem));
  }

  std::optional<std::string> text(std::string_view where, std::string_view field,
                                  const char* from) {
    if (from == nullptr) {
      say(where, std::string(field) + " is NULL, expected text");
      return std::nullopt;
    }
    auto found = text_if_readable(from, kMaxText);
    if (!found) {
      say(where, std::string(field) + " cannot be read or does not end within 64 KiB");
    } else if (const size_t good = utf8_valid_prefix(*found); good != found->size()) {
      say(where, std::string(field) + " is not UTF-8 at byte " + std::to_string(good));
    } else if (found->empty()) {
      say(where, std::string(field) + " is empty");
    } else {
      return found;
    }
    return std::nullopt;
  }

  // The pointers of an array of pointers, those that can be read.
  template <typename T>
  std::vector<const T*> list(std::string_view where, std::string_view field, const T* const* from,
                             uint32_t count) {
    std::vector<const T*> out;
    if (count > kMaxItems) {
      say(where, std::to_string(count) + " " + std::string(field) + ", expected at most " +
                     std::to_string(kMaxItems));
      return out;
    }
    if (count == 0) return out;
    out.resize(count);
    if (!copy_if_readable(from, out.data(), count * sizeof(T*))) {
      say(where, std::string(field) + " cannot be read");
      out.clear();
    }
    return out;
  }

  // A copy of a struct that may be longer than we know; nothing if it is shorter than 1.0's.
  template <typename T>
  std::optional<T> structure(std::string_view where, const void* from) {
    uint32_t size = 0;
    T copy{};
    if (!copy_if_readable(from, &size, sizeof(size))) {
      say(where, from == nullptr ? "is NULL" : "cannot be read");
    } else if (size < sizeof(T)) {
      say(where, "struct_size is " + std::to_string(size) + ", expected " +
                     std::to_string(sizeof(T)) + " or more");
    } else if (!copy_if_readable(from, &copy, sizeof(T))) {
      say(where, "cannot be read");
    } else {
      return copy;
    }
    return std::nullopt;
  }

  void component(const sluice_component* address) {
    const auto c = structure<sluice_component>("component", address);
    if (!c) return;
    const auto id = text("component", "id", c->id);
    const std::string where = "component " + id.value_or("without id");
    if (id && !is_name(*id, 32, true)) {
      say(where, "id must match [a-z][a-z0-9_]{0,31}");
    }
    if (c->kind != SLUICE_KIND_SOURCE && c->kind != SLUICE_KIND_SINK) {
      say(where, "kind is " + std::to_string(c->kind) + ", expected 1 (source) or 2 (sink)");
    }
    if (id && !ids_.insert({c->kind, *id}).second) {
      say(where, "the same kind and id appears twice");
    }
    text(where, "summary", c->summary);
    caps(where, *c);
    config(where, *c);
    reasons(where, *c);
    metrics(where, *c);
    if (c->kind == SLUICE_KIND_SOURCE) source_slots(where, c->ops);
    if (c->kind == SLUICE_KIND_SINK) sink_slots(where, c->ops);
  }

  void caps(const std::string& where, const sluice_component& c) {
    // Unknown bits are a newer plugin's; known ones must suit the kind.
    const uint32_t foreign =
        c.caps & kKnownCaps & (c.kind == SLUICE_KIND_SOURCE ? ~kSourceCaps : kSourceCaps);
    if (foreign != 0) {
      say(where, "caps " + std::to_string(foreign) + " do not apply to a " +
                     (c.kind == SLUICE_KIND_SOURCE ? "source" : "sink"));
    }
  }

  void config(const std::string& where, const sluice_component& c) {
    const auto schema = text(where, "config_schema", c.config_schema);
    const auto example = text(where, "example_config", c.example_config);
    if (!schema) return;
    const auto lint = lint_config_schema(*schema);
    for (const std::string& problem : lint) say(where, problem);
    if (!lint.empty() || !example) return;
    const auto checked = complete_config(*schema, *example);
    if (!checked) {
      say(where, "example_config does not fit config_schema: " + checked.status().message());
    }
  }

  void reasons(const std::string& where, const sluice_component& c) {
    std::set<std::string> seen;
    size_t i = 0;
    for (const auto* address : list<sluice_reason>(where, "reasons", c.reasons, c.reason_count)) {
      const std::string place = where + ", reason " + std::to_string(i++);
      const auto r = structure<sluice_reason>(place, address);
      if (!r) continue;
      const auto code = text(place, "code", r->code);
      if (code && !is_name(*code, 48, false)) say(place, "code must match [a-z0-9_]{1,48}");
      if (code && !seen.insert(*code).second) say(place, "code " + *code + " appears twice");
      if (r->verdict != SLUICE_REC_RETRY && r->verdict != SLUICE_REC_REJECT) {
        say(place,
            "verdict is " + std::to_string(r->verdict) + ", expected 2 (retry) or 3 (reject)");
      }
      text(place, "help", r->help);
      const auto maps_to = text(place, "maps_to", r->maps_to);
      if (maps_to && !is_runtime_reason(*maps_to)) {
        std::string known;
        for (const std::string_view name : kRuntimeReasons) {
          known += (known.empty() ? "" : ", ") + std::string(name);
        }
        say(place, "maps_to is \"" + *maps_to + "\", expected one of " + known);
      }
    }
  }

  void metrics(const std::string& where, const sluice_component& c) {
    std::set<std::string> seen;
    size_t i = 0;
    for (const auto* address : list<sluice_metric>(where, "metrics", c.metrics, c.metric_count)) {
      const std::string place = where + ", metric " + std::to_string(i++);
      const auto m = structure<sluice_metric>(place, address);
      if (!m) continue;
      const auto name = text(place, "name", m->name);
      if (name && !is_name(*name, 64, true)) say(place, "name must match [a-z][a-z0-9_]{0,63}");
      if (name && !seen.insert(*name).second) say(place, "name " + *name + " appears twice");
      if (m->kind < SLUICE_METRIC_COUNTER || m->kind > SLUICE_METRIC_HISTOGRAM) {
        say(place, "kind is " + std::to_string(m->kind) +
                       ", expected 1 (counter), 2 (gauge) or 3 (histogram)");
      }
      text(place, "help", m->help);
    }
  }

  void slot(const std::string& where, std::string_view name, bool filled) {
    if (!filled) say(where, "the slot " + std::string(name) + " is NULL, it is required");
  }

  void source_slots(const std::string& where, const void* address) {
    const auto ops = structure<sluice_source_ops>(where + ", ops", address);
    if (!ops) return;
    slot(where, "create", ops->create != nullptr);
    slot(where, "destroy", ops->destroy != nullptr);
    slot(where, "open", ops->open != nullptr);
    slot(where, "poll", ops->poll != nullptr);
    slot(where, "ack", ops->ack != nullptr);
    slot(where, "stop", ops->stop != nullptr);
    slot(where, "close", ops->close != nullptr);
  }

  void sink_slots(const std::string& where, const void* address) {
    const auto ops = structure<sluice_sink_ops>(where + ", ops", address);
    if (!ops) return;
    slot(where, "create", ops->create != nullptr);
    slot(where, "destroy", ops->destroy != nullptr);
    slot(where, "open", ops->open != nullptr);
    slot(where, "write", ops->write != nullptr);
    slot(where, "stop", ops->stop != nullptr);
    slot(where, "close", ops->close != nullptr);
  }

  std::vector<std::string> problems_;
  std::set<std::pair<int32_t, std::string>> ids_;
};

}  // namespace

bool is_runtime_reason(std::string_view code) {
  return std::find(kRuntimeReasons.begin(), kRuntimeReasons.end(), code) != kRuntimeReasons.end();
}

std::vector<std::string> check_descriptors(const sluice_plugin_entry* entry) {
  return Checker().run(entry);
}

}  // namespace sluice
