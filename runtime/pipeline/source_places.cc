// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/source_places.h"

#include <utility>

#include "runtime/config/options.h"
#include "runtime/plugin_host/registry.h"

namespace sluice {
namespace {

Status places_status(const CallResult& result, const std::string& source) {
  if (result.rc >= 0) return Status::ok();
  const Code code = result.rc == SLUICE_E_CONFIG ? Code::kInvalid : Code::kUnavailable;
  return {code, "source " + source + ": " + result.message};
}

}  // namespace

Result<std::unique_ptr<SourcePlaces>> SourcePlaces::open(const Config& config,
                                                         const SourceConfig& source) {
  std::vector<PluginRegistry::Dir> dirs;
  for (const auto& dir : config.runtime.plugin_dirs) {
    dirs.push_back({dir, config.runtime.plugin_dirs_default});
  }
  SLUICE_ASSIGN_OR_RETURN(const auto registry, PluginRegistry::create(std::move(dirs)));
  SLUICE_ASSIGN_OR_RETURN(auto component, registry->find(ComponentKind::kSource, source.use));
  SLUICE_ASSIGN_OR_RETURN(
      const std::string json,
      type_placeholders(source.config_json, source.options, component.component->config_schema));
  std::unique_ptr<SourcePlaces> places(new SourcePlaces);  // NOLINT: private constructor
  places->name_ = source.name;
  SLUICE_ASSIGN_OR_RETURN(places->instance_,
                          SourceInstance::create(component, source.name, json, places->services_));
  if (!places->instance_->keeps_places()) return std::unique_ptr<SourcePlaces>();
  SLUICE_RETURN_IF_ERROR(places_status(places->instance_->open(), source.name));
  return places;
}

SourcePlaces::~SourcePlaces() {
  if (instance_ != nullptr) instance_->close();
}

Result<std::vector<LanePlace>> SourcePlaces::list(std::optional<int64_t> at_us) {
  std::vector<LanePlace> out;
  const CallResult result = instance_->list_places(at_us.value_or(SLUICE_NO_TIME),
                                                   [&out](const sluice_lane_state& state) {
                                                     LanePlace place;
                                                     place.lane = copied(state.lane);
                                                     place.group = copied(state.group);
                                                     place.topic = copied(state.topic);
                                                     place.member = copied(state.member);
                                                     place.low = state.low;
                                                     place.end = state.end;
                                                     place.at = state.at;
                                                     if ((state.flags & SLUICE_PLACE_KNOWN) != 0) {
                                                       place.next = state.next;
                                                     }
                                                     if ((state.flags & SLUICE_PLACE_OURS) != 0) {
                                                       place.epoch = state.epoch;
                                                     }
                                                     place.members = state.members;
                                                     out.push_back(std::move(place));
                                                   });
  SLUICE_RETURN_IF_ERROR(places_status(result, name_));
  return out;
}

Status SourcePlaces::store(const std::vector<LanePlace>& places, uint32_t epoch) {
  std::vector<sluice_lane_state> states;
  states.reserve(places.size());
  for (const LanePlace& place : places) {
    sluice_lane_state state{};
    state.struct_size = sizeof state;
    state.lane = {place.lane.data(), place.lane.size()};
    state.epoch = epoch;
    if (place.next) {
      state.flags = SLUICE_PLACE_KNOWN | SLUICE_PLACE_OURS;
      state.next = *place.next;
    }
    states.push_back(state);
  }
  std::vector<const sluice_lane_state*> pointers;
  pointers.reserve(states.size());
  for (const sluice_lane_state& state : states) pointers.push_back(&state);
  return places_status(instance_->store_places(pointers), name_);
}

}  // namespace sluice
