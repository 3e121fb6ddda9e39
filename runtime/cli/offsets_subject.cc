// SPDX-License-Identifier: Apache-2.0
// What is to be moved, and where to.
#include <algorithm>
#include <charconv>

#include "runtime/base/clock.h"
#include "runtime/base/text.h"
#include "runtime/cli/offsets_plan.h"
#include "runtime/config/load.h"
#include "runtime/triage/selection.h"

namespace sluice::cli {
namespace {

Result<uint64_t> offset_from(const std::string& text) {
  uint64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error == std::errc() && end == text.data() + text.size()) return offset;
  return invalid("--to offset " + text +
                 ": expected a whole number, the first position that is to be read again");
}

bool chosen(const OffsetsOptions& options, const LanePlace& place) {
  const auto among = [](const std::vector<std::string>& names, const std::string& name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  return among(options.topics, place.topic) && among(options.lanes, place.lane);
}

Status check_chosen(const OffsetsOptions& options, const OffsetsSubject& subject) {
  const auto check = [&](const std::vector<std::string>& names, const char* what,
                         std::string LanePlace::*member) -> Status {
    for (const std::string& name : names) {
      const auto is = [&](const LanePlace& place) { return place.*member == name; };
      if (std::any_of(subject.places.begin(), subject.places.end(), is)) continue;
      return not_found("the source " + subject.of.source->name + " has no " + what + " '" + name +
                       "'; `sluice offsets show --source " + subject.of.source->name +
                       "` lists what it has");
    }
    return Status::ok();
  };
  SLUICE_RETURN_IF_ERROR(check(options.topics, "topic", &LanePlace::topic));
  return check(options.lanes, "lane", &LanePlace::lane);
}

Status only_elsewhere(const OffsetsOptions& options, const OfSource& of,
                      const OffsetsTarget& target) {
  const std::string why = ": where that is only the source can tell, and the " + of.source->use +
                          " source does not; use `--to offset N --lane L`";
  if (target.kind == OffsetsTarget::Kind::kLatest) return invalid("--to latest" + why);
  if (target.kind == OffsetsTarget::Kind::kTime) return invalid("--to datetime" + why);
  if (!options.topics.empty()) {
    return invalid("--topic: the " + of.source->use + " source has lanes only; use --lane");
  }
  return Status::ok();
}

// Opens the sources one by one until there is the group.
Result<OffsetsSubject> subject_of_group(const std::string& group, const Config& config,
                                        std::optional<int64_t> at_us) {
  SLUICE_ASSIGN_OR_RETURN(const auto all, sources_of(config, ""));
  std::vector<std::string> groups;
  for (const OfSource& of : all) {
    SLUICE_ASSIGN_OR_RETURN(auto places, SourcePlaces::open(config, *of.source));
    if (places == nullptr) continue;
    SLUICE_ASSIGN_OR_RETURN(auto lanes, places->list(at_us));
    if (lanes.empty()) continue;
    if (lanes.front().group == group)
      return OffsetsSubject{of, std::move(places), std::move(lanes)};
    groups.push_back(lanes.front().group);
  }
  std::string message = "no source of " + config.file.string() + " is of the group '" + group + "'";
  if (const auto near = did_you_mean(group, groups)) message += "; did you mean '" + *near + "'?";
  return not_found(message);
}

}  // namespace

Result<Config> read_offsets_config(const OffsetsOptions& options) {
  const Environment env = Environment::of_process();
  SLUICE_ASSIGN_OR_RETURN(const auto file, find_config_file(options.config, env));
  return load_config(file, env);
}

Result<std::vector<OfSource>> sources_of(const Config& config, const std::string& name) {
  std::vector<OfSource> out;
  std::vector<std::string> names;
  for (const PipelineConfig& pipeline : config.pipelines) {
    for (const SourceConfig& source : pipeline.sources) {
      names.push_back(source.name);
      if (name.empty() || name == source.name) out.push_back({&pipeline, &source});
    }
  }
  if (!out.empty()) return out;
  std::string message = "there is no source '" + name + "' in " + config.file.string();
  if (const auto near = did_you_mean(name, names)) message += "; did you mean '" + *near + "'?";
  return not_found(message);
}

Result<OffsetsTarget> target_of(const OffsetsOptions& options, bool forget) {
  using Kind = OffsetsTarget::Kind;
  if (forget) return OffsetsTarget{Kind::kForgotten};
  const std::string word = options.to.empty() ? "" : options.to.front();
  const size_t words = options.to.size();
  if (word == "earliest" && words == 1) return OffsetsTarget{Kind::kEarliest};
  if (word == "latest" && words == 1) return OffsetsTarget{Kind::kLatest};
  if (word == "datetime" && words == 2) {
    SLUICE_ASSIGN_OR_RETURN(const int64_t time,
                            triage::parse_moment(options.to[1], Clock::real().wall_us()));
    return OffsetsTarget{Kind::kTime, 0, time};
  }
  if (word == "offset" && words == 2) {
    SLUICE_ASSIGN_OR_RETURN(const uint64_t offset, offset_from(options.to[1]));
    if (!options.lanes.empty()) return OffsetsTarget{Kind::kOffset, offset};
    return invalid(
        "--to offset needs --lane: a position means something in one lane only; "
        "`sluice offsets show` lists them");
  }
  return invalid(
      "--to: expected `earliest`, `latest`, `offset N` or `datetime T` (2026-01-31T12:00:00Z, or "
      "2h: so long ago), found '" +
      word + (words > 1 ? " " + options.to[1] : "") + "'");
}

Result<OffsetsSubject> subject_of(const OffsetsOptions& options, const Config& config,
                                  const OffsetsTarget& target) {
  const auto at_us = target.kind == OffsetsTarget::Kind::kTime ? std::optional(target.time_us)
                                                               : std::optional<int64_t>();
  OffsetsSubject subject;
  if (options.source.empty()) {
    if (options.group.empty()) return invalid("which source? name it with --source, or --group");
    SLUICE_ASSIGN_OR_RETURN(subject, subject_of_group(options.group, config, at_us));
  } else {
    SLUICE_ASSIGN_OR_RETURN(const auto found, sources_of(config, options.source));
    subject.of = found.front();
    SLUICE_ASSIGN_OR_RETURN(subject.elsewhere, SourcePlaces::open(config, *subject.of.source));
    if (subject.elsewhere == nullptr) {
      SLUICE_RETURN_IF_ERROR(only_elsewhere(options, subject.of, target));
      if (options.group.empty()) return subject;
      return invalid("--group: the " + subject.of.source->use + " source is of no group");
    }
    SLUICE_ASSIGN_OR_RETURN(subject.places, subject.elsewhere->list(at_us));
  }
  if (!options.group.empty() && !subject.places.empty() &&
      subject.places.front().group != options.group) {
    return invalid("--group " + options.group + ": the source " + subject.of.source->name +
                   " is of the group " + subject.places.front().group);
  }
  SLUICE_RETURN_IF_ERROR(check_chosen(options, subject));
  std::erase_if(subject.places, [&](const LanePlace& place) { return !chosen(options, place); });
  return subject;
}

}  // namespace sluice::cli
