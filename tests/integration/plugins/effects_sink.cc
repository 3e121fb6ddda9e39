// SPDX-License-Identifier: Apache-2.0
// A sink for crash tests that keeps an account of its effects: a line for each record it took, in
// the order it took them, durable before it says so. Writing a record twice gives two lines. With
// `retry` it answers for a share of the records only later, by its seed; with `slow_ms` it takes
// its time; with `outage` its first call fails as a whole, and a share of the later ones with up to
// three that follow. Records of kind `refuse` are refused, those with `"busy":N` are taken
// when they come for the N+1st time to this process.
#include <map>
#include <set>
#include <string>

#include "tests/integration/plugins/durable_lines.h"

namespace {

using sluice::crash_test::Dice;
using sluice::crash_test::DurableLines;

enum class Reason : uint16_t { kLater, kRefused, kCount };
constexpr auto kReasons = sluice::reason_table<Reason>(
    sluice::retry_reason(Reason::kLater, "later", "Not now.", "CONNECTION_ERROR"),
    sluice::reject_reason(Reason::kRefused, "refused", "Never.", "CONSTRAINT_VIOLATION"));

class EffectsSink {
 public:
  EffectsSink(sluice::Context context, const sluice::Config& config)
      : context_(context),
        path_(config.string("/path")),
        retry_percent_(static_cast<uint64_t>(config.integer("/retry", 0))),
        slow_ms_(static_cast<uint64_t>(config.integer("/slow_ms", 0))),
        outage_percent_(static_cast<uint64_t>(config.integer("/outage", 0))),
        fails_(outage_percent_ > 0 ? 1 : 0),
        dice_(static_cast<uint64_t>(config.integer("/seed", 0)) +
              std::stoull(sluice::crash_test::run_number()) * 1000003) {}

  void open() {
    lines_.open(path_);
    lines_.append("#open " + sluice::crash_test::run_number() + "\n");
  }

  void write(const sluice::Batch& batch, sluice::Outcomes out) {
    if (slow_ms_ > 0) context_.wait(std::chrono::milliseconds(dice_.below(slow_ms_ + 1)));
    if (fails_ == 0 && dice_.below(100) < outage_percent_) fails_ = 1 + dice_.below(4);
    if (fails_ > 0) {
      --fails_;
      throw sluice::Transient("an outage, by its dice");
    }
    std::string effects;
    std::vector<size_t> taken;
    std::set<uint32_t> waiting;  // lanes in which a record has to come first
    for (size_t i = 0; i < batch.size(); ++i) {
      const sluice_record& record = batch[i];
      const std::string_view value = sluice::view(record.value);
      if (waiting.contains(record.lane)) {
        out.untried(i);
      } else if (value.find("\"refuse\"") != std::string_view::npos) {
        out.reject(i, Reason::kRefused, "as it was told to");
      } else if (busy(value) || dice_.below(100) < retry_percent_) {
        out.retry(i, Reason::kLater, "by its dice", std::chrono::milliseconds(1));
        waiting.insert(record.lane);
      } else {
        const size_t begin = value.find("\"id\":\"") + 6;
        effects.append(value.substr(begin, value.find('"', begin) - begin)).append("\n");
        taken.push_back(i);
      }
    }
    try {
      lines_.append(effects);
    } catch (const sluice::Transient& failure) {
      for (const size_t i : taken) out.retry(i, Reason::kLater, failure.what());
      return;
    }
    for (const size_t i : taken) out.ok(i);
  }

  void close() { lines_.close(); }

 private:
  // Says "later" to a record as often as it asks for.
  bool busy(std::string_view value) {
    constexpr std::string_view kName = "\"busy\":";
    const size_t at = value.find(kName);
    if (at == std::string_view::npos) return false;
    const int wanted = std::stoi(std::string(value.substr(at + kName.size(), 8)));
    return ++offers_[std::string(value)] <= wanted;
  }

  sluice::Context context_;
  std::string path_;
  uint64_t retry_percent_;
  uint64_t slow_ms_;
  uint64_t outage_percent_;
  uint64_t fails_;  // so many calls
  Dice dice_;
  DurableLines lines_;
  std::map<std::string, int> offers_;  // of busy records
};

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["path"],
  "properties": {
    "path": {"type": "string", "description": "File of effects."},
    "seed": {"type": "integer", "minimum": 0, "default": 0, "description": "Decides what waits."},
    "retry": {"type": "integer", "minimum": 0, "maximum": 90, "default": 0, "description": "Percent of records answered later."},
    "outage": {"type": "integer", "minimum": 0, "maximum": 90, "default": 0, "description": "Percent of calls that begin an outage."},
    "slow_ms": {"type": "integer", "minimum": 0, "default": 0, "description": "Longest time of a write."}
  }
})json";

constexpr sluice_component kEffects = sluice::sink_component<EffectsSink, kReasons>(
    {.id = "effects",
     .summary = "Keeps an account of its effects, for crash tests.",
     .config_schema = kSchema,
     .example_config = R"json({"path": "effects"})json",
     .caps = SLUICE_CAP_ORDERED});

}  // namespace

SLUICE_EXPORT_PLUGIN("sink-effects", "0.1.0", "Apache-2.0", &kEffects)
