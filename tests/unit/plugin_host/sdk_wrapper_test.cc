// SPDX-License-Identifier: Apache-2.0
#define SLUICE_ENTRY_NAME wrapper_test_plugin
#include <gmock/gmock.h>
#include <sluice/plugin.hpp>

#include <stdexcept>

#include "runtime/plugin_host/registry.h"
#include "tests/unit/plugin_host/fixture.h"

namespace {

enum class Reason : std::uint16_t { kBusy, kBad, kCount };
constexpr auto kReasons = sluice::reason_table<Reason>(
    sluice::retry_reason(Reason::kBusy, "busy", "Too much at once.", "RATE_LIMITED"),
    sluice::reject_reason(Reason::kBad, "bad", "Not liked.", "CONSTRAINT_VIOLATION"));
enum class Metric { kRows, kCount };
constexpr auto kMetrics =
    sluice::metric_table<Metric>(sluice::counter(Metric::kRows, "rows_total", "Rows written."));

constexpr const char* kSchema = R"({"type": "object", "additionalProperties": false,
  "properties": {"mode": {"type": "string", "default": "", "description": "What to do."}}})";

[[noreturn]] void fail(const std::string& mode) {
  if (mode == "transient") {
    throw sluice::Transient("later", Reason::kBusy, std::chrono::milliseconds(250));
  }
  if (mode == "config") throw sluice::BadConfig("never");
  if (mode == "fatal") throw sluice::Fatal("broken");
  if (mode == "batch") throw sluice::BatchRefused("one of them");
  if (mode == "memory") throw std::bad_alloc();
  if (mode == "cancel") throw sluice::Cancelled();
  if (mode == "int") throw 5;
  throw std::runtime_error("odd \xff text");
}

class WrapSink {
 public:
  WrapSink(sluice::Context ctx, const sluice::sdk::Config& config)
      : ctx_(ctx), columns_(ctx.columns()), mode_(config.string("/mode")) {}
  void open() {
    const std::vector<sluice::sdk::Column> list = {{"/a"}, {"", SLUICE_COLUMN_JSON}};
    columns_.declare(list);
  }
  void write(const sluice::sdk::Batch& batch, sluice::Outcomes out) {
    if (!mode_.empty()) fail(mode_);
    const sluice::Cells cells = columns_.cells(batch);
    ctx_.metric(Metric::kRows, static_cast<double>(cells.rows() * cells.columns()));
    std::size_t i = 0;
    for (const sluice_record& record : batch) {
      const auto value = sluice::view(record.value);
      if (value == "bad") {
        out.reject(i, Reason::kBad, std::string(5000, 'x'));
      } else if (value == "busy") {
        out.retry(i, Reason::kBusy, "wait", std::chrono::seconds(1), true);
      } else if (value == "old") {
        out.superseded(i);
      } else if (value == "stop") {
        out.untried_from(i);
        return;
      } else {
        out.ok(i);
      }
      ++i;
    }
  }
  void probe() { throw sluice::Transient("not now"); }

 private:
  sluice::Context ctx_;
  sluice::Columns columns_;
  std::string mode_;
};

class WrapSource {
 public:
  WrapSource(sluice::Context ctx, std::string_view) : ctx_(ctx) {}
  sluice::Poll poll(const sluice::PollLimits& limits, sluice::BatchBuilder& out) {
    if (done_) return sluice::Poll::kEnd;
    const sluice::Lane lane = ctx_.lanes().open("lane");
    ctx_.lanes().set_cursor("here");
    const sluice_header header{sluice::str("h"), sluice::str("v")};
    for (std::uint64_t i = 1; !out.full(3) && i < 100; ++i) {
      out.add(
          {.key = "k", .value = "abc", .headers = {&header, 1}, .lane = lane.id, .position = i});
    }
    done_ = out.size() < limits.max_records;
    return sluice::Poll::kRecords;
  }
  void ack(std::span<const sluice_mark> marks) { acked_ += marks.size(); }
  void stop() noexcept {}

 private:
  sluice::Context ctx_;
  bool done_ = false;
  std::size_t acked_ = 0;
};

constexpr sluice_component kSink = sluice::sink_component<WrapSink, kReasons, kMetrics>(
    {.id = "wrap", .summary = "S.", .config_schema = kSchema, .example_config = "{}"});
constexpr sluice_component kSource =
    sluice::source_component<WrapSource>({.id = "wrap",
                                          .summary = "S.",
                                          .config_schema = kSchema,
                                          .example_config = "{}",
                                          .caps = SLUICE_CAP_FINITE});

}  // namespace

SLUICE_EXPORT_PLUGIN("wrap", "0.1.0", "Apache-2.0", &kSink, &kSource)

