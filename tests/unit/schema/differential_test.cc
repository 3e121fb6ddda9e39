// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/schema/fixture.h"
#include "tests/unit/schema/random_schema.h"
#include "tests/unit/schema/valijson_oracle.h"

// valijson's verdict beside ours, over draft-07 schemas and records made at random. Where the two
// disagree one of the classes below has to be the reason: without what the class is about, in both
// schema and record, they must agree. 100,000 pairs with SLUICE_SOAK=1.
namespace sluice::testing {
namespace {

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// What valijson sees otherwise, and who is right by draft-07: each time we are.
struct Difference {
  const char* what;
  std::function<std::string(const std::string&)> remove_from_schema;
  std::function<std::string(const std::string&)> remove_from_record;
};

const std::vector<Difference>& differences() {
  const auto same = [](const std::string& text) { return text; };
  static const std::vector<Difference> list = {
      // 6.1.1: a number with a fraction of zero is an integer; and it equals the integer. valijson
      // goes by how it is written.
      {"2.0 is the integer 2",
       [](const std::string& text) { return replace_all(text, "2.0", "2"); },
       [](const std::string& text) { return replace_all(text, "2.0", "2"); }},
      // 6.2.1: valijson cuts a number to an integer before it divides by a whole divisor, so every
      // fraction passes.
      {"a fraction is no multiple of a whole number",
       [](std::string text) {
         for (const char* whole : {"1", "2", "3"}) {
           for (const char* end : {"}", "\n"}) {
             text = replace_all(text, std::string("\"multipleOf\":") + whole + end,
                                std::string("\"multipleOf\":") + whole + ".5" + end);
           }
         }
         return text;
       },
       same},
      // 7.3.1 (RFC 3339): valijson lets February have 29 days in every year ...
      {"no 29 February 2023",
       [](const std::string& text) { return replace_all(text, "2023-02-29", "2023-02-28"); },
       [](const std::string& text) { return replace_all(text, "2023-02-29", "2023-02-28"); }},
      // ... and any minute a 60th second.
      {"no leap second at noon",
       [](const std::string& text) { return replace_all(text, "12:00:60Z", "12:00:59Z"); },
       [](const std::string& text) { return replace_all(text, "12:00:60Z", "12:00:59Z"); }},
  };
  return list;
}

class Pairs {
 public:
  void compare(const std::string& schema, const std::vector<std::string>& records) {
    Checker ours(schema);
    const ValijsonOracle theirs(schema);
    ASSERT_TRUE(theirs.usable()) << schema;
    for (const std::string& record : records) {
      const bool fit = ours.fits(record);
      ++compared_;
      fits_ += fit ? 1 : 0;
      ASSERT_EQ(fit, ours.explain(record).front().keyword.empty()) << schema << "\n" << record;
      if (fit != theirs.fits(record)) explain(schema, record);
    }
  }

  [[nodiscard]] size_t fits() const { return fits_; }
  [[nodiscard]] size_t compared() const { return compared_; }
  void report() const {
    std::printf("%zu pairs, %zu fit\n", compared_, fits_);
    for (const auto& [what, count] : explained_) {
      std::printf("  %zu disagreements: %s\n", count, what.c_str());
    }
  }

 private:
  // Takes away each class by itself, then one after the other, until the two agree.
  void explain(const std::string& schema, const std::string& record) {
    for (const Difference& one : differences()) {
      if (!agree_without(schema, record, {&one})) continue;
      ++explained_[one.what];
      return;
    }
    std::vector<const Difference*> several;
    for (const Difference& one : differences()) several.push_back(&one);
    if (agree_without(schema, record, several)) {
      ++explained_["several of these at once"];
      return;
    }
    ADD_FAILURE() << "no known difference explains this:\nschema: " << schema
                  << "\nrecord: " << record;
  }

  static bool agree_without(std::string schema, std::string record,
                            const std::vector<const Difference*>& list) {
    for (const Difference* one : list) {
      schema = one->remove_from_schema(schema);
      record = one->remove_from_record(record);
    }
    return Checker(schema).fits(record) == ValijsonOracle(schema).fits(record);
  }

  size_t compared_ = 0;
  size_t fits_ = 0;
  std::map<std::string, size_t> explained_;
};

TEST(Differential, AgreesWithValijsonOnRandomSchemasAndRecords) {
  constexpr size_t kRecords = 8;
  const bool soak = std::getenv("SLUICE_SOAK") != nullptr;
  const int schemas = soak ? 12'500 : 500;
  RandomSchema random(20260101);
  Pairs pairs;
  for (int i = 0; i < schemas; ++i) {
    const std::string schema = random.document();
    std::vector<std::string> records;
    while (records.size() < kRecords) records.push_back(random.record());
    pairs.compare(schema, records);
    if (HasFailure()) return;
  }
  pairs.report();
  // Neither side may win by always giving the same answer.
  EXPECT_GT(pairs.fits(), pairs.compared() / 5);
  EXPECT_LT(pairs.fits(), pairs.compared() - pairs.compared() / 5);
}

}  // namespace
}  // namespace sluice::testing
