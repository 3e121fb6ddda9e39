// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class LoadTest : public ScriptTest {
 protected:
  LoadTest()
      : folder_(fs::path(::testing::TempDir()) /
                (std::string("sluice_load_") +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "root" / "lib");
  }
  ~LoadTest() override { fs::remove_all(folder_); }
  LoadTest(const LoadTest&) = delete;
  LoadTest& operator=(const LoadTest&) = delete;

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  Result<std::shared_ptr<const Script>> load_file(const std::string& text) const {
    write("root/main.lua", text);
    return Script::load(folder_ / "root" / "main.lua", limits);
  }
  std::string file_error(const std::string& text) const {
    auto script = load_file(text);
    return script ? "loaded" : script.status().message();
  }

  fs::path folder_;
};

TEST_F(LoadTest, ErrorsNameFileAndLine) {
  EXPECT_THAT(load_error("function transform(r)\n  return r r\nend"), HasSubstr("t.lua:2: "));
  EXPECT_THAT(load_error("\n\nerror('stop')"), HasSubstr("t.lua:3: stop"));
  EXPECT_THAT(load_error("x = 1"),
              HasSubstr("t.lua: expected a global function transform(r, meta), found none"));
  EXPECT_THAT(load_error("transform = 5"), HasSubstr("found number"));
  EXPECT_THAT(load_error("function init()\n  error('no') end function transform() end"),
              HasSubstr("t.lua:2: no"));
  limits.cpu_us = 5'000;
  EXPECT_THAT(load_error("while true do end"),
              HasSubstr("t.lua:1: the script used more than its cap"));
  limits.memory_bytes = 1000;
  EXPECT_THAT(load_error(""), HasSubstr("memory_bytes"));
}

TEST_F(LoadTest, MissingFilesAreNamed) {
  auto script = Script::load(folder_ / "none.lua", limits);
  ASSERT_FALSE(script);
  EXPECT_THAT(script.status().message(), HasSubstr("none.lua"));
}

TEST_F(LoadTest, InitRunsOncePerStateBeforeGlobalsAreSealed) {
  load("function init() TABLE = {n = 1} end function transform(r) r.n = TABLE.n return r end");
  EXPECT_EQ(run("{}"), R"({"n":1})");
}

TEST_F(LoadTest, LibrariesComeFromTheLibFolder) {
  write("root/lib/money.lua", "local M = {} function M.cents(x) return x * 100 end return M");
  write("root/lib/outer.lua", "local money = require 'lib.money'; return {f = money.cents}");
  auto script = load_file(
      "local money, outer = require 'lib.money', require('lib.outer')\n"
      "function transform(r) local ok = pcall(function() money.x = 1 end)\n"
      "return {c = money.cents(r.x), o = outer.f(1), same = require 'lib.money' == money, ok = ok} "
      "end");
  ASSERT_TRUE(script) << script.status().message();
  fs::remove_all(folder_ / "root");  // what was loaded is what runs
  auto made = ScriptRunner::create(*script);
  ASSERT_TRUE(made) << made.status().message();
  runner = std::move(*made);
  EXPECT_EQ(run(R"({"x":2})"), R"({"c":200,"o":100,"ok":false,"same":true})");
}

TEST_F(LoadTest, NothingElseCanBeRequired) {
  write("secret.lua", "return {}");
  write("root/other.lua", "return {}");
  fs::create_symlink(folder_ / "secret.lua", folder_ / "root" / "lib" / "link.lua");
  write("root/lib/inner_target.lua", "return {}");
  fs::create_symlink("inner_target.lua", folder_ / "root" / "lib" / "inner.lua");
  const char* tail = "\nfunction transform() end";
  for (const char* name : {"lib/../other", "lib.../other", "other", "lib.", "../secret", "lib.a/b",
                           "lib.a.b", "/etc/passwd", "io", "string", ""}) {
    EXPECT_THAT(file_error(std::string("require '") + name + "'" + tail),
                HasSubstr("main.lua:1: require: expected a name like \"lib.money\""))
        << name;
  }
  EXPECT_THAT(file_error(std::string("require 'lib.link'") + tail), HasSubstr("is a link out of"));
  EXPECT_THAT(file_error(std::string("require 'lib.none'") + tail),
              HasSubstr("none.lua: No such file"));
  EXPECT_EQ(file_error(std::string("require 'lib.inner'") + tail), "loaded");
  write("root/lib/self.lua", "return require 'lib.self'");
  EXPECT_THAT(file_error(std::string("require 'lib.self'") + tail), HasSubstr("requires itself"));
  write("root/lib/bad.lua", "return = 1");
  EXPECT_THAT(file_error(std::string("require 'lib.bad'") + tail), HasSubstr("lib.bad:1:"));
}

TEST_F(LoadTest, LibrariesAreNotReadWhileRecordsAreProcessed) {
  write("root/lib/late.lua", "return {}");
  auto script = load_file("function transform(r) return require 'lib.late' end");
  ASSERT_TRUE(script);
  runner = std::move(*ScriptRunner::create(*script));
  EXPECT_THAT(run("{}"), HasSubstr("require libraries at the top of the script"));
}

TEST_F(LoadTest, TheHashCoversScriptAndLibraries) {
  const std::string text = "local l = require 'lib.l' function transform() end";
  write("root/lib/l.lua", "return 1");
  const std::string first = (*load_file(text))->hash();
  EXPECT_EQ(first.size(), 64U);
  EXPECT_EQ((*load_file(text))->hash(), first);
  EXPECT_NE((*load_file(text + " "))->hash(), first);
  write("root/lib/l.lua", "return 2");
  EXPECT_NE((*load_file(text))->hash(), first);
}

}  // namespace
}  // namespace sluice
