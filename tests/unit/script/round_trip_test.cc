// SPDX-License-Identifier: Apache-2.0
// What goes through a script and is not touched comes out as it was.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "tests/unit/script/fixture.h"
#include "tests/unit/script/random_record.h"

namespace sluice {
namespace {

using testing::RandomRecord;

// Builds for debugging and those with sanitizers take a tenth.
#if defined(NDEBUG)
constexpr int kRecords = 100'000;
#else
constexpr int kRecords = 10'000;
#endif

// SLUICE_SEED=n runs one other walk, and the failure of a walk again.
uint64_t seed_of_walk(uint64_t usual) {
  const char* const wanted = std::getenv("SLUICE_SEED");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : usual;
}

// Are two numbers the same to Lua? Integers of 64 bits exactly, others as doubles.
bool same_number(const Document& a, NodeIndex i, const Document& b, NodeIndex j) {
  int64_t x = 0;
  int64_t y = 0;
  if (a.int64(i, &x)) return b.int64(j, &y) && x == y;
  double p = 0;
  double q = 0;
  return a.number(i, &p) && b.number(j, &q) && p == q && !b.int64(j, &y);
}

// Are two values the same? With `by_value` numbers may have another text, members another order.
bool same(const Document& a, NodeIndex i, const Document& b, NodeIndex j, bool by_value,
          Arena& arena) {
  if (a.kind(i) != b.kind(j) || a.count(i) != b.count(j)) return false;
  switch (a.kind(i)) {
    case JsonKind::kNumber:
      return by_value ? same_number(a, i, b, j) : a.slice(i) == b.slice(j);
    case JsonKind::kString:
      return b.string_equals(j, a.string(i, arena));
    case JsonKind::kArray: {
      const NodeIndex end = a.next(i);
      for (i = i + 1, j = j + 1; i < end; i = a.next(i), j = b.next(j)) {
        if (!same(a, i, b, j, by_value, arena)) return false;
      }
      return true;
    }
    case JsonKind::kObject: {
      const NodeIndex object = j;
      const NodeIndex end = a.next(i);
      for (i = i + 1, j = j + 1; i < end; i = a.next(i + 1), j = b.next(j + 1)) {
        const std::string_view name = a.string(i, arena);
        const NodeIndex value = by_value ? b.find(object, name) : j + 1;
        if (!by_value && !b.string_equals(j, name)) return false;
        if (value == kNoNode || !same(a, i + 1, b, value, by_value, arena)) return false;
      }
      return true;
    }
    default:
      return true;
  }
}

class RoundTripTest : public ScriptTest {
 protected:
  RoundTripTest() { limits.output_bytes = 16 << 20; }

  // Runs the script on many records; `check(record, output)` compares.
  template <typename Check>
  void for_many(int records, const char* body, RandomRecord::Form form, uint64_t usual_seed,
                Check&& check) {
    load(std::string("function transform(r)\n") + body + "\nend");
    const uint64_t seed = seed_of_walk(usual_seed);
    RandomRecord random(seed, form);
    for (int i = 0; i < records && !HasFailure(); ++i) {
      SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed) + ", record " + std::to_string(i));
      const std::string record = random.record();
      const std::string output = run(record);
      check(record, output);
    }
  }

  // Parses both and compares them.
  void expect_same(const std::string& record, const std::string& output, bool by_value) {
    Document a;
    Document b;
    ASSERT_TRUE(a.parse(record, ParseLimits{})) << record;
    ASSERT_TRUE(b.parse(output, ParseLimits{16 << 20, 128})) << record << '\n' << output;
    EXPECT_FALSE(b.has_line_breaks());
    values.reset();
    EXPECT_TRUE(same(a, 0, b, 0, by_value, values)) << record << '\n' << output;
  }

  Arena values;
};

std::string trimmed(const std::string& text) {
  const size_t from = text.find_first_not_of(" \t\r\n");
  return text.substr(from, text.find_last_not_of(" \t\r\n") + 1 - from);
}

TEST_F(RoundTripTest, AnUntouchedRecordComesOutAsItWas) {
  for_many(kRecords, "return r", {}, 1, [&](const std::string& record, const std::string& output) {
    expect_same(record, output, false);
  });
}

TEST_F(RoundTripTest, WithoutWhiteSpaceEveryByteIsTheSame) {
  RandomRecord::Form form;
  form.spaced = false;
  for_many(
      kRecords / 4, "return r", form, 2,
      [&](const std::string& record, const std::string& output) { EXPECT_EQ(output, record); });
}

TEST_F(RoundTripTest, TouchingOneMemberLeavesTheOthers) {
  RandomRecord::Form form;
  form.object = true;
  for_many(kRecords / 4, "r['never there'] = 1; return r", form, 3,
           [&](const std::string& record, const std::string& output) {
             std::string expected = trimmed(record);
             expected.pop_back();
             expected = trimmed(expected);
             if (expected.size() > 1) expected += ',';
             expect_same(expected + "\"never there\":1}", output, false);
           });
}

TEST_F(RoundTripTest, TouchingAndTakingBackChangesNothing) {
  RandomRecord::Form form;
  form.object = true;
  for_many(
      kRecords / 4,
      "local function touch(t) for k, v in pairs(t) do if type(v) == 'userdata' and v ~= "
      "sluice.null "
      "then t[k] = v touch(v) end end end touch(r) r['never there'] = 1; r['never there'] = nil "
      "return r",
      form, 4, [&](const std::string& record, const std::string& output) {
        expect_same(record, output, false);
      });
}

TEST_F(RoundTripTest, CopiesHaveTheSameValues) {
  RandomRecord::Form form;
  form.within_double = true;
  for (const char* body :
       {"return sluice.totable(r)", "return sluice.deepcopy(sluice.totable(r))"}) {
    for_many(kRecords / 8, body, form, 5,
             [&](const std::string& record, const std::string& output) {
               expect_same(record, output, true);
             });
  }
}

TEST_F(RoundTripTest, NumbersKeepEveryDigit) {
  for (const char* number :
       {"0", "-0", "-0.0", "1.10", "1e2", "1E+02", "1e400", "-1e-400", "9007199254740993",
        "9223372036854775807", "-9223372036854775808", "18446744073709551615",
        "123456789012345678901234567890.123456789012345678901234567890", "0e1000000",
        "1.0000000"}) {
    const std::string record = std::string("{\"a\":") + number + ",\"b\":[" + number + "]}";
    EXPECT_EQ(transform("return r", record), record);
    EXPECT_EQ(transform("r.c = r.b r.b = nil r.c[2] = 1 return r", record),
              std::string("{\"a\":") + number + ",\"c\":[" + number + ",1]}");
  }
}

TEST_F(RoundTripTest, ANameThatOccursTwiceIsRefused) {
  for (const char* record : {R"({"a":1,"a":2})", R"({"a":1,"\u0061":2})", R"({"x":{"":1,"":1}})"}) {
    Document twice;
    EXPECT_EQ(twice.parse(record, ParseLimits{}).code, ParseCode::kDuplicateKey) << record;
  }
}

}  // namespace
}  // namespace sluice
