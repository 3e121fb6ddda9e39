// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/lineage/version_finder.h"
#include "runtime/schema/registry/identity.h"
#include "tests/unit/schema_lineage/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using Kind = registry::SchemaAnswer::Kind;

std::string framed(uint32_t id, std::string_view payload) {
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(id >> shift);
  return out + std::string(payload);
}

// Ids that a registry explains.
class RegistryFinderTest : public LineageTest {
 protected:
  void SetUp() override {
    versions(2, 4);
    make();
    answer(17, json(R"({"properties": {"v": {"const": 2.0}}, "required": ["v"], "$id": "x"})"));
    answer(18, json(R"({"required":["v"],"properties":{"v":{"const":4}}})"));
    answer(19, json(R"({"required":["v"]})"));
    registry::SchemaAnswer avro;
    avro.kind = Kind::kOtherType;
    avro.type = "AVRO";
    answer(20, avro);
    answer(21, {});
    registry::SchemaAnswer foreign = json("{}");
    foreign.kind = Kind::kOtherSubject;
    foreign.subject = "others\nvalue";
    foreign.version = 5;
    answer(22, foreign);
    registry::SchemaAnswer broken;
    broken.kind = Kind::kUnusable;
    broken.detail = "it is broken";
    answer(23, broken);
  }
  void make(const std::string& subject = "orders-value", std::optional<uint32_t> fallback = {}) {
    lineage_ = load().value();
    SchemaVersionConfig config;
    config.from = SchemaVersionConfig::From::kConfluent;
    config.registry.emplace();
    config.registry->url = "http://registry";
    config.registry->subject = subject;
    config.fallback = fallback;
    finder_ = VersionFinder::create(config, lineage_).value();
  }
  static registry::SchemaAnswer json(std::string_view text) {
    registry::SchemaAnswer out;
    out.kind = Kind::kJson;
    out.identity = *registry::schema_identity(text);
    out.subject = "orders-value";
    out.version = 9;
    return out;
  }
  void answer(uint32_t id, registry::SchemaAnswer answer) { ids_ = ids_->with(id, {answer, {}}); }
  uint32_t find(const std::string& value) {
    EXPECT_TRUE(document_.parse(finder_->payload(value), {}));
    const VersionFinder::Input input{value, document_, {}, ids_.get()};
    const auto index = finder_->find(input);
    why_ = index ? "" : finder_->explain(input);
    return index ? lineage_->versions()[*index].number : 0;
  }

  std::shared_ptr<const Lineage> lineage_;
  std::shared_ptr<const VersionFinder> finder_;
  std::shared_ptr<const SchemaIds> ids_ = std::make_shared<SchemaIds>();
  Document document_;
  std::string why_;
};

TEST_F(RegistryFinderTest, AnIdIsTheVersionWithTheSameSchema) {
  EXPECT_TRUE(finder_->asks());
  EXPECT_EQ(find(framed(17, "{}")), 2U);
  EXPECT_EQ(find(framed(18, "{}")), 4U);
}

TEST_F(RegistryFinderTest, OfVersionsThatAreTheSameTheNewestCounts) {
  schema("4.schema.json", R"({"required":["v"],"properties":{"v":{"const":2}}})");
  make();
  EXPECT_EQ(find(framed(17, "{}")), 4U);
}

TEST_F(RegistryFinderTest, SaysWhatAnIdIsThatIsNoVersion) {
  EXPECT_EQ(find(framed(19, "{}")), 0U);
  EXPECT_THAT(why_, HasSubstr("schema id 19 (subject orders-value, version 9)"));
  EXPECT_THAT(why_, HasSubstr("none of those in orders"));
  EXPECT_THAT(why_, HasSubstr("there are versions 2 to 4, add it as 5.schema.json"));
  EXPECT_EQ(find(framed(20, "{}")), 0U);
  EXPECT_THAT(why_, HasSubstr("is of type AVRO in the registry http://registry"));
  EXPECT_EQ(find(framed(21, "{}")), 0U);
  EXPECT_THAT(why_, HasSubstr("schema id 21 is not in the registry http://registry"));
  EXPECT_EQ(find(framed(22, "{}")), 0U);
  EXPECT_THAT(
      why_, HasSubstr("(subject others\\x0avalue, version 5) is not of the subject orders-value"));
  EXPECT_EQ(find(framed(23, "{}")), 0U);
  EXPECT_THAT(why_, HasSubstr("it is broken"));
  EXPECT_EQ(find(framed(99, "{}")), 0U);
  EXPECT_THAT(why_, HasSubstr("was not looked up"));
}

TEST_F(RegistryFinderTest, ADefaultIsForRecordsWithoutAnIdOnly) {
  EXPECT_EQ(find("{}"), 0U);
  EXPECT_THAT(why_, HasSubstr("does not begin with the Confluent wire format"));
  make("", 3);
  EXPECT_EQ(find("{}"), 3U);
  EXPECT_EQ(find(framed(21, "{}")), 0U);
}

TEST_F(RegistryFinderTest, ExplainsWhatIsNotJson) {
  const auto why = [&](const std::string& value) {
    return finder_->explain_unreadable(value, ids_.get());
  };
  EXPECT_THAT(why("\1abc").text, HasSubstr("found byte 1"));
  EXPECT_THAT(why("\xff").text, HasSubstr("found byte 255"));
  EXPECT_THAT(why(std::string(4, '\0')).text, HasSubstr("found 4 bytes"));
  EXPECT_THAT(why("").text, HasSubstr("found nothing"));
  EXPECT_FALSE(why("\1abc").id);
  EXPECT_THAT(why(framed(20, "\2")).text, HasSubstr("is of type AVRO"));
  EXPECT_TRUE(why(framed(20, "\2")).id);
  EXPECT_EQ(why(framed(17, "{")).text, "") << "its schema is known: the record is at fault";
  make("", 3);
  EXPECT_EQ(why("{").text, "") << "such records are read whole";
}

TEST_F(RegistryFinderTest, TheRegistryIsPartOfTheBundle) {
  const std::string before = finder_->identity();
  make("others-value");
  EXPECT_NE(finder_->identity(), before);
}

}  // namespace
}  // namespace sluice
