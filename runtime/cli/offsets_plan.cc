// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/offsets_plan.h"

#include <algorithm>

#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/cli/terminal.h"

namespace sluice::cli {
namespace {

using Kind = OffsetsTarget::Kind;

constexpr size_t kOffsetsHashShown = 12;
constexpr size_t kLanesShown = 20;

// The mark below a next position.
std::optional<uint64_t> below(uint64_t next) {
  return next == 0 ? std::optional<uint64_t>() : std::optional(next - 1);
}

std::optional<uint64_t> place_of(const LanePlace& place, const OffsetsTarget& target) {
  switch (target.kind) {
    case Kind::kEarliest:
      return place.low;
    case Kind::kLatest:
      return place.end;
    case Kind::kTime:
      return place.at;
    case Kind::kOffset:
      return target.offset;
    case Kind::kForgotten:
      break;
  }
  return std::nullopt;
}

std::string words_of(const OffsetsTarget& target) {
  switch (target.kind) {
    case Kind::kEarliest:
      return "earliest";
    case Kind::kLatest:
      return "latest";
    case Kind::kTime:
      return "time";  // hash_of() has where that is
    case Kind::kOffset:
      return "offset " + std::to_string(target.offset);
    case Kind::kForgotten:
      break;
  }
  return "forgotten";
}

// What would change the plan, and what it would do.
std::string hash_of(const OffsetsPlan& plan, const OffsetsOptions& options,
                    const OffsetsTarget& target) {
  const CheckpointMove& move = plan.move;
  std::string text = move.pipeline + '\n' + move.source + '\n' + std::to_string(plan.before.epoch) +
                     (move.all ? " all" : " some") +
                     (move.keep_idempotency ? " keep\n" : " anew\n") + words_of(target) + '\n';
  for (const CheckpointMove::Lane& lane : move.lanes) text += "to " + lane.lane + '\n';
  // An age is of another moment when the move is done: what counts is where it comes to.
  if (target.kind == Kind::kTime) {
    for (const LaneMove& lane : plan.elsewhere) text += "at " + number_or(lane.to, "-") + '\n';
  }
  // A source that is running does not stand still for a preview.
  if (!options.stop_source) {
    for (const LaneMark& mark : plan.before.lanes) {
      text += mark.lane + '\n' + std::to_string(mark.position) + '\n';
    }
    for (const LaneMove& lane : plan.elsewhere) {
      text += lane.place.lane + '\n' +
              (lane.place.next ? std::to_string(*lane.place.next) : std::string("-")) + '\n';
    }
  }
  return sha256_hex(text).substr(0, kOffsetsHashShown);
}

void move_elsewhere(const OffsetsSubject& subject, const OffsetsTarget& target, OffsetsPlan& plan) {
  for (const LanePlace& place : subject.places) {
    const auto to = place_of(place, target);
    plan.elsewhere.push_back({place, to});
    if (plan.move.all) continue;
    // To the first that there is: also should that be gone when the source comes to it.
    const bool to_beginning = !to || target.kind == Kind::kEarliest;
    CheckpointMove::Lane lane{place.lane, to_beginning ? std::nullopt : below(*to)};
    if (place.next) lane.reached = below(*place.next);
    plan.move.lanes.push_back(std::move(lane));
  }
}

Status move_here(const OffsetsOptions& options, const OffsetsTarget& target, OffsetsPlan& plan) {
  const auto settled = target.kind == Kind::kOffset ? below(target.offset) : std::nullopt;
  for (const std::string& lane : options.lanes) {
    const auto known = [&](const LaneMark& mark) { return mark.lane == lane; };
    if (std::none_of(plan.before.lanes.begin(), plan.before.lanes.end(), known)) {
      return not_found("the source " + plan.move.source + " has no lane '" + lane +
                       "'; `sluice offsets show --source " + plan.move.source + "` lists them");
    }
    plan.move.lanes.push_back({lane, settled});
  }
  return Status::ok();
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

std::string lanes_json(const OffsetsPlan& plan) {
  std::string out;
  const auto lane = [&out](const std::string& name) {
    out += out.empty() ? "{\"lane\":" : ",{\"lane\":";
    append_json_string(out, name);
  };
  for (const LaneMove& moved : plan.elsewhere) {
    lane(moved.place.lane);
    out += ",\"from\":" + number_or(moved.place.next, "null") +
           ",\"to\":" + number_or(moved.to, "null") +
           ",\"again\":" + number_or(moved.again(), "null") + "}";
  }
  if (!plan.elsewhere.empty()) return out;
  for (const CheckpointMove::Lane& moved : lanes_moved(plan)) {
    lane(moved.lane);
    out += ",\"from\":" + std::to_string(position_before(plan, moved.lane)) +
           ",\"to\":" + number_or(moved.settled, "null") + "}";
  }
  return out;
}

using Rows = std::vector<std::vector<std::string>>;

Rows rows_elsewhere(const OffsetsPlan& plan) {
  Rows table{{"lane", "committed", "goes on at", "records again"}};
  for (size_t i = 0; i < std::min(plan.elsewhere.size(), kLanesShown); ++i) {
    const LaneMove& lane = plan.elsewhere[i];
    table.push_back({on_one_line(lane.place.lane), number_or(lane.place.next, "-"),
                     number_or(lane.to, "forgotten"), number_or(lane.again(), "-")});
  }
  return table;
}

Rows rows_here(const OffsetsPlan& plan, const std::vector<CheckpointMove::Lane>& lanes) {
  Rows table{{"lane", "committed", "goes on above"}};
  for (size_t i = 0; i < std::min(lanes.size(), kLanesShown); ++i) {
    table.push_back({on_one_line(lanes[i].lane),
                     std::to_string(position_before(plan, lanes[i].lane)),
                     number_or(lanes[i].settled, "its beginning")});
  }
  return table;
}

std::string counts_text(const OffsetsPlan& plan) {
  uint64_t again = 0;
  uint64_t passed = 0;
  for (const LaneMove& lane : plan.elsewhere) {
    const int64_t count = lane.again().value_or(0);
    (count > 0 ? again : passed) += static_cast<uint64_t>(count > 0 ? count : -count);
  }
  return "at most " + with_thousands(again) + " records come again, at most " +
         with_thousands(passed) + " are passed over\n";
}

}  // namespace

std::optional<int64_t> LaneMove::again() const {
  if (!place.next) return std::nullopt;
  // What is forgotten begins at its beginning; what is not there any more does not come.
  const uint64_t from = std::max(to.value_or(place.low), place.low);
  const uint64_t till = std::max(*place.next, place.low);
  return static_cast<int64_t>(till) - static_cast<int64_t>(from);
}

Result<OffsetsPlan> plan_of(const OffsetsOptions& options, const OffsetsSubject& subject,
                            const OffsetsTarget& target, SourceCheckpoint before) {
  const OfSource& of = subject.of;
  OffsetsPlan plan;
  plan.before = std::move(before);
  CheckpointMove& move = plan.move;
  move.pipeline = of.pipeline->name;
  move.tenant = of.pipeline->tenant;
  move.source = of.source->name;
  const bool to_beginning = target.kind == Kind::kEarliest || target.kind == Kind::kForgotten;
  move.all = to_beginning && options.lanes.empty() && options.topics.empty();
  move.keep_idempotency = options.keep_idempotency;
  for (const SinkConfig& sink : of.pipeline->sinks) move.sinks.push_back(sink.name);
  if (subject.elsewhere != nullptr) {
    move_elsewhere(subject, target, plan);
  } else {
    SLUICE_RETURN_IF_ERROR(move_here(options, target, plan));
  }
  plan.hash = hash_of(plan, options, target);
  return plan;
}

Status nobody_reads(const OffsetsPlan& plan, uint32_t allowed) {
  if (plan.elsewhere.empty()) return Status::ok();
  const LanePlace& any = plan.elsewhere.front().place;
  if (any.members <= allowed) return Status::ok();
  std::string who;
  for (const LaneMove& lane : plan.elsewhere) {
    const std::string& member = lane.place.member;
    if (member.empty() || who.find(member) != std::string::npos) continue;
    who += (who.empty() ? ": " : ", ") + member;
  }
  return unavailable(
      "group " + any.group + " has " + std::to_string(any.members) + " members that read" + who +
      (allowed == 0 ? "; stop them (one that was killed counts until its session_timeout is "
                      "over), or let the process leave and come back with --stop-source"
                    : "; --stop-source lets one process leave, so stop the others"));
}

std::string offsets_plan_json(const OffsetsPlan& plan, bool done, uint32_t epoch) {
  std::string out = "{\"source\":";
  append_json_string(out, plan.move.source);
  if (!plan.elsewhere.empty()) {
    out += ",\"group\":";
    append_json_string(out, plan.elsewhere.front().place.group);
  }
  out += ",\"hash\":\"" + plan.hash + "\",\"executed\":" + (done ? "true" : "false") +
         ",\"epoch\":" + std::to_string(epoch) +
         ",\"keep_idempotency\":" + (plan.move.keep_idempotency ? "true" : "false") +
         ",\"lanes\":[" + lanes_json(plan);
  return out + "]}\n";
}

std::string offsets_plan_text(const OffsetsPlan& plan) {
  const auto here = lanes_moved(plan);
  const bool elsewhere = !plan.elsewhere.empty();
  const size_t count = elsewhere ? plan.elsewhere.size() : here.size();
  std::string out = format_table(elsewhere ? rows_elsewhere(plan) : rows_here(plan, here));
  if (count > kLanesShown) out += "and " + with_thousands(count - kLanesShown) + " more\n";
  out += with_thousands(count) + " lanes of the source " + plan.move.source +
         (plan.move.all ? ", and those that it has forgotten, go back to their beginning\n"
                        : " move\n");
  if (elsewhere) out += counts_text(plan);
  out += plan.move.keep_idempotency
             ? "what sinks have already they are not given again\n"
             : "records are processed again, up to where each lane stands now, by a new epoch\n";
  return out;
}

}  // namespace sluice::cli
