// SPDX-License-Identifier: Apache-2.0
// A source for crash tests that forgets what was acknowledged: a record at or below the last ack
// never comes again, so one that was acknowledged and not kept is missing at the end. All above it
// comes again, whatever the host remembers (`resume: mark`: all above the host's mark).
//
// `journal` gets what happened, a line each: `open RUN LANE START`, `ack RUN LANE POSITION`, and
// `behind RUN LANE START` before an `open` below the last ack.
#include <map>

#include "tests/integration/plugins/durable_lines.h"

namespace {

using sluice::crash_test::Dice;
using sluice::crash_test::DurableLines;

// tests/integration/crash_run.py knows the same rule.
const char* kind_of(uint64_t lane, uint64_t position, uint64_t seed) {
  const uint64_t dice = (lane * 7919 + position * 104729 + seed) % 100;
  if (dice < 4) return "bad";
  if (dice < 8) return "filter";
  return dice < 11 ? "refuse" : "good";
}

class ForgetfulSource {
 public:
  ForgetfulSource(sluice::Context context, const sluice::Config& config)
      : context_(context),
        path_(config.string("/journal")),
        lane_count_(static_cast<uint64_t>(config.integer("/lanes"))),
        records_(static_cast<uint64_t>(config.integer("/records"))),
        seed_(static_cast<uint64_t>(config.integer("/seed"))),
        pause_ms_(static_cast<uint64_t>(config.integer("/pause_ms", 0))),
        resume_at_mark_(config.string("/resume", "ack") == "mark"),
        dice_(seed_ + std::stoull(sluice::crash_test::run_number()) * 1000003) {}

  void open() {
    std::map<std::string, uint64_t> acked;
    for (const std::string& line : DurableLines::read(path_)) {
      char lane[64];
      unsigned long long position = 0;
      if (std::sscanf(line.c_str(), "ack %*u %63s %llu", lane, &position) != 2) continue;
      acked[lane] = std::max<uint64_t>(acked[lane], position);
    }
    journal_.open(path_);
    lanes_.clear();
    std::string lines;
    for (uint64_t i = 0; i < lane_count_; ++i) {
      Lane lane;
      lane.name = "lane-" + std::to_string(i);
      lane.number = i;
      const sluice::Lane opened = context_.lanes().open(lane.name);
      lane.id = opened.id;
      const uint64_t mark = opened.resume.value_or(0);
      lane.acked = acked[lane.name];
      if (mark < lane.acked) lines += "behind " + where(lane, mark);
      lane.at = resume_at_mark_ ? mark : lane.acked;
      lines += "open " + where(lane, lane.at);
      lanes_.push_back(lane);
    }
    journal_.append(lines);
  }

  sluice::Poll poll(const sluice::PollLimits& limits, sluice::BatchBuilder& out) {
    if (context_.stopping()) return sluice::Poll::kCancelled;
    if (pause_ms_ > 0 && context_.wait(std::chrono::milliseconds(dice_.below(pause_ms_ + 1)))) {
      return sluice::Poll::kCancelled;
    }
    uint64_t left = std::min<uint64_t>(1 + dice_.below(40), limits.max_records);
    const size_t first = dice_.below(lanes_.size());
    for (size_t i = 0; i < lanes_.size() && left > 0; ++i) {
      Lane& lane = lanes_[(first + i) % lanes_.size()];
      for (uint64_t n = 1 + dice_.below(left); n > 0 && lane.at < records_; --n, --left) {
        const uint64_t position = ++lane.at;
        const std::string number = std::to_string(lane.number);
        out.add({.value = "{\"id\":\"" + number + "/" + std::to_string(position) +
                          "\",\"kind\":\"" + kind_of(lane.number, position, seed_) + "\"}",
                 .lane = lane.id,
                 .position = position});
      }
    }
    return out.empty() ? sluice::Poll::kEnd : sluice::Poll::kRecords;
  }

  void ack(std::span<const sluice_mark> marks) {
    std::string lines;
    for (const sluice_mark& mark : marks) {
      for (Lane& lane : lanes_) {
        if (lane.id != mark.lane || mark.position <= lane.acked) continue;
        lane.acked = mark.position;
        lines += "ack " + where(lane, mark.position);
      }
    }
    journal_.append(lines);
  }

  void close() { journal_.close(); }

 private:
  struct Lane {
    std::string name;
    uint64_t number = 0;
    uint32_t id = 0;
    uint64_t at = 0;  // position of the last record given
    uint64_t acked = 0;
  };

  static std::string where(const Lane& lane, uint64_t position) {
    return sluice::crash_test::run_number() + " " + lane.name + " " + std::to_string(position) +
           "\n";
  }

  sluice::Context context_;
  std::string path_;
  uint64_t lane_count_;
  uint64_t records_;
  uint64_t seed_;
  uint64_t pause_ms_;
  bool resume_at_mark_;
  Dice dice_;
  DurableLines journal_;
  std::vector<Lane> lanes_;
};

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["journal", "lanes", "records", "seed"],
  "properties": {
    "journal": {"type": "string", "description": "File of what was opened and acknowledged."},
    "lanes": {"type": "integer", "minimum": 1, "description": "Number of lanes."},
    "records": {"type": "integer", "minimum": 0, "description": "Records of each lane."},
    "seed": {"type": "integer", "minimum": 0, "description": "What kind each record is of."},
    "pause_ms": {"type": "integer", "minimum": 0, "default": 0, "description": "Longest pause before a poll."},
    "resume": {"type": "string", "enum": ["ack", "mark"], "default": "ack", "description": "Go on above the last ack, or above the host's mark."}
  }
})json";

constexpr sluice_component kForgetful = sluice::source_component<ForgetfulSource>(
    {.id = "forgetful",
     .summary = "Forgets what was acknowledged, for crash tests.",
     .config_schema = kSchema,
     .example_config = R"json({"journal": "journal", "lanes": 2, "records": 10, "seed": 1})json",
     .caps = SLUICE_CAP_REPLAY | SLUICE_CAP_FINITE});

}  // namespace

SLUICE_EXPORT_PLUGIN("source-forgetful", "0.1.0", "Apache-2.0", &kForgetful)
