// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "runtime/script/lookup_table.h"
#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class LibLookupTest : public ScriptTest {
 protected:
  void SetUp() override {
    root_ =
        fs::path(::testing::TempDir()) /
        ("lookup_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "lookup");
  }
  void TearDown() override { fs::remove_all(root_); }

  void put(const std::string& name, const std::string& text) const {
    std::ofstream(root_ / "lookup" / name, std::ios::binary) << text;
  }
  Result<std::shared_ptr<const Script>> make(const std::string& text) const {
    return Script::from_text("t.lua", text, root_, limits);
  }
  // What `expression` gives with `t` as the table "t".
  std::string value(const std::string& expression) {
    auto script =
        make("local t = sluice.lookup('t')\nfunction transform(r) return {" + expression + "} end");
    if (!script) return script.status().message();
    runner = std::move(*ScriptRunner::create(*script));
    return run(R"({"id":2,"none":null})");
  }
  std::string csv(const std::string& text, const std::string& expression = "#t") {
    put("t.csv", text);
    return value(expression);
  }
  std::string json(const std::string& text, const std::string& expression = "#t") {
    put("t.json", text);
    return value(expression);
  }

  fs::path root_;
};

constexpr char kCountries[] = "code,name,vat\nAT,Austria,20\nDE,Germany,19\n2,Two,\n";

TEST_F(LibLookupTest, RowsOfCsvAreFoundByTheFirstColumn) {
  EXPECT_EQ(csv(kCountries, "t:get('AT'), t.DE.name, #t, t.XX == nil and 1, t:get('DE', 'vat')"),
            R"([{"code":"AT","name":"Austria","vat":"20"},"Germany",3,1,"19"])");
  EXPECT_EQ(value("t:get(r.id, 'name'), t[2.0].name, t[r.id].vat"), R"(["Two","Two",""])");
  EXPECT_EQ(value("tostring(t:get(r.missing)), tostring(t:get(r.none)), tostring(t[r.none])"),
            R"(["nil","nil","nil"])");
}

TEST_F(LibLookupTest, RowsAreFreshEachTime) {
  EXPECT_EQ(csv(kCountries, "(function() local a = t.AT a.name = 'x' return t.AT.name end)()"),
            R"(["Austria"])");
}

TEST_F(LibLookupTest, CsvIsThatOfRfc4180) {
  EXPECT_EQ(csv("\xEF\xBB\xBFk,\"a b\"\r\n\"x,1\",\"say \"\"hi\"\"\"\r\ny,\"two\nlines\"\r\n\r\nz,",
                "t['x,1']['a b'], t.y['a b'], t.z['a b'], #t"),
            R"(["say \"hi\"","two\nlines","",3])");
  EXPECT_EQ(csv("k\na\nb", "#t, t.a.k"), R"([2,"a"])");
  EXPECT_EQ(csv("k,v", "#t"), "[0]");
  EXPECT_EQ(csv("k,v\r\na,\"\"\r", "t.a.v"), R"([""])");
}

TEST_F(LibLookupTest, BrokenCsvIsRefusedWithItsLine) {
  EXPECT_THAT(csv(""), HasSubstr("lookup/t.csv:1: expected a line with the names"));
  EXPECT_THAT(csv("k,\n"), HasSubstr("lookup/t.csv:1: column 2 has no name"));
  EXPECT_THAT(csv("k,v,v\n"), HasSubstr("two columns have the name \"v\""));
  EXPECT_THAT(csv("k,v\na,1\nb\n"), HasSubstr("lookup/t.csv:3: expected 2 fields as in the first "
                                              "line, found 1"));
  EXPECT_THAT(csv("k,v\na,1,2\n"), HasSubstr("t.csv:2: expected 2 fields"));
  EXPECT_THAT(csv("k,v\na,x\"y\n"), HasSubstr("t.csv:2: a quote inside a field"));
  EXPECT_THAT(csv("k,v\na,\"x\ny\nz\n"), HasSubstr("t.csv:2: the quote that begins here"));
  EXPECT_THAT(csv("k,v\na,\"x\"y\n"), HasSubstr("t.csv:2: text behind the closing quote"));
  EXPECT_THAT(csv("k,v\n\"a\n\",1\nb,\xff\n"), HasSubstr("t.csv:4: a byte that is not UTF-8"));
  EXPECT_THAT(csv("k,v\na,1\nb,2\na,3\n"),
              HasSubstr("t.lua:1: lookup/t.csv:4: the key \"a\" is in line 2 already"));
}

TEST_F(LibLookupTest, BombsOfCsvAreRefused) {
  std::string header = "c0";
  for (int i = 1; i < 1001; ++i) header += ",c" + std::to_string(i);
  EXPECT_THAT(csv(header), HasSubstr("more than 1000 columns"));
  std::string row = "\n";
  row.append(999, ',');
  std::string rows = header.substr(0, header.rfind(','));
  for (int i = 0; i < 8001; ++i) rows += row.substr(0, 1) + std::to_string(i) + row.substr(1);
  EXPECT_THAT(csv(rows), HasSubstr("more than 8000000 cells"));
}

TEST_F(LibLookupTest, FilesPastTheLimitAreRefused) {
  put("t.csv", "k\n");
  fs::resize_file(root_ / "lookup" / "t.csv", script::LookupTable::kLargestCsv + 1);
  EXPECT_THAT(value("#t"), HasSubstr("t.csv"));
  EXPECT_THAT(value("#t"), HasSubstr("t.lua:1: "));
}

