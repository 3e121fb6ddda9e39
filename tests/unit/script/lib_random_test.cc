// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "runtime/script/random.h"
#include "runtime/script/uuid.h"
#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class LibRandomTest : public ScriptTest {
 protected:
  std::string value(const std::string& expression, const std::string& record = "{}") {
    return transform("return {" + expression + "}", record);
  }
};

constexpr char kDraw[] =
    "sluice.random(), sluice.random(1000), sluice.random(-5, 5), sluice.uuid.v4(), "
    "sluice.uuid.v7()";

TEST_F(LibRandomTest, TheSameRecordDrawsTheSame) {
  const std::string first = value(kDraw, R"({"a":1})");
  meta.position = 77;  // a redrive, from elsewhere
  meta.lane = "redrive";
  EXPECT_EQ(value(kDraw, R"({"a":1})"), first);
  EXPECT_NE(value(kDraw, R"({"a":2})"), first);
  meta.key = "k";
  meta.has_key = true;
  EXPECT_NE(value(kDraw, R"({"a":1})"), first);
}

TEST_F(LibRandomTest, EarlierRecordsAndDrawsInBetweenDoNotMatter) {
  load(
      "function transform(r) r.x = sluice.random(1 << 40) r.y = sluice.random(1 << 40) return r "
      "end");
  const std::string first = run(R"({"a":1})");
  run(R"({"a":2})");
  EXPECT_EQ(run(R"({"a":1})"), first);
  EXPECT_EQ(transform("local x = sluice.random(1 << 40) r.changed = true r.x = x "
                      "r.y = sluice.random(1 << 40) r.changed = nil return r",
                      R"({"a":1})"),
            first);
}

TEST_F(LibRandomTest, NumbersAreThoseOfTheirRange) {
  EXPECT_EQ(transform(R"(
      local seen = {}
      for i = 1, 2000 do
        local u, n = sluice.random(), sluice.random(3, 6)
        assert(u >= 0 and u < 1)
        assert(math.type(n) == "integer" and n >= 3 and n <= 6)
        seen[n] = (seen[n] or 0) + 1
      end
      for n = 3, 6 do assert(seen[n] > 400, seen[n]) end
      assert(sluice.random(1) == 1 and sluice.random(-4, -4) == -4)
      assert(math.type(sluice.random(math.mininteger, math.maxinteger)) == "integer")
      return {"ok"})",
                      "{}"),
            R"(["ok"])");
  EXPECT_THAT(value("sluice.random(0)"), HasSubstr("no number lies between 1 and 0"));
  EXPECT_THAT(value("sluice.random(2, 1)"), HasSubstr("no number lies between 2 and 1"));
  EXPECT_THAT(value("sluice.random(1.5)"), HasSubstr("expected a whole number as argument 1"));
  EXPECT_THAT(value("sluice.random('5')"), HasSubstr("expected a whole number"));
}

TEST(Random, FollowsItsSeedOnEveryMachine) {
  std::array<unsigned char, 32> seed{};
  for (size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<unsigned char>(i);
  script::Random random;
  random.seed(seed);
  const uint64_t first = random.next();
  // state_[1] is 0x08090a0b0c0d0e0f.
  uint64_t expected = 0x08090a0b0c0d0e0fULL * 5;
  expected = (expected << 7 | expected >> 57) * 9;
  EXPECT_EQ(first, expected);
  random.seed(seed);
  EXPECT_EQ(random.next(), first);
}

TEST_F(LibRandomTest, NothingIsDrawnWhileTheScriptLoads) {
  for (const char* call :
       {"sluice.random()", "sluice.uuid.v4()", "sluice.uuid.v7(1)", "sluice.time.now()"}) {
    EXPECT_THAT(
        load_error(std::string("local x = ") + call + " function transform(r) return r end"),
        HasSubstr("while the script loads"))
        << call;
  }
}

TEST_F(LibRandomTest, UuidsAreThoseOfRfc9562) {
  EXPECT_EQ(value("sluice.uuid.v5('dns', 'www.example.com')"),
            R"(["2ed6657d-e927-568b-95e1-2665a8aea6a2"])");
  EXPECT_EQ(value("sluice.uuid.v5('6BA7B810-9DAD-11D1-80B4-00C04FD430C8', 'www.example.com')"),
            R"(["2ed6657d-e927-568b-95e1-2665a8aea6a2"])");
  EXPECT_THAT(
      value("sluice.uuid.v4()"),
      MatchesRegex(
          R"re(\["[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\])re"));
  meta.time_us = 0x017F22E279B0 * 1000LL;
  EXPECT_THAT(
      value("sluice.uuid.v7()"),
      MatchesRegex(R"re(\["017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\])re"));
  EXPECT_THAT(value("sluice.uuid.v7(1)"), HasSubstr(R"(["00000000-0001-7)"));
  EXPECT_THAT(value("sluice.uuid.v7(-1)"), HasSubstr("a whole number from 0 to 281474976710655"));
  EXPECT_THAT(value("sluice.uuid.v5('example', 'x')"), HasSubstr("the namespace must be a UUID"));
  EXPECT_THAT(value("sluice.uuid.v5('dns')"), HasSubstr("found nothing"));
}

TEST_F(LibRandomTest, UuidsAreReadInTheirForms) {
  EXPECT_EQ(transform(R"(
      local u = "2ED6657D-E927-568B-95E1-2665A8AEA6A2"
      for _, text in ipairs{u, u:lower(), "{" .. u .. "}", "urn:uuid:" .. u, (u:gsub("-", ""))} do
        assert(sluice.uuid.is(text), text)
        assert(sluice.uuid.parse(text) == u:lower(), text)
      end
      for _, text in ipairs{"", "x", u .. "0", u:sub(2), u:gsub("E", "G"), "{" .. u, u:gsub("-", "_"),
                            u:gsub("-", "", 1), 42, true, r} do
        assert(not sluice.uuid.is(text), tostring(text))
        assert(sluice.uuid.parse(text) == nil)
      end
      return {"ok"})",
                      "{}"),
            R"(["ok"])");
}

TEST_F(LibRandomTest, NowIsTheRecordsTime) {
  meta.time_us = 1'517'966'773'840'999;
  EXPECT_EQ(value("sluice.time.now(), meta.time == sluice.time.now() and 1 or 0").substr(0, 14),
            "[1517966773840");
}

}  // namespace
}  // namespace sluice
