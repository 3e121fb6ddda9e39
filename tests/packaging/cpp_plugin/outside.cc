// SPDX-License-Identifier: Apache-2.0
#include <sluice/plugin.hpp>

namespace {

class OutsideSink {
 public:
  OutsideSink(sluice::Context ctx, const sluice::Config& config)
      : ctx_(ctx), limit_(config.integer("/limit")) {}
  void write(const sluice::Batch& batch, sluice::Outcomes out) {
    if (static_cast<std::int64_t>(batch.size()) > limit_) {
      throw sluice::BatchRefused("more than /limit records");
    }
    out.ok_all();
    ctx_.debug("written");
  }

 private:
  sluice::Context ctx_;
  std::int64_t limit_;
};

constexpr sluice_component kSink = sluice::sink_component<OutsideSink>({
    .id = "outside_cpp",
    .summary = "Built against the installed SDK, in C++.",
    .config_schema = R"({"type": "object", "additionalProperties": false, "properties": {
      "limit": {"type": "integer", "minimum": 1, "default": 1000, "description": "Most."}}})",
    .example_config = R"({"limit": 10})",
    .caps = SLUICE_CAP_ORDERED,
});

}  // namespace

SLUICE_EXPORT_PLUGIN("outside_cpp", "0.1.0", "Apache-2.0", &kSink)
