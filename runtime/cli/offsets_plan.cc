// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/offsets_plan.h"

#include <algorithm>
#include <charconv>

#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/cli/terminal.h"

namespace sluice::cli {
namespace {

constexpr size_t kOffsetsHashShown = 12;
constexpr size_t kLanesShown = 20;

std::string lane_on_a_line(const std::string& lane) {
  std::string out;
  append_escaped(out, lane);
  return out;
}

std::vector<CheckpointMove::Lane> lanes_moved(const OffsetsPlan& plan) {
  if (!plan.move.all) return plan.move.lanes;
  std::vector<CheckpointMove::Lane> out;
  for (const LaneMark& mark : plan.before.lanes) out.push_back({mark.lane, std::nullopt});
  return out;
}

uint64_t position_before(const OffsetsPlan& plan, const std::string& lane) {
  for (const LaneMark& mark : plan.before.lanes) {
    if (mark.lane == lane) return mark.position;
  }
  return 0;
}

}  // namespace

Result<std::optional<uint64_t>> target_of(const OffsetsOptions& options, const OfSource& of) {
  const std::string word = options.to.empty() ? "" : options.to.front();
  if (word == "earliest" && options.to.size() == 1) return std::optional<uint64_t>();
  if (word == "offset" && options.to.size() == 2) {
    uint64_t offset = 0;
    const std::string& text = options.to[1];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
    if (error != std::errc() || end != text.data() + text.size()) {
      return invalid("--to offset " + text +
                     ": expected a whole number, the first position that "
                     "is to be read again");
    }
    if (options.lanes.empty()) {
      return invalid(
          "--to offset needs --lane: a position means something in one lane only; "
          "`sluice offsets show` lists them");
    }
    return offset == 0 ? std::optional<uint64_t>() : std::optional(offset - 1);
  }
  if (word == "latest" || word == "datetime") {
    return invalid("--to " + word + ": where that is only the source can tell, and the " +
                   of.source->use + " source does not; use `--to offset N --lane L`");
  }
  return invalid("--to: expected `earliest` or `offset N`, found '" + word + "'");
}

Result<OffsetsPlan> plan_of(const OffsetsOptions& options, const OfSource& of, bool all,
                            std::optional<uint64_t> settled, CheckpointStore& store) {
  OffsetsPlan plan;
  SLUICE_ASSIGN_OR_RETURN(plan.before, store.load(of.pipeline->name, of.source->name));
  CheckpointMove& move = plan.move;
  move.pipeline = of.pipeline->name;
  move.tenant = of.pipeline->tenant;
  move.source = of.source->name;
  move.all = all;
  move.keep_idempotency = options.keep_idempotency;
  for (const SinkConfig& sink : of.pipeline->sinks) move.sinks.push_back(sink.name);
  for (const std::string& lane : options.lanes) {
    const auto known = [&](const LaneMark& mark) { return mark.lane == lane; };
    if (std::none_of(plan.before.lanes.begin(), plan.before.lanes.end(), known)) {
      return not_found("the source " + move.source + " has no lane '" + lane +
                       "'; `sluice offsets show --source " + move.source + "` lists them");
    }
    move.lanes.push_back({lane, settled});
  }
  // What would change it, and what it would do.
  std::string text = move.pipeline + '\n' + move.source + '\n' + std::to_string(plan.before.epoch) +
                     (all ? " all" : " some") + (move.keep_idempotency ? " keep\n" : " anew\n");
  // A source that is running does not stand still for a preview.
  for (size_t i = 0; !options.stop_source && i < plan.before.lanes.size(); ++i) {
    const LaneMark& mark = plan.before.lanes[i];
    text += mark.lane + '\n' + std::to_string(mark.position) + '\n';
  }
  for (const CheckpointMove::Lane& lane : move.lanes) {
    text += "to " + lane.lane + '\n' + (lane.settled ? std::to_string(*lane.settled) : "-") + '\n';
  }
  plan.hash = sha256_hex(text).substr(0, kOffsetsHashShown);
  return plan;
}

std::string offsets_plan_json(const OffsetsPlan& plan, bool done, uint32_t epoch) {
  std::string out = "{\"source\":";
  append_json_string(out, plan.move.source);
  out += ",\"hash\":\"" + plan.hash + "\",\"executed\":" + (done ? "true" : "false") +
         ",\"epoch\":" + std::to_string(epoch) +
         ",\"keep_idempotency\":" + (plan.move.keep_idempotency ? "true" : "false") +
         ",\"lanes\":[";
  for (const CheckpointMove::Lane& lane : lanes_moved(plan)) {
    if (out.back() != '[') out += ',';
    out += "{\"lane\":";
    append_json_string(out, lane.lane);
    out += ",\"from\":" + std::to_string(position_before(plan, lane.lane)) +
           ",\"to\":" + (lane.settled ? std::to_string(*lane.settled) : "null") + "}";
  }
  return out + "]}\n";
}

std::string offsets_plan_text(const OffsetsPlan& plan) {
  const auto lanes = lanes_moved(plan);
  std::vector<std::vector<std::string>> table{{"lane", "committed", "goes on above"}};
  for (size_t i = 0; i < std::min(lanes.size(), kLanesShown); ++i) {
    table.push_back({lane_on_a_line(lanes[i].lane),
                     std::to_string(position_before(plan, lanes[i].lane)),
                     lanes[i].settled ? std::to_string(*lanes[i].settled) : "its beginning"});
  }
  std::string out = format_table(table);
  if (lanes.size() > kLanesShown) {
    out += "and " + with_thousands(lanes.size() - kLanesShown) + " more\n";
  }
  out += with_thousands(lanes.size()) + " lanes of the source " + plan.move.source +
         (plan.move.all ? ", and those that it has forgotten, go back to their beginning\n"
                        : " move\n");
  out += plan.move.keep_idempotency
             ? "what sinks have already they are not given again\n"
             : "records are processed again, up to where each lane stands now, by a new epoch\n";
  return out;
}

}  // namespace sluice::cli
