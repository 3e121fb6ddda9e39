// SPDX-License-Identifier: Apache-2.0
// Every example of docs/transformer-library.md is run, and the annotations for editors name exactly
// what a script has.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <lua.hpp>
#include <set>
#include <sstream>

#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

std::string read_whole(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << file;
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path docs_file() { return fs::path(SLUICE_SOURCE_DIR) / "docs/transformer-library.md"; }
fs::path annotations_file() {
  return fs::path(SLUICE_SOURCE_DIR) / "transformers/.sluice/sluice.lua";
}

struct Block {
  std::string language;
  std::string before;  // the line above it
  size_t line = 0;     // of its first line
  std::vector<std::string> lines;

  [[nodiscard]] std::string text() const {
    std::string all;
    for (const std::string& one : lines) all += one + "\n";
    return all;
  }
};

std::vector<Block> read_blocks(const std::string& markdown) {
  std::vector<Block> blocks;
  std::istringstream in(markdown);
  std::string before;
  size_t number = 0;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("```")) {
      if (!inside) blocks.push_back({line.substr(3), before, number + 1, {}});
      inside = !inside;
    } else if (inside) {
      blocks.back().lines.push_back(line);
    }
    before = line;
  }
  EXPECT_FALSE(inside) << "a block that is never closed";
  return blocks;
}

// In front of a block of checks: each compares what an expression gives with the text behind -->.
constexpr char kPrelude[] = R"(
local function shown(values)
  local texts = {}
  for i = 2, values.n do
    texts[i - 1] = values[i] == nil and "nil" or sluice.json.encode(values[i])
  end
  return table.concat(texts, ", ")
end
local function check(problems, line, wanted, ...)
  local values = table.pack(...)
  local ok
  if wanted:sub(1, 7) == "error: " then
    ok = not values[1] and string.find(values[2], wanted:sub(8), 1, true) ~= nil
  else
    ok = values[1] and shown(values) == wanted
  end
  if not ok then
    problems[#problems + 1] = "line " .. line .. ": expected " .. wanted .. ", found " ..
      (values[1] and shown(values) or "error: " .. tostring(values[2]))
  end
end
)";

