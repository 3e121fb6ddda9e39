// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <optional>

#include "runtime/record/document.h"
#include "runtime/schema/validator.h"
#include "tests/unit/schema_evolve/fixture.h"
#include "tests/unit/schema_evolve/random_schema.h"

// The verdict against the validator: what the diff has proved must hold for every record.
namespace sluice::testing {
namespace {

struct Compiled {
  std::shared_ptr<const Schema> schema;
  std::unique_ptr<Schema::Scratch> scratch;

  [[nodiscard]] bool fits(const Document& document) const {
    return schema->validate(document, *scratch);
  }
};

std::optional<Compiled> compile(const std::string& text) {
  auto schema = compile_schema_text(text, "random.schema.json");
  if (!schema) return std::nullopt;
  auto scratch = (*schema)->make_scratch();
  return Compiled{std::move(*schema), std::move(scratch)};
}

struct Tally {
  int pairs = 0;
  int backward = 0;
  int forward = 0;
  int fits_old = 0;
  int fits_new = 0;
  int doubtful = 0;  // no proof, and no record that speaks against it either
};

void check_pair(RandomSchema& random, const std::string& before, const std::string& after,
                int records, Tally& tally) {
  const auto old_schema = compile(before);
  const auto new_schema = compile(after);
  if (!old_schema || !new_schema) return;
  ++tally.pairs;
  const SchemaDiff made = diff(before, after);
  const bool backward =
      made.verdict == Compatibility::kBackward || made.verdict == Compatibility::kFull;
  const bool forward =
      made.verdict == Compatibility::kForward || made.verdict == Compatibility::kFull;
  tally.backward += backward ? 1 : 0;
  tally.forward += forward ? 1 : 0;
  bool against = false;
  for (int i = 0; i < records; ++i) {
    const std::string record = random.record();
    Document document;
    ASSERT_TRUE(document.parse(record, {}));
    const bool fits_old = old_schema->fits(document);
    const bool fits_new = new_schema->fits(document);
    tally.fits_old += fits_old ? 1 : 0;
    tally.fits_new += fits_new ? 1 : 0;
    against = against || fits_old != fits_new;
    const std::string shown = before + "\n" + after + "\n" + record;
    ASSERT_FALSE(backward && fits_old && !fits_new) << "not backward:\n" << shown;
    ASSERT_FALSE(forward && fits_new && !fits_old) << "not forward:\n" << shown;
  }
  if (!backward && !forward && !against) ++tally.doubtful;
}

void check_many(bool later) {
  const bool soak = std::getenv("SLUICE_SOAK") != nullptr;
  const int pairs = soak ? 200'000 : 1'000;
  RandomSchema random(soak ? 20260102 : 20260101, later);
  Tally tally;
  for (int i = 0; i < pairs && !::testing::Test::HasFatalFailure(); ++i) {
    const std::string before = random.schema();
    // Now and then two schemas that have nothing in common.
    const std::string after = i % 10 == 0 ? random.schema() : random.changed(before);
    check_pair(random, before, after, 30, tally);
  }
  std::printf("%d pairs, %d backward, %d forward, %d without proof or counterexample\n",
              tally.pairs, tally.backward, tally.forward, tally.doubtful);
  // It must not win by never proving anything, nor by records that never fit.
  EXPECT_GT(tally.pairs, pairs / 2);
  EXPECT_GT(tally.backward, tally.pairs / 4);
  EXPECT_GT(tally.forward, tally.pairs / 4);
  EXPECT_GT(tally.fits_old, tally.pairs * 5);
  EXPECT_GT(tally.fits_new, tally.pairs * 5);
}

TEST(DiffProperty, VerdictsHoldForEveryRecordOfEitherSchema) { check_many(false); }

TEST(DiffProperty, VerdictsHoldInLaterDialects) { check_many(true); }

}  // namespace
}  // namespace sluice::testing
