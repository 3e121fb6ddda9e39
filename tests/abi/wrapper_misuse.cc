// SPDX-License-Identifier: Apache-2.0
// A sink as it should be; each MISUSE_ makes one mistake the wrapper must name.
#include <sluice/plugin.hpp>

namespace {

enum class Reason : std::uint16_t { kBusy, kBad, kCount };
constexpr auto kReasons = sluice::reason_table<Reason>(
    sluice::retry_reason(Reason::kBusy, "busy", "Busy.", "RATE_LIMITED")
#ifndef MISUSE_reasons_out_of_step
        ,
    sluice::reject_reason(Reason::kBad, "bad", "Bad.", "CONSTRAINT_VIOLATION")
#endif
);

class Sink {
 public:
#ifdef MISUSE_wrong_constructor
  explicit Sink(int) {}
#else
  Sink(sluice::Context, const sluice::Config&) {}
#endif
#ifdef MISUSE_wrong_open
  bool open() { return true; }
#else
  void open() {}
#endif
#ifdef MISUSE_throwing_stop
  void stop() {}
#else
  void stop() noexcept {}
#endif
#ifdef MISUSE_no_write
  void writes(const sluice::Batch&, sluice::Outcomes) {}
#else
  void write(const sluice::Batch&, sluice::Outcomes out) { out.ok_all(); }
#endif
};

constexpr sluice_component kSink = sluice::sink_component<Sink, kReasons>(
    {.id = "x", .summary = "X.", .config_schema = "{}", .example_config = "{}"});

}  // namespace

SLUICE_EXPORT_PLUGIN("x", "0.1.0", "Apache-2.0", &kSink)
