// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/record/document.h"
#include "runtime/script/script.h"

namespace sluice {

// Runs scripts on records and answers what came out as one line of text: the parts joined by '|',
// "filtered", or "<reason>: <detail>".
class ScriptTest : public ::testing::Test {
 protected:
  // A busy machine is no failure: the cap on time has tests of its own.
  ScriptTest() { limits.wall_us = 60'000'000; }

  // Loads a whole script; a failure is the test's failure.
  void load(const std::string& text) {
    auto script = Script::from_text("t.lua", text, {}, limits);
    ASSERT_TRUE(script) << script.status().message();
    auto made = ScriptRunner::create(*script);
    ASSERT_TRUE(made) << made.status().message();
    runner = std::move(*made);
  }
  std::string load_error(const std::string& text) {
    auto script = Script::from_text("t.lua", text, {}, limits);
    return script ? "loaded" : script.status().message();
  }
  // Runs the loaded script. The document goes on reading `input`.
  std::string run(std::string json) {
    parts.clear();
    arena.reset();
    input = std::move(json);
    const ParseResult parsed = document.parse(input, ParseLimits{64 << 20, 128});
    EXPECT_TRUE(parsed) << parsed.message;
    if (!parsed) return "unparsed";
    const ScriptResult result = runner->run(document, meta, arena, parts);
    if (result.outcome == ScriptOutcome::kFiltered) {
      EXPECT_TRUE(parts.empty());
      return result.detail.empty() ? "filtered" : "filtered: " + result.detail;
    }
    if (result.outcome == ScriptOutcome::kRejected) {
      EXPECT_TRUE(parts.empty());
      return std::string(result.reason) + ": " + result.detail;
    }
    std::string all;
    for (const ScriptPart& part : parts) {
      if (!all.empty()) all += '|';
      all += part.value;
    }
    return all;
  }
  // Wraps `body` into transform(r, meta) and runs it.
  std::string transform(const std::string& body, const std::string& json) {
    std::string text = "function transform(r, meta)\n";
    text += body + "\nend";
    load(text);
    return runner ? run(json) : "not loaded";
  }

  ScriptLimits limits;
  RecordMeta meta;
  std::string input;
  Document document;
  Arena arena;
  std::vector<ScriptPart> parts;
  std::unique_ptr<ScriptRunner> runner;
};

}  // namespace sluice