TEST_F(LibLookupTest, JsonObjectsMapKeysToValues) {
  EXPECT_EQ(
      json(R"({"a":{"x":[1,{"y":null}]},"b":"text","c\n":9007199254740993,"get":1})",
           "t.a, t.b, t['c\\n'], #t, t:get('get'), t:get('a', 'x'), tostring(t:get('b', 'x'))"),
      R"([{"x":[1,{"y":null}]},"text",9007199254740993,4,1,[1,{"y":null}],"nil"])");
}

TEST_F(LibLookupTest, JsonListsHaveTheirKeyInTheFirstMember) {
  EXPECT_EQ(json(R"([{"id":7,"v":1},{"v":2,"id":"x"}])", "t[7].v, t.x.v, #t"), "[1,2,2]");
  EXPECT_EQ(json("[]"), "[0]");
  EXPECT_THAT(json("[{\"id\":7},\n{\"v\":2}]"),
              HasSubstr("lookup/t.json:2: element 2: it lacks the key \"id\""));
  EXPECT_THAT(json("[{\"id\":7},\n{\"id\":2.5}]"), HasSubstr("must be text or a whole number"));
  EXPECT_THAT(json("[{\"id\":7},\n\n{\"id\":\"7\"}]"),
              HasSubstr("lookup/t.json:3: the key \"7\" is in line 1 already"));
  EXPECT_THAT(json("[1]"), HasSubstr("element 1: expected an object"));
  EXPECT_THAT(json("3"), HasSubstr("expected an object of key and value, or a list"));
  EXPECT_THAT(json("{\"a\":1,\n\"a\":2}"), HasSubstr("lookup/t.json:2: "));
  EXPECT_THAT(json(std::string(100000, '[')), HasSubstr("lookup/t.json:1: "));
}

TEST_F(LibLookupTest, PairsVisitsRowsInTheOrderOfTheFile) {
  EXPECT_EQ(csv(kCountries,
                "(function() local s = '' for k, row in pairs(t) do s = s .. k .. row.vat end "
                "return s end)()"),
            R"(["AT20DE192"])");
}

TEST_F(LibLookupTest, TablesAreReadOnlyAndMisuseSaysSo) {
  EXPECT_THAT(csv(kCountries, "(function() t.AT = 1 end)()"), HasSubstr("is read-only"));
  EXPECT_THAT(value("t:get('AT', 'nam')"),
              HasSubstr("no column \"nam\"; there is code, name, vat"));
  EXPECT_THAT(value("t.get('AT')"), HasSubstr("call it with a colon"));
  EXPECT_THAT(value("t:get({})"), HasSubstr("a key must be a string or a number, found a table"));
  EXPECT_THAT(value("t:get(r)"), HasSubstr("a key must be a string or a number"));
  EXPECT_THAT(value("t"), HasSubstr("a userdata cannot be part of a record"));
  EXPECT_EQ(value("getmetatable(t)"), R"(["sealed"])");
  EXPECT_THAT(value("setmetatable(t, nil)"), HasSubstr("TRANSFORM_ERROR"));
}

TEST_F(LibLookupTest, ATableIsAskedForWhileLoading) {
  put("t.csv", kCountries);
  EXPECT_THAT(value("sluice.lookup('t').AT.name"), HasSubstr("Austria"));
  EXPECT_THAT(value("sluice.lookup('u').AT.name"),
              HasSubstr("put local t = sluice.lookup(\"u\") at its top"));
}

TEST_F(LibLookupTest, MissingAndStrangeNamesAreErrorsOfLoading) {
  const auto error = [&](const std::string& name) {
    return make("sluice.lookup(" + name + ") function transform(r) return r end")
        .status()
        .message();
  };
  EXPECT_THAT(error("'none'"), HasSubstr("t.lua:1: sluice.lookup(\"none\"): neither "
                                         "lookup/none.csv nor lookup/none.json"));
  for (const char* name : {"'../t'", "'a/b'", "''", "'t.csv'", "('x'):rep(65)", "'a\\0b'"}) {
    EXPECT_THAT(error(name), HasSubstr("a table has a name of letters")) << name;
  }
  EXPECT_THAT(error("nil"), HasSubstr("expected a string"));
  put("both.csv", "k\n");
  put("both.json", "{}");
  EXPECT_THAT(error("'both'"), HasSubstr("there is both"));
  fs::create_symlink("/etc/hostname", root_ / "lookup" / "out.csv");
  EXPECT_THAT(error("'out'"), HasSubstr("is a link out of"));
  auto script = Script::from_text("t.lua", "sluice.lookup('t')", {}, limits);
  EXPECT_THAT(script.status().message(), HasSubstr("no folder for tables"));
}

TEST_F(LibLookupTest, TheContentIsPartOfTheHash) {
  const std::string text = "local t = sluice.lookup('t') function transform(r) return r end";
  put("t.csv", kCountries);
  const std::string first = (*make(text))->hash();
  EXPECT_EQ((*make(text))->hash(), first);
  put("t.csv", std::string(kCountries) + "FR,France,20\n");
  EXPECT_NE((*make(text))->hash(), first);
}

TEST_F(LibLookupTest, AFreshStateHasItsTablesToo) {
  put("t.csv", kCountries);
  limits.instructions = 100'000;
  auto script = make(R"(local t = sluice.lookup('t')
    function transform(r) if r.loop then while true do end end return {t.AT.name} end)");
  ASSERT_TRUE(script) << script.status().message();
  fs::remove_all(root_);
  runner = std::move(*ScriptRunner::create(*script));
  EXPECT_THAT(run(R"({"loop":true})"), HasSubstr("instructions"));
  EXPECT_EQ(run("{}"), R"(["Austria"])");
}

}  // namespace
}  // namespace sluice
