// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/schema/fixture.h"
#include "tests/unit/schema/valijson_oracle.h"

// valijson's verdict beside ours, over schemas and records made at random from the keywords that
// valijson does exactly: small numbers, no patterns, no formats.
namespace sluice::testing {
namespace {

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}

  std::string record(int depth = 3) {
    switch (pick(depth > 0 ? 8 : 6)) {
      case 0:
        return "null";
      case 1:
        return "true";
      case 2:
        return number();
      case 3:
        return pick(2) != 0 ? "2.5" : "-1.5";
      case 4:
      case 5:
        return "\"" + text() + "\"";
      case 6:
        return list("[", "]", [&] { return record(depth - 1); });
      default: {
        std::string out = "{";
        for (const char* name : {"a", "b", "c"}) {
          if (pick(2) == 0) continue;
          out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + record(depth - 1);
        }
        return out + "}";
      }
    }
  }

  std::string schema(int depth = 3) {
    if (pick(12) == 0) return pick(4) != 0 ? "true" : "false";
    std::string out = "{";
    for (int i = pick(3); i >= 0; --i) {
      const std::string one = keyword(depth);
      const std::string name = one.substr(0, one.find(':'));
      if (out.find("{" + name + ":") == 0 || out.find("\n," + name + ":") != std::string::npos) {
        continue;
      }
      out += (out.size() > 1 ? "\n," : "") + one;
    }
    return out + "}";
  }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  std::string number() { return std::to_string(pick(7) - 3); }
  std::string text() {
    return std::string(static_cast<size_t>(pick(4)), static_cast<char>('a' + pick(2)));
  }
  std::string name() { return std::string("\"") + static_cast<char>('a' + pick(3)) + "\""; }
  template <typename Make>
  std::string list(const char* open, const char* close, Make&& make) {
    std::string out = open;
    const int count = 1 + pick(3);
    for (int i = 0; i < count; ++i) out += (i > 0 ? "," : "") + make();
    return out + close;
  }

  std::string keyword(int depth) {
    const auto below = [this, depth] { return schema(depth - 1); };
    switch (pick(depth > 0 ? 26 : 13)) {
      case 0:
        return R"("type":"integer")";
      case 1:
        return R"("type":["string","object"])";
      case 2:
        return R"("type":["number","array","null"])";
      case 3:
        return "\"minimum\":" + number();
      case 4:
        return "\"exclusiveMaximum\":" + number();
      case 5:
        // Halves: with a whole divisor valijson lets every fraction pass.
        return "\"multipleOf\":" + std::to_string(pick(3)) + ".5";
      case 6:
        return "\"minLength\":" + std::to_string(pick(3));
      case 7:
        return "\"maxLength\":" + std::to_string(pick(3));
      case 8:
        return "\"maxItems\":" + std::to_string(pick(3));
      case 9:
        return R"("uniqueItems":true)";
      case 10:
        return R"("required":[)" + name() + "]";
      case 11:
        return "\"maxProperties\":" + std::to_string(pick(3));
      case 12:
        return "\"enum\":" + list("[", "]", [&] { return record(1); });
      case 13:
        return "\"const\":" + record(1);
      case 14:
        return "\"items\":" + below();
      case 15:
        return "\"items\":" + list("[", "]", below) + ",\"additionalItems\":" + below();
      case 16:
        return "\"contains\":" + below();
      case 17:
      case 18:
        return R"("properties":{"a":)" + below() + ",\"b\":" + below() + "}";
      case 19:
        return "\"additionalProperties\":" + below();
      case 20:
        return R"("propertyNames":{"enum":["a","b"]})";
      case 21:
        return "\"allOf\":" + list("[", "]", below);
      case 22:
        return "\"anyOf\":" + list("[", "]", below);
      case 23:
        return "\"oneOf\":" + list("[", "]", below);
      case 24:
        return "\"not\":" + below();
      default:
        return "\"if\":" + below() + ",\"then\":" + below() + ",\"else\":" + below();
    }
  }

  std::mt19937_64 random_;
};

TEST(Differential, AgreesWithValijsonOnRandomSchemasAndRecords) {
  Maker maker(20260101);
  size_t fits = 0;
  size_t compared = 0;
  for (int i = 0; i < 1500; ++i) {
    const std::string schema = maker.schema();
    Checker ours(schema);
    ValijsonOracle theirs(schema);
    ASSERT_TRUE(theirs.usable()) << schema;
    for (int j = 0; j < 8; ++j) {
      const std::string record = maker.record();
      const bool fit = ours.fits(record);
      ASSERT_EQ(fit, theirs.fits(record)) << "schema: " << schema << "\nrecord: " << record;
      ++compared;
      fits += fit ? 1 : 0;
      if (!fit) {
        ASSERT_FALSE(ours.explain(record).empty());
      }
    }
  }
  // Neither side may win by always giving the same answer.
  EXPECT_GT(fits, compared / 5);
  EXPECT_LT(fits, compared - compared / 5);
}

}  // namespace
}  // namespace sluice::testing
