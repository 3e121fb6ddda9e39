// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ViewTest = ScriptTest;

TEST_F(ViewTest, AnUntouchedRecordKeepsEveryByte) {
  const std::string record =
      R"({"a": 1.10, "b":18446744073709551616,"c":1e400 ,"d":"\u0041\/", "e":[ 1,2 ]})";
  EXPECT_EQ(transform("return r", record), record);
}

TEST_F(ViewTest, UntouchedNeighboursKeepTheirText) {
  EXPECT_EQ(transform("r.b = 2 return r", R"({"a": 1.10,"b":1,"c":1e400, "d":"\u0041"})"),
            R"({"a": 1.10,"b":2,"c":1e400, "d":"\u0041"})");
}

TEST_F(ViewTest, ReadsEveryKindOfValue) {
  EXPECT_EQ(
      transform(R"(
    assert(r.i == 9223372036854775807 and math.type(r.i) == "integer")
    assert(r.m == -9223372036854775808 and math.type(r.m) == "integer")
    assert(r.u == 18446744073709551616.0 and math.type(r.u) == "float")
    assert(r.f == 0.1 and r.e == 1000.0 and math.type(r.e) == "float")
    assert(r.big == math.huge and r.tiny == 0.0)
    assert(r.t == true and r.n == sluice.null and r.absent == nil)
    assert(r.s == "a\n\u{e9}\u{1F600}\0b")
    assert(#r.l == 3 and r.l[1] == "x" and r.l[3][1] == 5 and r.l[4] == nil and r.l[0] == nil)
    assert(r["k\n"] == 1 and r[1] == nil)
    return nil)",
                R"({"i":9223372036854775807,"m":-9223372036854775808,"u":18446744073709551616,)"
                R"("f":0.1,"e":1e3,"big":1e999,"tiny":1e-999,"t":true,"n":null,)"
                R"("s":"a\n\u00e9\ud83d\ude00\u0000b","l":["x",null,[5]],"k\n":1})"),
      "filtered");
}

TEST_F(ViewTest, WritesEveryKindOfScalar) {
  EXPECT_EQ(transform(R"(
    r.i = 7; r.m = math.mininteger; r.f = 2.5; r.w = 3.0; r.z = -0.0; r.g = 1e300; r.p = 1/3
    r.t = true; r.x = false; r.n = sluice.null; r.s = "q\"\\\n\1\u{e9}"; return r)",
                      "{}"),
            "{\"i\":7,\"m\":-9223372036854775808,\"f\":2.5,\"w\":3.0,\"z\":-0.0,\"g\":1e+300,"
            "\"p\":0.3333333333333333,\"t\":true,\"x\":false,\"n\":null,\"s\":"
            "\"q\\\"\\\\\\n\\u0001\xC3\xA9\"}");
}

TEST_F(ViewTest, FloatsReadBackAsTheSameDouble) {
  load("function transform(r) return {v = r.v * 1.0} end");
  for (const char* text : {"0.01", "0.1", "123456.78", "999999999999.99", "0.30000000000000004",
                           "1e15", "123456789012345680.0", "5e-324", "1.7976931348623157e308",
                           "2.675", "-17.05", "100.10", "4503599627370497.5"}) {
    const std::string out = run(std::string("{\"v\":") + text + "}");
    const double back = std::strtod(out.c_str() + 5, nullptr);
    EXPECT_EQ(back, std::strtod(text, nullptr)) << out;
    EXPECT_NE(out.find_first_of(".e"), std::string::npos) << out;
  }
}

TEST_F(ViewTest, DeletesRenamesAndAppends) {
  EXPECT_EQ(transform("r.ts, r.at = r.at, nil; r.gone = nil; r.new = 1 return r",
                      R"({"id":1,"at":"x","gone":{},"keep":[1]})"),
            R"({"id":1,"keep":[1],"ts":"x","new":1})");
  EXPECT_EQ(transform("r.a = nil; r.b = nil return r", R"({"a":1,"b":2})"), "{}");
  EXPECT_EQ(transform("r.a = nil; r.a = 5 return r", R"({"a":1,"b":2})"), R"({"a":5,"b":2})");
  EXPECT_EQ(transform("r.never = nil return r", R"({"a":1})"), R"({"a":1})");
}

