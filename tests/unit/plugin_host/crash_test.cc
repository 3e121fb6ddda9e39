// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/crash.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "runtime/plugin_host/registry.h"
#include "tests/unit/plugin_host/fixture.h"

namespace sluice {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLUICE_TEST_SANITIZED 1
#elif defined(__has_feature)
#define SLUICE_TEST_SANITIZED __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#else
#define SLUICE_TEST_SANITIZED 0
#endif

class CrashReport : public PluginFolder {
 protected:
  // Runs in a child of the test.
  void write_crashing_record() {
    install_crash_handler();
    auto registry = PluginRegistry::create({{dir()}});
    auto component = (*registry)->find(ComponentKind::kSink, "sample");
    FakeServices services;
    auto sink = SinkInstance::create(*component, "out-main", R"({"path": "x"})", services);
    const TestBatch batch({"fine", "crash"});
    std::vector<sluice_outcome> outcomes(2);
    (void)(*sink)->write(batch.batch(), outcomes);
  }
};

using CrashReportDeathTest = CrashReport;

#if !(SLUICE_TEST_SANITIZED)
// A sanitizer reports segmentation faults itself.
TEST_F(CrashReportDeathTest, NamesPluginInstanceAndCall) {
  const std::string file = put_sample("good", "sink-sample.so").string();
  EXPECT_EXIT(write_crashing_record(), testing::KilledBySignal(SIGSEGV),
              "SIGSEGV: crash inside plugin " + file + " instance out-main call write");
}
#endif

TEST_F(CrashReportDeathTest, OutsideAPluginItSaysSo) {
  EXPECT_EXIT(
      {
        install_crash_handler();
        ::abort();
      },
      testing::KilledBySignal(SIGABRT), "SIGABRT: crash of the runtime, outside any plugin call");
}

}  // namespace
}  // namespace sluice
