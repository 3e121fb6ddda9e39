// SPDX-License-Identifier: Apache-2.0
#include "runtime/triage/analysis.h"

#include <algorithm>
#include <unordered_map>

namespace sluice::triage {
namespace {

// Groups held while classes are read. Past it the smaller half is only counted: a store whose
// letters are all different has no groups worth showing.
constexpr size_t kMostHeld = 20'000;
constexpr size_t kMostValues = 50;  // sources, versions, bundles of one group
constexpr double kGrows = 1.5;

void add(std::map<std::string, uint64_t>& counts, const std::string& value, uint64_t n) {
  const auto at = counts.find(value);
  if (at != counts.end()) {
    at->second += n;
  } else if (counts.size() < kMostValues) {
    counts.emplace(value, n);
  }
}

class Grouping {
 public:
  void take(const LetterClassCounts& counts) {
    const LetterClass& of = counts.letter_class;
    auto [at, added] = groups_.try_emplace(of.group);
    LetterGroup& group = at->second;
    if (added) {
      group.id = of.group;
      group.pipeline = of.pipeline;
      group.reason = of.reason;
      group.stage = of.stage;
      group.sink = of.sink;
      group.path = of.path;
      group.shape = of.shape;
      group.first_us = counts.first_us;
      group.last_us = counts.last_us;
    }
    letters_ += counts.letters;
    group.letters += counts.letters;
    group.first_us = std::min(group.first_us, counts.first_us);
    group.last_us = std::max(group.last_us, counts.last_us);
    group.last_hour += counts.last_hour;
    group.hour_before += counts.hour_before;
    add(group.sources, of.source, counts.letters);
    add(group.versions, of.schema_version, counts.letters);
    add(group.bundles, of.bundle_hash, counts.letters);
    if (groups_.size() > kMostHeld) drop_smaller_half();
  }

  Analysis finish(size_t limit) {
    Analysis out;
    out.letters = letters_;
    for (auto& [id, group] : groups_) out.groups.push_back(std::move(group));
    groups_.clear();
    std::sort(out.groups.begin(), out.groups.end(),
              [](const LetterGroup& a, const LetterGroup& b) { return larger(a, b); });
    out.other_groups = dropped_groups_;
    out.other_letters = dropped_letters_;
    while (out.groups.size() > limit) {
      ++out.other_groups;
      out.other_letters += out.groups.back().letters;
      out.groups.pop_back();
    }
    for (LetterGroup& group : out.groups) {
      group.share = static_cast<double>(group.letters) / static_cast<double>(letters_);
    }
    return out;
  }

 private:
  static bool larger(const LetterGroup& a, const LetterGroup& b) {
    return a.letters != b.letters ? a.letters > b.letters : a.id < b.id;
  }

  void drop_smaller_half() {
    std::vector<uint64_t> sizes;
    sizes.reserve(groups_.size());
    for (const auto& [id, group] : groups_) sizes.push_back(group.letters);
    const auto middle = sizes.begin() + static_cast<ptrdiff_t>(sizes.size() / 2);
    std::nth_element(sizes.begin(), middle, sizes.end());
    const uint64_t bound = *middle;
    size_t to_drop = groups_.size() / 2;
    for (auto at = groups_.begin(); at != groups_.end() && to_drop > 0;) {
      if (at->second.letters > bound) {
        ++at;
        continue;
      }
      ++dropped_groups_;
      dropped_letters_ += at->second.letters;
      --to_drop;
      at = groups_.erase(at);
    }
  }

  std::unordered_map<std::string, LetterGroup> groups_;
  uint64_t letters_ = 0;
  uint64_t dropped_groups_ = 0;
  uint64_t dropped_letters_ = 0;
};

Status find_example(DeadLetterStore& store, const LetterFilter& filter, LetterGroup& group) {
  LetterFilter newest = filter;
  newest.group = group.id;
  // Where it is known to be, so that nothing else is looked through.
  newest.since_us = group.last_us;
  newest.until_us = group.last_us + 1;
  return store.each(newest, 1, [&](const DeadLetter& letter) { group.example = letter.id; });
}

bool is_repaired(const LetterGroup& group, const Evidence& evidence) {
  const BundleEvent* running = evidence.running(group.pipeline);
  if (running == nullptr || group.stage == "deliver" || group.stage == "parse") return false;
  return !group.bundles.contains(running->hash) && running->at_us >= group.last_us;
}

void advise(LetterGroup& group, const Evidence& evidence) {
  const std::string of_group = " --group " + group.id;
  const std::string sample = "sluice dlq sample" + of_group + " --limit 3";
  const std::string try_it = "sluice dlq redrive" + of_group + " --dry-run";
  if (group.reason == "REDRIVE_LIMIT") {
    group.advice = "redriven three times in vain: look at them before they are forced";
    group.next = sample;
  } else if (is_retryable_reason(group.reason)) {
    group.advice = "the sink was away, the records are not at fault: redrive them when it is back";
    group.next = "sluice dlq redrive" + of_group;
  } else if (group.reason == "OLDER_REVISION") {
    group.advice = "the sink has newer revisions: purge these, or set `older: duplicate`";
    group.next = "sluice dlq purge" + of_group;
  } else if (is_repaired(group, evidence)) {
    group.advice = "schema or script have changed since: try whether that cures them";
    group.next = try_it;
  } else if (group.stage == "parse") {
    group.advice = "the sender writes what is not JSON: look at the bytes, and tell the sender";
    group.next = sample + " --full";
  } else if (group.stage == "deliver") {
    group.advice = "the sink refuses these values: repair script or table, then redrive";
    group.next = sample;
  } else {
    const bool schema = group.stage == "validate";
    group.advice = std::string("repair the ") + (schema ? "schema" : "script") +
                   " (or the sender), then see what a redrive would do";
    group.next = group.causes.empty() ? sample : try_it;
  }
}

}  // namespace

std::string_view LetterGroup::trend() const {
  if (last_hour == 0) return hour_before == 0 ? "stopped" : "stopping";
  if (hour_before == 0) return last_hour == letters ? "new" : "growing";
  const double ratio = static_cast<double>(last_hour) / static_cast<double>(hour_before);
  if (ratio > kGrows) return "growing";
  return ratio * kGrows < 1 ? "shrinking" : "steady";
}

Result<Analysis> analyze(DeadLetterStore& store, const LetterFilter& filter,
                         const Evidence& evidence, size_t limit, int64_t now_us) {
  Grouping grouping;
  SLUICE_RETURN_IF_ERROR(store.each_class(
      filter, now_us, [&](const LetterClassCounts& counts) { grouping.take(counts); }));
  Analysis out = grouping.finish(limit);
  out.at_us = now_us;
  for (LetterGroup& group : out.groups) {
    SLUICE_RETURN_IF_ERROR(find_example(store, filter, group));
    group.causes = likely_causes(group, evidence);
    advise(group, evidence);
  }
  return out;
}

}  // namespace sluice::triage