TEST_F(ViewTest, ChangesDeepInsideLeaveTheRestAsText) {
  EXPECT_EQ(
      transform(
          "r.p.c.e = 'E'; r.p.l[2].v = 0 return r",
          R"({"x": 1,"p":{"a": 1,"c":{"d": 2,"e":"e" },"l":[ {"v":1},{"v":2 }, 3 ]},"y": 2})"),
      R"({"x": 1,"p":{"a": 1,"c":{"d": 2,"e":"E"},"l":[ {"v":1},{"v":0}, 3 ]},"y": 2})");
}

TEST_F(ViewTest, EscapedNamesAreFoundAndKept) {
  EXPECT_EQ(
      transform("r.abc = r.abc + 1; r['\\\"'] = 2 return r", R"({"\u0061bc":1,"\"":1,"z":0})"),
      R"({"\u0061bc":2,"\"":2,"z":0})");
}

TEST_F(ViewTest, AnAliasIsTheSameValueInTwoPlaces) {
  EXPECT_EQ(
      transform("r.b = r.a; r.b.x = 2; r.a.y = 3; assert(r.a == r.b) return r", R"({"a":{"x":1}})"),
      R"({"a":{"x":2,"y":3},"b":{"x":2,"y":3}})");
  EXPECT_EQ(transform("r.b = r.a; r.a = nil; return r", R"({"a":{"x":[1, 2]},"c":0})"),
            R"({"c":0,"b":{"x":[1, 2]}})");
  EXPECT_EQ(transform("r.a, r.b = r.b, r.a return r", R"({"a":[1],"b":[2]})"),
            R"({"a":[2],"b":[1]})");
}

TEST_F(ViewTest, AnAssignedTableIsSeenAsItIsAtTheEnd) {
  EXPECT_EQ(transform("local t = {1}; r.t = t; t[2] = 'x'; r.t[3] = r.o; r.o.v = 9 return r",
                      R"({"o":{"v":1}})"),
            R"({"o":{"v":9},"t":[1,"x",{"v":9}]})");
}

TEST_F(ViewTest, TablesBecomeListsOrObjects) {
  EXPECT_EQ(
      transform(R"(
    r.list = {3, 2}; r.object = {b = 1, a = {}, ["1"] = true}; r.empty = {}
    r.none = sluice.array {}; r.nulls = {sluice.null, 1}; return r)",
                "{}"),
      R"({"list":[3,2],"object":{"1":true,"a":{},"b":1},"empty":{},"none":[],"nulls":[null,1]})");
}

TEST_F(ViewTest, ListsGrowAndShrinkAtTheEnd) {
  EXPECT_EQ(transform("r.l[#r.l + 1] = 4; r.l[1] = 'one' return r", R"({"l":[1, 2,3]})"),
            R"({"l":["one",2,3,4]})");
  EXPECT_EQ(transform("r.l[#r.l] = nil; r.l[#r.l] = nil return r", R"({"l":[1,2]})"),
            R"({"l":[]})");
  EXPECT_EQ(transform("table.insert(r.l, 1, 0); table.remove(r.l) return r", R"({"l":[1,{},2]})"),
            R"({"l":[0,1,{}]})");
  EXPECT_EQ(transform("table.remove(r.l, 1) return r", R"({"l":[[1],[2, 2],[3]]})"),
            R"({"l":[[2, 2],[3]]})");
  EXPECT_EQ(transform("table.sort(r.l) return {s = table.concat(r.l, '-')}", R"({"l":[3,1,2]})"),
            R"({"s":"1-2-3"})");
  EXPECT_THAT(transform("r.l[1] = nil return r", R"({"l":[1,2]})"),
              HasSubstr("cannot set /l/0: nil would leave a hole"));
  EXPECT_THAT(transform("r.l[9] = 1 return r", R"({"l":[1,2]})"), HasSubstr("the next is 3"));
  EXPECT_THAT(transform("r.l.x = 1 return r", R"({"l":[1,2]})"), HasSubstr("named by a number"));
  EXPECT_THAT(transform("r[1] = 1 return r", "{}"), HasSubstr("must be a string"));
}

