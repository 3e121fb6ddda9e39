// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/schema/drift/ledger.h"
#include "runtime/schema/drift/observer.h"
#include "runtime/schema/validator.h"

namespace sluice::testing {

struct WatchSetup {
  std::string schema = {};
  std::vector<std::string> sensitive = {};
  drift::Strangers strangers = drift::Strangers::kReport;
  uint64_t baseline = 40;
  double sample = 1;
  bool record = true;
  size_t entries = 2000;
};

// Records on their way past an observer, with or without a schema in front of it.
class Watch {
 public:
  explicit Watch(WatchSetup setup = {})
      : setup_(std::move(setup)), ledger_({"in"}, {setup_.baseline, {}, setup_.entries}) {
    drift::ObserverOptions options;
    if (!setup_.schema.empty()) {
      auto compiled = compile_schema_text(setup_.schema, "test.schema.json");
      EXPECT_TRUE(compiled.is_ok()) << compiled.status().message();
      schema_ = *compiled;
      scratch_ = schema_->make_scratch();
      auto declared = drift::Declared::read(setup_.schema);
      EXPECT_TRUE(declared.is_ok());
      options.declared = *declared;
    }
    options.sensitive = drift::Sensitive(setup_.sensitive);
    options.strangers = setup_.strangers;
    options.sample = setup_.sample;
    options.record = setup_.record;
    options.schema_version = "v1";
    options_ = options;
    restart();
  }

  void restart() { observer_ = std::make_unique<drift::Observer>(ledger_, 0, options_); }

  // One record, its own batch. Answers the stranger it is rejected for, or "".
  std::string see(std::string_view record) {
    const ParseResult parsed = document_.parse(record, {64U << 20U, 128});
    EXPECT_TRUE(parsed) << record.substr(0, 100) << ": " << parsed.message;
    if (!parsed) return "";
    observer_->begin(now_us_ += 1'000'000);
    std::string stranger;
    if (schema_ != nullptr && !schema_->validate(document_, *scratch_)) {
      observer_->failed(document_, schema_->explain(document_, 8));
    } else if (!observer_->passed(document_)) {
      stranger = observer_->stranger();
    }
    observer_->end();
    return stranger;
  }
  // Enough of them for a baseline.
  void learn(std::string_view record) {
    for (uint64_t i = 0; i < setup_.baseline; ++i) see(record);
  }

  [[nodiscard]] std::vector<drift::Entry> entries() const { return ledger_.entries(0); }
  // "severity kind path: before -> after" of each, in order of path.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (const drift::Entry& entry : entries()) {
      out.push_back(std::string(severity_name(entry.severity)) + " " +
                    std::string(kind_name(entry.kind)) + " " + entry.path + ": " + entry.before +
                    " -> " + entry.after);
    }
    return out;
  }

  drift::Ledger& ledger() { return ledger_; }
  [[nodiscard]] drift::SourceCounts counts() const { return ledger_.counts(0); }
  drift::Observer& observer() { return *observer_; }

 private:
  const WatchSetup setup_;
  drift::Ledger ledger_;
  drift::ObserverOptions options_;
  std::shared_ptr<const Schema> schema_;
  std::unique_ptr<Schema::Scratch> scratch_;
  std::unique_ptr<drift::Observer> observer_;
  Document document_;
  int64_t now_us_ = 1'700'000'000'000'000;
};

using Lines = std::vector<std::string>;

}  // namespace sluice::testing
