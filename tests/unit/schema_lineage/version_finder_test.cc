// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/lineage/version_finder.h"

#include "tests/unit/schema_lineage/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using From = SchemaVersionConfig::From;

class VersionFinderTest : public LineageTest {
 protected:
  void SetUp() override {
    versions(2, 4);
    lineage_ = load().value();
  }
  void make(SchemaVersionConfig config) {
    auto made = VersionFinder::create(config, lineage_);
    ASSERT_TRUE(made) << made.status().message();
    finder_ = *made;
  }
  void at_pointer(const std::string& pointer, std::optional<uint32_t> fallback = {}) {
    SchemaVersionConfig config;
    config.pointer = pointer;
    config.fallback = fallback;
    make(config);
  }
  // The version that is found, by its number; 0: none.
  uint32_t find(std::string_view value, std::vector<RecordMeta::Header> headers = {}) {
    EXPECT_TRUE(document_.parse(finder_->payload(value), {}));
    const VersionFinder::Input input{value, document_, headers};
    const auto index = finder_->find(input);
    why_ = index ? "" : finder_->explain(input);
    return index ? lineage_->versions()[*index].number : 0;
  }

  std::shared_ptr<const Lineage> lineage_;
  std::shared_ptr<const VersionFinder> finder_;
  Document document_;
  std::string why_;
};

TEST_F(VersionFinderTest, ReadsNumbersAndTexts) {
  at_pointer("/meta/v");
  EXPECT_EQ(find(R"({"meta":{"v":2}})"), 2U);
  EXPECT_EQ(find(R"({"meta":{"v":"3"}})"), 3U);
  EXPECT_EQ(find(R"({"meta":{"v":"v4"}})"), 4U);
  EXPECT_EQ(find(R"({"meta":{"v":"V4"}})"), 4U);
}

TEST_F(VersionFinderTest, NothingElseIsAVersion) {
  at_pointer("/v");
  for (const char* bad : {R"("")", R"("v")", R"("vv2")", R"(" 2")", R"("2 ")", R"("2.0")",
                          R"("+2")", "2.0", "2e0", "true", "{}", "[2]", "null", R"("0x2")"}) {
    EXPECT_EQ(find(std::string(R"({"v":)") + bad + "}"), 0U) << bad;
    EXPECT_THAT(why_, HasSubstr("expected a version such as 2")) << bad;
  }
}

TEST_F(VersionFinderTest, UnknownVersionsAreNamedWithWhatThereIs) {
  at_pointer("/v");
  EXPECT_EQ(find(R"({"v":5})"), 0U);
  EXPECT_EQ(why_,
            "schema version 5 in member /v is not known; there are versions 2 to 4, add "
            "5.schema.json when it is a new one");
  EXPECT_EQ(find("{}"), 0U);
  EXPECT_THAT(why_, HasSubstr("no schema version: member /v is missing"));
}

TEST_F(VersionFinderTest, TheDefaultIsForRecordsThatNameNoneOnly) {
  at_pointer("/v", 3);
  EXPECT_EQ(find("{}"), 3U);
  EXPECT_EQ(find(R"({"v":4})"), 4U);
  EXPECT_EQ(find(R"({"v":5})"), 0U);
  EXPECT_EQ(find(R"({"v":"x"})"), 0U);
}

TEST_F(VersionFinderTest, ADefaultThatIsNoVersionIsRefused) {
  SchemaVersionConfig config;
  config.pointer = "/v";
  config.fallback = 1;
  const auto made = VersionFinder::create(config, lineage_);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.status().message(), HasSubstr("there are versions 2 to 4"));
}

TEST_F(VersionFinderTest, ReadsTheFirstHeaderOfTheName) {
  SchemaVersionConfig config;
  config.from = From::kHeader;
  config.header = "schema-version";
  make(config);
  EXPECT_EQ(find("{}", {{"other", "4"}, {"schema-version", "2"}, {"schema-version", "3"}}), 2U);
  EXPECT_EQ(find("{}", {{"schema-version", "v3"}}), 3U);
  EXPECT_EQ(find("{}", {{"schema-version", "three"}}), 0U);
  EXPECT_THAT(why_, HasSubstr("found three in header schema-version"));
  EXPECT_EQ(find("{}"), 0U);
  EXPECT_THAT(why_, HasSubstr("header schema-version is missing"));
}

TEST_F(VersionFinderTest, ReadsTheConfluentWireFormat) {
  std::ofstream(folder_ / "ids.json") << R"({"17": 2, "4294967295": 4})";
  SchemaVersionConfig config;
  config.from = From::kConfluent;
  config.ids = folder_ / "ids.json";
  make(config);
  using namespace std::string_view_literals;
  EXPECT_EQ(finder_->payload("\0\0\0\0\x11{}"sv), "{}");
  EXPECT_EQ(find("\0\0\0\0\x11{}"sv), 2U);
  EXPECT_EQ(find("\0\xff\xff\xff\xff{}"sv), 4U);
  EXPECT_EQ(find("\0\0\0\x11\0{}"sv), 0U);
  EXPECT_THAT(why_, HasSubstr("schema id 4352 is not in ids.json"));
  EXPECT_EQ(find("{}"), 0U);
  EXPECT_THAT(why_, HasSubstr("does not begin with the Confluent wire format"));
  EXPECT_EQ(finder_->payload("\0\0\0\0"sv).size(), 4U) << "too short to be framed";
  EXPECT_EQ(finder_->payload("\0\0\0\0\x11"sv).size(), 0U);
}

TEST_F(VersionFinderTest, OtherWaysLeaveTheBytesAlone) {
  at_pointer("/v");
  using namespace std::string_view_literals;
  EXPECT_EQ(finder_->payload("\0\0\0\0\x11{}"sv).size(), 7U);
}

TEST_F(VersionFinderTest, AFileOfIdsIsCheckedWhole) {
  SchemaVersionConfig config;
  config.from = From::kConfluent;
  config.ids = folder_ / "ids.json";
  const auto error = [&](const std::string& text) {
    std::ofstream(config.ids) << text;
    const auto made = VersionFinder::create(config, lineage_);
    return made ? std::string() : made.status().message();
  };
  EXPECT_THAT(error("{"), HasSubstr("ids.json: at byte 1"));
  EXPECT_THAT(error("[17]"), HasSubstr("expected a JSON object from schema id to version"));
  EXPECT_THAT(error(R"({"x": 2})"), HasSubstr("/x: a schema id is a whole number"));
  EXPECT_THAT(error(R"({"4294967296": 2})"), HasSubstr("a schema id is a whole number"));
  EXPECT_THAT(error(R"({"1": "2"})"), HasSubstr("/1: found \"2\", expected the number"));
  EXPECT_THAT(error(R"({"1": 9})"), HasSubstr("there are versions 2 to 4"));
  EXPECT_THAT(error(R"({"1": [2]})"), HasSubstr("/1: found [2]"));
  EXPECT_EQ(error("{}"), "");
  std::filesystem::remove(config.ids);
  EXPECT_FALSE(VersionFinder::create(config, lineage_));
}

}  // namespace
}  // namespace sluice