namespace sluice {
namespace {

class SdkWrapper : public testing::Test {
 protected:
  void SetUp() override {
    registry_ = std::move(*PluginRegistry::create({}));
    const Status registered = registry_->register_static(&wrapper_test_plugin);
    ASSERT_TRUE(registered) << registered.message();
  }
  std::unique_ptr<SinkInstance> sink(const std::string& mode) {
    auto made = SinkInstance::create(*registry_->find(ComponentKind::kSink, "wrap"), "out",
                                     R"({"mode": ")" + mode + "\"}", services);
    EXPECT_TRUE(made) << made.status().message();
    EXPECT_EQ((*made)->open().rc, SLUICE_OK);
    return std::move(*made);
  }
  CallResult write(const std::string& mode) {
    const TestBatch batch({"x"});
    std::vector<sluice_outcome> outcomes(1);
    return sink(mode)->write(batch.batch(), outcomes);
  }

  FakeServices services;
  std::unique_ptr<PluginRegistry> registry_;
};

TEST_F(SdkWrapper, OutcomesReachTheHost) {
  const TestBatch batch({"fine", "bad", "busy", "old", "stop", "fine"});
  std::vector<sluice_outcome> o(6);
  const auto out = sink("");
  ASSERT_EQ(out->write(batch.batch(), o).rc, SLUICE_OK);
  EXPECT_EQ(o[0].verdict, SLUICE_REC_OK);
  EXPECT_EQ(o[1].verdict, SLUICE_REC_REJECT);
  EXPECT_EQ(o[1].reason, 1);
  EXPECT_EQ(o[1].detail.size, 4000U);
  EXPECT_EQ(o[2].verdict, SLUICE_REC_RETRY);
  EXPECT_EQ(o[2].retry_after_ms, 1000U);
  EXPECT_EQ(o[2].flags, SLUICE_RECF_MAYBE_APPLIED);
  EXPECT_EQ(o[3].flags, SLUICE_RECF_SUPERSEDED);
  EXPECT_EQ(o[4].verdict, SLUICE_REC_UNTRIED);
  EXPECT_EQ(o[5].verdict, SLUICE_REC_UNTRIED);
  EXPECT_EQ(services.declared, 2U);
  EXPECT_THAT(services.metrics, testing::ElementsAre(testing::Pair(0U, 12.0)));
}

TEST_F(SdkWrapper, WhateverIsThrownBecomesACode) {
  const CallResult transient = write("transient");
  EXPECT_EQ(transient.rc, SLUICE_E_RETRY);
  EXPECT_EQ(transient.message, "later");
  EXPECT_EQ(transient.reason, 0);
  EXPECT_EQ(transient.retry_after_ms, 250U);
  EXPECT_EQ(write("config").rc, SLUICE_E_CONFIG);
  EXPECT_EQ(write("fatal").rc, SLUICE_E_FATAL);
  EXPECT_EQ(write("batch").rc, SLUICE_E_BATCH);
  EXPECT_EQ(write("memory").rc, SLUICE_E_RETRY);
  EXPECT_EQ(write("cancel").rc, SLUICE_CANCELLED);
  EXPECT_EQ(write("int").rc, SLUICE_E_FATAL);
  EXPECT_EQ(write("other").message, "odd ? text");
}

TEST_F(SdkWrapper, ProbeBecomesTheExtension) {
  const auto out = sink("");
  const CallResult result = out->probe();
  EXPECT_EQ(result.rc, SLUICE_E_RETRY);
  EXPECT_EQ(result.message, "not now");
}

TEST_F(SdkWrapper, SourceBatchOutlivesLaterPollsAndTheInstance) {
  auto made = SourceInstance::create(*registry_->find(ComponentKind::kSource, "wrap"), "in", "{}",
                                     services);
  ASSERT_TRUE(made) << made.status().message();
  sluice_batch first{};
  ASSERT_EQ((*made)->poll(10, 1000, 0, &first).rc, SLUICE_OK);
  sluice_batch second{};
  ASSERT_EQ((*made)->poll(50, 7, 0, &second).rc, SLUICE_OK);
  EXPECT_EQ(first.count, 10U);
  EXPECT_EQ(second.count, 2U);
  const sluice_record& record = first.records[9];
  EXPECT_EQ(record.position, 10U);
  EXPECT_EQ(sluice::view(record.value), "abc");
  EXPECT_EQ(sluice::view(record.headers[0].value), "v");
  EXPECT_EQ(services.cursor, "here");
  const sluice_mark mark{7, 0, 10};
  EXPECT_EQ((*made)->ack({&mark, 1}).rc, SLUICE_OK);
  second.release(&second);
  first.release(&first);
  sluice_batch none{};
  EXPECT_EQ((*made)->poll(10, 1000, 0, &none).rc, SLUICE_END);
  EXPECT_EQ((*made)->poll(10, 1000, 0, &none).rc, SLUICE_END);
}

}  // namespace
}  // namespace sluice
