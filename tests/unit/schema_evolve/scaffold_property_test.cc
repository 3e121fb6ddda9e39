// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "runtime/record/document.h"
#include "runtime/schema/validator.h"
#include "runtime/script/script.h"
#include "tests/unit/schema_evolve/fixture.h"
#include "tests/unit/schema_evolve/random_schema.h"

namespace sluice::testing {
namespace {

// Lifts between random schemas: each loads, and on records of the old schema it answers with a
// record or with its own verdict, never with an error of the script.
TEST(ScaffoldProperty, NeverFailsOnRecordsOfTheOldSchema) {
  const bool soak = std::getenv("SLUICE_SOAK") != nullptr;
  const int pairs = soak ? 20'000 : 60;
  RandomSchema random(soak ? 31 : 30);
  int lifted = 0;
  int undecided = 0;
  for (int i = 0; i < pairs; ++i) {
    const std::string before = random.schema();
    const std::string after = random.changed(before);
    const auto old_schema = compile_schema_text(before, "old");
    if (!old_schema || !compile_schema_text(after, "new")) continue;
    const auto scratch = (*old_schema)->make_scratch();
    DiffOptions options;
    options.scaffold = true;
    const std::string lua = diff(before, after, options).lift;
    const auto script = Script::from_text("lift.lua", lua, {}, {});
    ASSERT_TRUE(script) << script.status().message() << "\n" << lua;
    auto runner = ScriptRunner::create(*script);
    ASSERT_TRUE(runner) << runner.status().message();
    for (int j = 0; j < 40; ++j) {
      const std::string record = random.record();
      Document document;
      ASSERT_TRUE(document.parse(record, {}));
      // A script takes objects; other records are no matter of a lift.
      if (document.kind(Document::root()) != JsonKind::kObject) continue;
      if (!(*old_schema)->validate(document, *scratch)) continue;
      Arena arena;
      std::vector<ScriptPart> parts;
      const ScriptResult result = (*runner)->run(document, {}, arena, parts);
      // Where the old schema lets a list stand for an object, a script cannot tell an empty one.
      if (result.detail.find("an element of a list is named by") != std::string::npos) continue;
      ASSERT_NE(result.reason, "TRANSFORM_ERROR") << result.detail << "\n"
                                                  << before << "\n"
                                                  << after << "\n"
                                                  << record << "\n"
                                                  << lua;
      ++(result.outcome == ScriptOutcome::kParts ? lifted : undecided);
    }
  }
  EXPECT_GT(lifted, pairs);
  EXPECT_GT(undecided, 0);
}

}  // namespace
}  // namespace sluice::testing
