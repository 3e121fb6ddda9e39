// SPDX-License-Identifier: Apache-2.0
// sluice offsets show
#include <unistd.h>

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/offsets_plan.h"
#include "runtime/cli/terminal.h"
#include "runtime/pipeline/runtime.h"

namespace sluice::cli {
namespace {

// What is known of one source: here, and in the other system that keeps its positions.
struct Standing {
  OfSource of;
  SourceCheckpoint here;
  bool elsewhere = false;
  std::vector<LanePlace> places;
};

std::optional<uint64_t> settled_here(const Standing& standing, const std::string& lane) {
  for (const LaneMark& mark : standing.here.lanes) {
    if (mark.lane == lane) return mark.position;
  }
  return std::nullopt;
}

std::optional<uint64_t> lag_of(const LanePlace& place) {
  if (!place.next) return std::nullopt;
  const uint64_t from = std::max(*place.next, place.low);
  return place.end > from ? place.end - from : 0;
}

void append_place_json(const Standing& standing, const LanePlace& place, std::string& out) {
  out += "{\"lane\":";
  append_json_string(out, place.lane);
  out += ",\"low\":" + std::to_string(place.low) +
         ",\"committed\":" + number_or(place.next, "null") +
         ",\"end\":" + std::to_string(place.end) + ",\"lag\":" + number_or(lag_of(place), "null") +
         ",\"settled\":" + number_or(settled_here(standing, place.lane), "null") + ",\"member\":";
  if (place.member.empty()) {
    out += "null}";
  } else {
    append_json_string(out, place.member);
    out += "}";
  }
}

std::string time_json(int64_t us) { return us == 0 ? "null" : '"' + format_time_us(us) + '"'; }

std::string standing_json(const Standing& standing) {
  const SourceCheckpoint& at = standing.here;
  std::string out = "{\"pipeline\":";
  append_json_string(out, standing.of.pipeline->name);
  out += ",\"source\":";
  append_json_string(out, standing.of.source->name);
  out += ",\"kind\":";
  append_json_string(out, standing.of.source->use);
  if (!standing.places.empty()) {
    out += ",\"group\":";
    append_json_string(out, standing.places.front().group);
  }
  out += ",\"epoch\":" + std::to_string(at.epoch) +
         ",\"highest_event_time\":" + time_json(at.highest_event_time_us) +
         ",\"updated_at\":" + time_json(at.updated_at_us) + ",\"lanes\":[";
  for (const LanePlace& place : standing.places) {
    if (out.back() != '[') out += ',';
    append_place_json(standing, place, out);
  }
  for (const LaneMark& lane : at.lanes) {
    if (standing.elsewhere) break;
    if (out.back() != '[') out += ',';
    out += "{\"lane\":";
    append_json_string(out, lane.lane);
    out += ",\"committed\":" + std::to_string(lane.position) + "}";
  }
  return out + "]}";
}

void append_rows(const Standing& standing, std::vector<std::vector<std::string>>& table) {
  const SourceCheckpoint& at = standing.here;
  const std::string time =
      at.highest_event_time_us == 0 ? "-" : format_time_us(at.highest_event_time_us);
  const auto row = [&](const std::string& lane, const std::string& low,
                       const std::string& committed, const std::string& end, const std::string& lag,
                       const std::string& member) {
    table.push_back({standing.of.pipeline->name, standing.of.source->name, lane, low, committed,
                     end, lag, member, time, std::to_string(at.epoch)});
  };
  for (const LanePlace& place : standing.places) {
    row(on_one_line(place.lane), std::to_string(place.low), number_or(place.next, "-"),
        std::to_string(place.end), number_or(lag_of(place), "-"),
        place.member.empty() ? "-" : on_one_line(place.member));
  }
  if (standing.elsewhere) return;
  for (const LaneMark& lane : at.lanes) {
    row(on_one_line(lane.lane), "-", std::to_string(lane.position), "-", "-", "-");
  }
  if (at.lanes.empty()) row("-", "-", "-", "-", "-", "-");
}

// What the other system says; where it does not answer, what we know is shown all the same.
void look_elsewhere(const Config& config, Standing& standing) {
  auto places = SourcePlaces::open(config, *standing.of.source);
  if (places && *places == nullptr) return;
  Status status = places.status();
  if (places) {
    auto list = (*places)->list(std::nullopt);
    status = list.status();
    if (list) {
      standing.places = std::move(list).value();
      standing.elsewhere = true;
      return;
    }
  }
  write_text(STDERR_FILENO,
             "sluice: " + status.message() + "; shown is what this state folder knows of it\n");
}

}  // namespace

int show_offsets(const OffsetsOptions& options) {
  const auto config = read_offsets_config(options);
  if (!config) return report(config.status());
  const auto sources = sources_of(*config, options.source);
  if (!sources) return report(sources.status());
  auto store = open_checkpoints(*config, true);
  if (!store && store.status().code() != Code::kNotFound) return report(store.status());
  std::string json;
  std::vector<std::vector<std::string>> table{{"pipeline", "source", "lane", "low", "committed",
                                               "end", "lag", "member", "settled up to", "epoch"}};
  for (const OfSource& of : *sources) {
    Standing standing;
    standing.of = of;
    if (store) {
      auto loaded = (*store)->load(of.pipeline->name, of.source->name);
      if (!loaded) return report(loaded.status());
      standing.here = std::move(loaded).value();
    }
    look_elsewhere(*config, standing);
    json += (json.empty() ? "" : ",") + standing_json(standing);
    append_rows(standing, table);
  }
  write_text(STDOUT_FILENO, options.json ? "{\"sources\":[" + json + "]}\n" : format_table(table));
  return kExitOk;
}

}  // namespace sluice::cli
