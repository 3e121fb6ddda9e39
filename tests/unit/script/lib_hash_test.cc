// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

class LibHashTest : public ScriptTest {
 protected:
  std::string value(const std::string& expression) {
    return transform("return {" + expression + "}", "{}");
  }
};

TEST_F(LibHashTest, DigestsAreThoseOfTheStandards) {
  EXPECT_EQ(value("sluice.hash.md5('')"), R"(["d41d8cd98f00b204e9800998ecf8427e"])");
  EXPECT_EQ(value("sluice.hash.md5('abc')"), R"(["900150983cd24fb0d6963f7d28e17f72"])");
  EXPECT_EQ(value("sluice.hash.sha1('abc')"), R"(["a9993e364706816aba3e25717850c26c9cd0d89d"])");
  EXPECT_EQ(value("sluice.hash.sha256('abc')"),
            R"(["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"])");
  EXPECT_EQ(value("sluice.hash.crc32('123456789'), sluice.hash.crc32('')"), "[3421780262,0]");
  // Longer than a piece, and a number.
  EXPECT_EQ(value("sluice.hash.sha256(('a'):rep(1000000))"),
            R"(["cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"])");
  EXPECT_EQ(value("sluice.hash.md5(42) == sluice.hash.md5('42')"), "[true]");
}

TEST_F(LibHashTest, OnlyTextIsHashed) {
  EXPECT_THAT(value("sluice.hash.sha256(r.none)"),
              HasSubstr("t.lua:2: sluice.hash.sha256: expected a string as argument 1, found nil"));
  EXPECT_THAT(value("sluice.hash.crc32({})"), HasSubstr("found a table"));
  EXPECT_THAT(value("sluice.hash.md5(true)"), HasSubstr("found a boolean"));
}

TEST_F(LibHashTest, HashingWithoutEndMeetsTheTimeCap) {
  limits.cpu_us = 20'000;
  EXPECT_THAT(transform("local s = ('x'):rep(30000000) "
                        "for i = 1, 1000 do sluice.hash.sha1(s) end return r",
                        "{}"),
              HasSubstr("cpu_us"));
}

TEST_F(LibHashTest, Base64IsThatOfRfc4648) {
  EXPECT_EQ(value("sluice.base64.encode(''), sluice.base64.encode('f'), sluice.base64.encode('fo'),"
                  "sluice.base64.encode('foo'), sluice.base64.encode('foobar')"),
            R"(["","Zg==","Zm8=","Zm9v","Zm9vYmFy"])");
  EXPECT_EQ(value("sluice.base64.encode('\\xff\\xfe?', {url = true}), "
                  "sluice.base64.encode('\\xff\\xfe?>'), sluice.base64.encode('f', {url = true})"),
            R"(["__4_","//4/Pg==","Zg"])");
  EXPECT_EQ(value("sluice.base64.decode('Zg=='), sluice.base64.decode('Zg'), "
                  "sluice.base64.decode('Zm9vYmFy'), sluice.base64.decode(''), "
                  "#sluice.base64.decode('__4_'), #sluice.base64.decode('//4/Pg==')"),
            R"(["f","f","foobar","",3,4])");
}

TEST_F(LibHashTest, EveryByteSurvivesBase64) {
  EXPECT_EQ(transform(R"(
      for n = 0, 300 do
        local bytes = {}
        for i = 1, n do bytes[i] = string.char((i * 37 + n) % 256) end
        local s = table.concat(bytes)
        for _, url in ipairs{true, false} do
          if sluice.base64.decode(sluice.base64.encode(s, {url = url})) ~= s then return {n} end
        end
      end
      return {"same"})",
                      "{}"),
            R"(["same"])");
}

TEST_F(LibHashTest, WhatIsNoBase64IsRefused) {
  for (const char* bad : {"Z", "Zg=", "Z===", "Zg===", "=", "Zm9v=", "Z g=", "Zg==\\n",
                          "Zh==", "Zm9=", "Zm9vZ", "\\xff\\xff\\xff\\xff", "Zg==Zg=="}) {
    EXPECT_THAT(value(std::string("sluice.base64.decode('") + bad + "')"),
                HasSubstr("sluice.base64.decode: "))
        << bad;
  }
  EXPECT_THAT(value("sluice.base64.encode('x', {uri = true})"), HasSubstr("unknown option 'uri'"));
}

TEST_F(LibHashTest, TextIsTrimmedAndSplit) {
  EXPECT_EQ(
      value("sluice.trim('  a b\\t\\r\\n'), sluice.trim(''), sluice.trim(' '), sluice.trim(7)"),
      R"(["a b","","","7"])");
  EXPECT_EQ(transform("return {sluice.split('a,b,,c', ','), sluice.split('', ','), "
                      "sluice.split('a::b::c', '::', 2), sluice.split('a.b', '.', 1)}",
                      "{}"),
            R"([["a","b","","c"],[""],["a","b::c"],["a.b"]])");
  EXPECT_THAT(value("sluice.split('a', '')"), HasSubstr("the separator is empty"));
  EXPECT_THAT(value("sluice.split('a', ',', 0)"),
              HasSubstr("sluice.split: expected a whole number"));
  EXPECT_THAT(value("sluice.split('a')"), HasSubstr("as argument 2, found nothing"));
}

TEST_F(LibHashTest, SearchesForOneTextInAnotherAreLinear) {
  // Each took hours when every place was compared anew.
  EXPECT_EQ(value("#sluice.split(('a'):rep(4000000), ('a'):rep(2000000) .. 'b')"), "[1]");
  EXPECT_EQ(value("tostring(string.find(('a'):rep(4000000), ('a'):rep(2000000) .. 'b', 1, true))"),
            R"(["nil"])");
  EXPECT_EQ(value("string.find('xabc', 'abc', 2, true)"), "[2,4]");
  EXPECT_EQ(value("string.find('xabc', '', 3, true)"), "[3,2]");
}

}  // namespace
}  // namespace sluice
