// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/eventfd.h>

#include <cstdlib>
#include <map>
#include <mutex>

#include "runtime/base/file.h"
#include "runtime/pipeline/reloader.h"
#include "runtime/pipeline/start_bundle.h"
#include "tests/unit/pipeline/fixture.h"

namespace sluice {

// A pipeline whose files change while its records flow.
class ReloadTest : public PipelineTest {
 protected:
  void TearDown() override {
    reloader_.reset();
    PipelineTest::TearDown();
  }

  static std::string script(const std::string& mark) {
    return "function transform(r)\n  if r.n % 10 == 3 then return sluice.reject('mark', '" + mark +
           "') end\n  r.mark = '" + mark + "'\n  return r\nend\n";
  }
  static std::string output_schema(const std::string& mark) {
    return R"({"required":["mark"],"properties":{"mark":{"const":")" + mark + "\"}}}";
  }
  // As editors do: beside the file, then renamed over it.
  void save(const std::string& name, const std::string& text) {
    write(name + ".tmp", text);
    std::filesystem::rename(folder_ / (name + ".tmp"), folder_ / name);
  }
  void start_reloader(bool watch) {
    config_.watch_files = watch;
    start(4);
    audit_ = AuditLog::open(folder_).value();
    history_ = std::make_unique<ReloadHistory>(audit_.get());
    Reloader::Options options;
    options.pipelines = {pipeline_.get()};
    options.history = history_.get();
    options.clock = &Clock::real();
    options.rest = Millis(2);
    options.store = store_.get();
    options.letters = letters_.get();
    options.run_tests = run_tests_;
    options.values = values_;
    options.request_fd = requests_.get();
    if (!values_.empty()) options.read_config = [this] { return read_; };
    reloader_ = std::make_unique<Reloader>(options);
    reloader_->start();
  }
  std::string hash() { return pipeline_->bundle()->hash; }
  void wait_change(const std::string& from) {
    StopSource never;
    while (hash() == from) never.wait_for(Millis(1));
  }
  std::vector<std::string> outcomes() {
    std::vector<std::string> out;
    const auto history = history_->snapshot();
    for (const BundleChange& change : history.at("p").changes) out.push_back(change.outcome);
    return out;
  }
  // Lets the source go on to its n-th record and waits until that is settled.
  void pass(size_t n) {
    test::source_levers("in").gate = n;
    StopSource never;
    while (account().received() < n || account().in_flight() != 0) never.wait_for(Millis(1));
  }
  std::string mark_of(size_t n) {
    std::lock_guard lock(test::sink_levers("out").mutex);
    for (const test::SeenRecord& record : test::sink_levers("out").committed) {
      if (record.position != n) continue;
      const size_t at = record.value.find("\"mark\":\"") + 8;
      return record.value.substr(at, record.value.find('"', at) - at);
    }
    return "";
  }
  static size_t rounds() { return std::getenv("SLUICE_SOAK") != nullptr ? 1000 : 100; }

  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<ReloadHistory> history_;
  // Stands for the tests of scripts: those whose text says so fail.
  static workshop::TestReport fake_tests(const std::filesystem::path& script, const ScriptLimits&) {
    workshop::TestReport report;
    report.script = script;
    report.file = workshop::test_file_of(script);
    const std::string text = read_file(script, 1 << 20).value();
    workshop::TestCase test;
    test.group = "orders";
    test.name = "are right";
    if (text.find("fails its tests") != std::string::npos) {
      test.outcome = workshop::TestCase::Outcome::kFailed;
      test.message = "t_test.lua:3: expected 1, found 2";
    }
    report.cases.push_back(test);
    return report;
  }

  TestRunner run_tests_ = run_script_tests;
  std::unique_ptr<BundleStore> store_;
  std::unique_ptr<Reloader> reloader_;
  UniqueFd requests_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::map<std::string, std::string> values_;
  Result<LoadedConfig> read_{LoadedConfig{}};
};

}  // namespace sluice