class LibraryDocsTest : public ScriptTest {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ("library_docs." + std::to_string(::getpid()));  // tests run beside each other
    fs::remove_all(root_);
    blocks_ = read_blocks(read_whole(docs_file()));
    meta.tenant = "acme";
    meta.pipeline = "orders";
    meta.source = "kafka";
    meta.lane = "orders/0";
    meta.key = "o-17";
    meta.has_key = true;
    meta.time_us = 1'769'435'356'500'000;
    meta.schema_version = "3";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string record() const {
    for (const Block& block : blocks_) {
      if (block.language == "json") return block.lines.front();
    }
    return "";
  }
  std::string run_script(const std::string& text, const std::string& json) {
    auto script = Script::from_text("example.lua", text, root_, limits);
    if (!script) return script.status().message();
    runner = std::move(*ScriptRunner::create(*script));
    return run(json);
  }
  // A block of statements and checks.
  void check_statements(const Block& block) {
    std::string body;
    size_t line = block.line - 1;
    for (const std::string& one : block.lines) {
      ++line;
      const size_t arrow = one.find(" --> ");
      if (arrow == std::string::npos) {
        body += one + "\n";
        continue;
      }
      ++checks_;
      body += "check(problems, " + std::to_string(line) + ", [==[" + one.substr(arrow + 5) +
              "]==], pcall(function() return " + one.substr(0, arrow) + " end))\n";
    }
    const std::string text = std::string(kPrelude) +
                             "function transform(r, meta)\nlocal problems = sluice.array()\n" +
                             body + "return problems\nend\n";
    EXPECT_EQ(run_script(text, record()), "[]") << docs_file() << ":" << block.line;
  }
  // A whole script, with its record and results in comments.
  void check_script(const Block& block) {
    std::string json;
    std::string wanted;
    for (const std::string& one : block.lines) {
      if (one.starts_with("-- record: ")) json = one.substr(11);
      if (one.starts_with("-- result: ")) wanted += (wanted.empty() ? "" : "|") + one.substr(11);
    }
    ++checks_;
    EXPECT_EQ(run_script(block.text(), json), wanted) << docs_file() << ":" << block.line;
  }
  // Files that the text shows: `lookup/x.csv`: above the block.
  void write_file(const Block& block) const {
    const std::string& above = block.before;
    if (!above.starts_with("`lookup/") || !above.ends_with("`:")) return;
    const fs::path file = root_ / above.substr(1, above.size() - 3);
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << block.text();
  }
  // The names in the table sluice of a real state, as "sluice.json.encode", and how lookups and
  // meta are used.
  std::set<std::string> real_names() {
    fs::create_directories(root_ / "lookup");
    std::ofstream(root_ / "lookup/t.csv") << "k\n";
    const RecordMeta::Header header{"h", "v"};
    meta.headers = &header;
    meta.header_count = 1;
    run_script(R"(
      local names = {}
      local function visit(prefix, t)
        for name, value in pairs(t) do
          names[#names + 1] = prefix .. name
          if type(value) == "table" then visit(prefix .. name .. ".", value) end
        end
      end
      visit("sluice.", sluice)
      assert(type(sluice.lookup("t").get) == "function")
      function transform(r, meta)
        local all = {table.unpack(names)}
        for name in pairs(meta) do all[#all + 1] = "meta." .. name end
        return all
      end)",
               "{}");
    EXPECT_EQ(parts.size(), 1U);
    std::set<std::string> names;
    std::string list(parts.empty() ? std::string_view() : parts[0].value);
    for (size_t at = list.find('"'); at != std::string::npos; at = list.find('"', at)) {
      const size_t end = list.find('"', at + 1);
      names.insert(list.substr(at + 1, end - at - 1));
      at = end + 1;
    }
    meta.headers = nullptr;
    meta.header_count = 0;
    return names;
  }

  std::vector<Block> blocks_;
  fs::path root_;
  size_t checks_ = 0;
};

TEST_F(LibraryDocsTest, EveryExampleGivesWhatItSays) {
  ASSERT_FALSE(record().empty());
  for (const Block& block : blocks_) {
    if (block.language == "lua") {
      const bool whole = block.text().find("function transform(") != std::string::npos;
      whole ? check_script(block) : check_statements(block);
    } else {
      write_file(block);
    }
  }
  EXPECT_GE(checks_, 60U);
}

TEST_F(LibraryDocsTest, EveryFunctionIsInTheTextAndInAnExample) {
  const std::string text = read_whole(docs_file());
  std::string examples;
  for (const Block& block : blocks_) {
    if (block.language == "lua") examples += block.text();
  }
  for (const std::string& name : real_names()) {
    if (name.starts_with("meta.")) continue;
    EXPECT_NE(examples.find(name), std::string::npos) << name << " is in no example";
  }
  // And no example is about what does not exist: that would be an error when it ran.
  EXPECT_NE(text.find("`sluice.null`"), std::string::npos);
}

TEST_F(LibraryDocsTest, AnnotationsNameExactlyWhatAScriptHas) {
  std::set<std::string> annotated;
  std::istringstream in(read_whole(annotations_file()));
  std::string in_class;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("---@class "))
      in_class = line.substr(10, line.find_first_of(" :", 10) - 10);
    if (line.starts_with("---@field ") && in_class == "sluice.Meta") {
      annotated.insert("meta." + line.substr(10, line.find_first_of(" ?", 10) - 10));
    } else if (line.starts_with("function sluice.")) {
      annotated.insert(line.substr(9, line.find('(') - 9));
    } else if (line.starts_with("sluice.")) {
      annotated.insert(line.substr(0, line.find(' ')));
    }
  }
  EXPECT_EQ(annotated, real_names());
}

TEST_F(LibraryDocsTest, AnnotationsAreLua) {
  lua_State* const L = luaL_newstate();
  EXPECT_EQ(luaL_dofile(L, annotations_file().c_str()), LUA_OK) << lua_tostring(L, -1);
  lua_close(L);
}

}  // namespace
}  // namespace sluice