TEST_F(ViewTest, IteratesInTheOrderOfTheText) {
  EXPECT_EQ(transform(R"(
    local seen = {}
    for k, v in pairs(r) do seen[#seen + 1] = k .. "=" .. tostring(v) end
    for i, v in ipairs(r.l) do seen[#seen + 1] = i .. ":" .. v end
    for i, v in pairs(r.l) do seen[#seen + 1] = i .. ";" .. v end
    return seen)",
                      R"({"b":1,"a":null,"l":[7,8]})"),
            R"(["b=1","a=null","l=list at \"/l\"","1:7","2:8","1;7","2;8"])");
}

TEST_F(ViewTest, MembersMayBeChangedWhileIterating) {
  EXPECT_EQ(
      transform(
          "for k, v in pairs(r) do if v == 0 then r[k] = nil else r[k] = v * 2 end end return r",
          R"({"a":1,"b":0,"c":3,"d":0})"),
      R"({"a":2,"c":6})");
  EXPECT_EQ(transform("r.z = 1; local n = 0; for k in pairs(r) do n = n + 1 end; return {n = n}",
                      R"({"a":1,"b":0})"),
            R"({"n":3})");
  EXPECT_EQ(transform("return {k = next(r), e = next(r.e) == nil}", R"({"a":1,"e":{}})"),
            R"({"e":true,"k":"a"})");
}

TEST_F(ViewTest, LongListsAreReadInAnyOrder) {
  std::string list = "[0";
  for (int i = 1; i < 20'000; ++i) list += "," + std::to_string(i);
  EXPECT_EQ(transform("local s = 0; for i = #r.l, 1, -1 do s = s + r.l[i] end return {s = s}",
                      "{\"l\":" + list + "]}"),
            R"({"s":199990000})");
}

TEST_F(ViewTest, NestedLoopsKeepTheirPlaces) {
  EXPECT_EQ(transform(R"(
    local n = 0
    for _, row in ipairs(r.rows) do for _, cell in ipairs(row) do n = n * 10 + cell end end
    return {n = n})",
                      R"({"rows":[[1,2],[],[3],[4,5]]})"),
            R"({"n":12345})");
}

TEST_F(ViewTest, APartOfAnEarlierRecordIsRefused) {
  load("local kept\nfunction transform(r)\n  kept = kept or r.o\n  return {v = kept.v}\nend");
  EXPECT_EQ(run(R"({"o":{"v":1}})"), R"({"v":1})");
  EXPECT_THAT(run(R"({"o":{"v":2}})"), HasSubstr("TRANSFORM_ERROR: t.lua:4: a part of an earlier"));
  load("local kept\nfunction transform(r)\n  kept = kept or r.o\n  r.x = kept\n  return r\nend");
  EXPECT_EQ(run(R"({"o":{}})"), R"({"o":{},"x":{}})");
  EXPECT_THAT(run(R"({"o":{}})"), HasSubstr("t.lua:4: a part of an earlier"));
  load("local t = {}\nfunction transform(r) t[1] = t[1] or r.o return {t} end");
  EXPECT_EQ(run(R"({"o":{}})"), "[[{}]]");
  EXPECT_THAT(run(R"({"o":{}})"), HasSubstr("at /0/0: a part of an earlier"));
}

TEST_F(ViewTest, NullIsNotAContainer) {
  EXPECT_THAT(transform("return r.a.b", R"({"a":null})"),
              HasSubstr("t.lua:2: cannot read member 'b' of null"));
  EXPECT_THAT(transform("r.a.b = 1", R"({"a":null})"), HasSubstr("cannot set member 'b' of null"));
  EXPECT_EQ(transform("return r.a ~= sluice.null and r or nil", R"({"a":null})"), "filtered");
}

TEST_F(ViewTest, LineBreaksInsideARecordAreLeftOut) {
  const std::string pretty = "{\n  \"a\": 1,\r\n  \"b\": [\n 1, \"x\\n y\"\n]\n}";
  EXPECT_EQ(transform("return r", pretty), R"({"a":1,"b":[1,"x\n y"]})");
  EXPECT_EQ(transform("r.c = r.b; r.a = nil return r", pretty),
            R"({"b":[1,"x\n y"],"c":[1,"x\n y"]})");
}

TEST_F(ViewTest, ARecordThatIsAScalarIsALuaValue) {
  EXPECT_EQ(transform("return {v = r}", "\"text\""), R"({"v":"text"})");
  EXPECT_EQ(transform("return {v = r}", "12"), R"({"v":12})");
  EXPECT_EQ(transform("return {v = r}", "null"), R"({"v":null})");
  EXPECT_EQ(transform("r[2] = true return r", "[1]"), "[1,true]");
}

TEST_F(ViewTest, TheDocumentIsAsBeforeAfterARun) {
  load("function transform(r) r.a.b = 2; r.c = 1 return r end");
  EXPECT_EQ(run(R"({"a":{"b":1}})"), R"({"a":{"b":2},"c":1})");
  EXPECT_EQ(document.json(document.find(0, "a")), R"({"b":1})");
  EXPECT_EQ(document.json(0), R"({"a":{"b":1}})");
}

TEST_F(ViewTest, CopiesAreIndependent) {
  EXPECT_EQ(transform(R"(
    local c = sluice.totable(r)
    c.a.x = 9; c.l[1] = 0; c.e[1] = nil
    local d = sluice.deepcopy(c); d.a.x = 10
    r.c = c; r.d = d.a.x
    return r)",
                      R"({"a":{"x":1},"l":[1],"e":[]})"),
            R"({"a":{"x":1},"l":[1],"e":[],"c":{"a":{"x":9},"e":[],"l":[0]},"d":10})");
}

