// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema_lineage/fixture.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(LineageTest, LoadsVersionsInTheOrderOfTheirNumbers) {
  versions(8, 11);
  const auto lineage = load();
  ASSERT_TRUE(lineage) << lineage.status().message();
  const auto& versions = (*lineage)->versions();
  ASSERT_EQ(versions.size(), 4U);
  EXPECT_EQ(versions[0].number, 8U);
  EXPECT_EQ(versions[2].name, "10");
  EXPECT_EQ(versions[2].lift->name(), "10_to_11.lua");
  EXPECT_EQ((*lineage)->newest().number, 11U);
  EXPECT_EQ((*lineage)->newest().lift, nullptr);
  EXPECT_EQ((*lineage)->range_text(), "versions 8 to 11");
}

TEST_F(LineageTest, FindsAVersionByItsNumber) {
  versions(3, 5);
  const auto lineage = load().value();
  EXPECT_EQ(lineage->index_of(3), 0U);
  EXPECT_EQ(lineage->index_of(5), 2U);
  EXPECT_FALSE(lineage->index_of(2));
  EXPECT_FALSE(lineage->index_of(6));
  EXPECT_FALSE(lineage->index_of(UINT64_MAX));
}

TEST_F(LineageTest, TheHashChangesWithEveryFileThatDecides) {
  versions(1, 3);
  const std::string hash = load().value()->hash();
  EXPECT_EQ(load().value()->hash(), hash);
  schema("1.schema.json", R"({"required":["v","x"]})");
  const std::string other_schema = load().value()->hash();
  EXPECT_NE(other_schema, hash);
  lift_file("2_to_3.lua", "function transform(r) return r end");
  EXPECT_NE(load().value()->hash(), other_schema);
}

TEST_F(LineageTest, AGapNamesTheMissingFile) {
  versions(1, 3);
  std::filesystem::remove(folder_ / "schema/orders/2.schema.json");
  EXPECT_THAT(error(), AllOf(HasSubstr("schema/orders/2.schema.json: missing"),
                             HasSubstr("1.schema.json and 3.schema.json are there")));
}

TEST_F(LineageTest, AMissingLiftNamesTheFileAndTheCure) {
  versions(1, 3);
  std::filesystem::remove(folder_ / "transformers/orders/1_to_2.lua");
  EXPECT_THAT(error(), AllOf(HasSubstr("transformers/orders/1_to_2.lua: missing"),
                             HasSubstr("remove 1.schema.json")));
}

TEST_F(LineageTest, AFolderOfLiftsThatIsMissingIsAMissingLift) {
  versions(1, 2);
  std::filesystem::remove_all(folder_ / "transformers");
  EXPECT_THAT(error(), HasSubstr("1_to_2.lua: missing"));
}

TEST_F(LineageTest, ALiftThatDoesNotCompileNamesFileAndLine) {
  versions(1, 2);
  lift_file("1_to_2.lua", "function transform(r)\n  return = r\nend");
  EXPECT_THAT(error(), AllOf(HasSubstr("transformers/orders"), HasSubstr("1_to_2.lua:2")));
}

TEST_F(LineageTest, ALiftWithoutTransformIsRefused) {
  versions(1, 2);
  lift_file("1_to_2.lua", "local x = 1");
  EXPECT_THAT(error(), HasSubstr("1_to_2.lua"));
}

TEST_F(LineageTest, FilesThatAreNoVersionAreRefused) {
  for (const char* name :
       {"orders.schema.json", "01.schema.json", "-1.schema.json", "1.json", "2.schema.json.txt",
        "1 .schema.json", "9999999999.schema.json", "18446744073709551617.schema.json"}) {
    versions(1, 1);
    schema(name, "{}");
    EXPECT_THAT(error(), HasSubstr(std::string(name) + ": not a version of this schema")) << name;
    std::filesystem::remove(folder_ / "schema/orders" / name);
  }
}

TEST_F(LineageTest, WhatEditorsAndMountsLeaveIsPassedOver) {
  versions(1, 2);
  for (const char* name : {".1.schema.json.swp", "1.schema.json~", "README.md", "..data"}) {
    schema(name, "x");
  }
  std::filesystem::create_directories(folder_ / "schema/orders/parts");
  EXPECT_TRUE(load());
}

TEST_F(LineageTest, LiftsOfVersionsThatAreGoneArePassedOver) {
  versions(1, 3);
  std::filesystem::remove(folder_ / "schema/orders/1.schema.json");
  lift_file("1_to_2.lua", "this is no Lua");
  EXPECT_TRUE(load());
}

TEST_F(LineageTest, AnEmptyFolderSaysWhatBelongsThere) {
  EXPECT_THAT(error(), HasSubstr("holds no version of a schema; expected 1.schema.json"));
}

TEST_F(LineageTest, AMissingFolderSaysWhatBelongsThere) {
  std::filesystem::remove_all(folder_ / "schema");
  EXPECT_THAT(error(), HasSubstr("expected a folder with the versions of a schema"));
}

TEST_F(LineageTest, TooManyVersionsAreRefused) {
  for (size_t i = 1; i <= Lineage::kMostVersions + 1; ++i) {
    schema(std::to_string(i) + ".schema.json", "{}");
  }
  EXPECT_THAT(error(), HasSubstr("more than 1000 versions"));
}

}  // namespace
}  // namespace sluice
