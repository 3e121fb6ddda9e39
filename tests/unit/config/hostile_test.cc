// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include "tests/unit/config/fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;

class Hostile : public ConfigTest {};

TEST_F(Hostile, TabsInIndentationAreNamed) {
  const std::string text = error("pipelines:\n\tp:\n\t\ttenant: x\n");
  EXPECT_EQ(text, "sluice.yaml:2:1: a tab in the indentation; YAML indents with spaces only");
}

TEST_F(Hostile, DuplicateKeysNameBothLines) {
  EXPECT_EQ(error(pipeline("    tenant: a\n    tenant: b\n")),
            "sluice.yaml:6:5: the key \"tenant\" stands twice; the first is in line 5; remove one");
}

TEST_F(Hostile, DuplicateKeysInsidePluginOptionsAreFound) {
  EXPECT_THAT(error(sink("config: { a: 1, \"a\": 2 }")), HasSubstr("the key \"a\" stands twice"));
}

TEST_F(Hostile, AliasBombIsRefused) {
  std::ostringstream bomb;
  bomb << "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb << 'a' << i << ": &a" << i << " [";
    for (int j = 0; j < 9; ++j) bomb << "*a" << i - 1 << ',';
    bomb << "]\n";
  }
  EXPECT_THAT(error(bomb.str()), HasSubstr("more than 100000 values"));
}

TEST_F(Hostile, AliasBombOfTextIsRefused) {
  std::string bomb = "a: &a ";
  bomb += std::string(1'000'000, 'x') + "\nb: [";
  for (int i = 0; i < 100; ++i) bomb += "*a,";
  EXPECT_THAT(error(bomb + "]\n"), HasSubstr("16MiB of text, aliases expanded"));
}

TEST_F(Hostile, AliasInsideItselfIsRefused) {
  EXPECT_THAT(error("a: &a [*a]\n"), HasSubstr("refers to the value it stands in"));
}

TEST_F(Hostile, ChainOfAliasesCountsAsDepth) {
  std::ostringstream chain;
  chain << "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i) chain << 'a' << i << ": &a" << i << " [*a" << i - 1 << "]\n";
  EXPECT_THAT(error(chain.str()), HasSubstr("nested deeper than 64 levels"));
}

TEST_F(Hostile, UnknownAliasIsAnError) {
  EXPECT_THAT(error("a: *nope\n"), HasSubstr("not valid YAML"));
}

TEST_F(Hostile, MillionNestedBracketsAreRefused) {
  EXPECT_EQ(error(std::string(1'000'000, '[')),
            "sluice.yaml:1:1001: more than 1000 brackets are open here; close them or flatten the "
            "file");
  EXPECT_THAT(error(std::string(1'000'000, '{')), HasSubstr("more than 1000 brackets"));
  EXPECT_THAT(error("a: " + std::string(900, '[') + std::string(900, ']')),
              HasSubstr("nested deeper than 64 levels"));
}

TEST_F(Hostile, DeepBlocksAreRefused) {
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  EXPECT_THAT(error(dashes + "x\n"), HasSubstr("nested deeper than 64 levels"));
  std::string questions;
  for (int i = 0; i < 100'000; ++i) questions += "? ";
  EXPECT_NE(error(questions + "x\n"), "");
  std::string ladder;
  for (size_t i = 0; i < 200; ++i) ladder += std::string(i, ' ') + "a:\n";
  EXPECT_THAT(error(ladder), HasSubstr("nested deeper than 64 levels"));
}

TEST_F(Hostile, MergeKeysAreRefused) {
  EXPECT_THAT(error("x: &x { a: 1 }\ny: { <<: *x }\n"),
              HasSubstr("sluice.yaml:2:6: merge keys (<<) are not supported; write the keys out"));
}

TEST_F(Hostile, TagsAreRefusedExceptText) {
  EXPECT_THAT(error("a: !!python/object x\n"), HasSubstr("is not supported; remove it"));
  EXPECT_THAT(error("a: !local [1]\n"), HasSubstr("the tag \"!local\" is not supported"));
  const auto config = load(sink("config: { v: !!str 5 }"));
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_EQ(config->pipelines[0].sinks[0].config_json, R"({"v":"5"})");
}

TEST_F(Hostile, KeysMustBeText) {
  EXPECT_THAT(error("[1, 2]: x\n"), HasSubstr("a key must be plain text"));
  EXPECT_THAT(error("? { a: 1 }\n: x\n"), HasSubstr("a key must be plain text"));
  EXPECT_THAT(error(": x\n"), HasSubstr("a key must be plain text"));
  const auto config = load(sink("config: { null: reject }"));
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_EQ(config->pipelines[0].sinks[0].config_json, R"({"null":"reject"})");
}

TEST_F(Hostile, SecondDocumentIsRefused) {
  EXPECT_THAT(error(pipeline("") + "---\nb: 1\n"),
              HasSubstr("a second document begins here; keep one in a file"));
}

TEST_F(Hostile, BinaryIsRefusedWithItsPlace) {
  EXPECT_EQ(error(std::string_view("a: 1\nb: \0x\n", 11)),
            "sluice.yaml:2:4: a NUL byte; the file must be UTF-8 text (is it binary, or UTF-16?)");
  EXPECT_EQ(error("a: 1\nb: \xFF\n"), "sluice.yaml:2:4: not valid UTF-8; save the file as UTF-8");
  EXPECT_THAT(error("\x7F"
                    "ELF\x02\x01\x01"),
              HasSubstr("sluice.yaml"));
}

TEST_F(Hostile, HugeFileIsRefused) {
  EXPECT_THAT(error("# " + std::string(5 << 20, 'x')), HasSubstr("larger than 4.0MiB"));
}

TEST_F(Hostile, ManyValuesAreRefused) {
  std::string list = "a: [";
  for (int i = 0; i < 150'000; ++i) list += "1,";
  EXPECT_THAT(error(list + "]\n"), HasSubstr("more than 100000 values"));
}

TEST_F(Hostile, BrokenSyntaxHasAPlace) {
  for (const char* bad : {"a: [1, 2\n", "a: 'x\n", "a: \"x\\q\"\n", "a: {b: }}\n", "a: b: c\n",
                          "- a\nb: c\n", "%YAML 3.0\n---\na: 1\n", "a: @x\n", "&a &b c: 1\n"}) {
    EXPECT_THAT(error(bad), testing::StartsWith("sluice.yaml")) << bad;
  }
}

}  // namespace
}  // namespace sluice