TEST_F(ViewTest, MetaIsAReadOnlyView) {
  const RecordMeta::Header headers[] = {{"h", "1"}, {"g", "2"}, {"h", "3"}};
  meta.tenant = "acme";
  meta.source = "s3";
  meta.lane = "orders/3";
  meta.position = 42;
  meta.time_us = 1'517'966'773'840'000;
  meta.schema_version = "2";
  meta.headers = headers;
  meta.header_count = 3;
  EXPECT_EQ(transform(R"(
    local h = {}
    for k, v in pairs(meta.headers) do h[#h + 1] = k .. v end
    local n = 0
    for k, v in pairs(meta) do n = n + 1 end
    return {t = meta.tenant, s = meta.source, l = meta.lane, p = meta.position, k = meta.key,
            at = sluice.time.iso(meta.time), v = meta.schema_version, h = h, g = meta.headers.g,
            none = meta.headers.x == nil and meta.x == nil, n = n})",
                      "{}"),
            R"({"at":"2018-02-07T01:26:13.840Z","g":"2","h":["h1","g2"],"l":"orders/3","n":8,)"
            R"("none":true,"p":42,"s":"s3","t":"acme","v":"2"})");
  EXPECT_THAT(transform("meta.tenant = 'x'", "{}"), HasSubstr("meta is read-only"));
  EXPECT_THAT(transform("r.m = meta return r", "{}"), HasSubstr("cannot set /m: meta"));
}

}  // namespace
}  // namespace sluice
