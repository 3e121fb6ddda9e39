// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/schema_ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "runtime/schema/registry/identity.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using Kind = registry::SchemaAnswer::Kind;
namespace fs = std::filesystem;

SchemaIds::Entry entry(Kind kind, int64_t asked_us = 0) {
  SchemaIds::Entry out;
  out.answer.kind = kind;
  if (kind == Kind::kJson) out.answer.identity = *registry::schema_identity("{}");
  if (kind == Kind::kOtherType) out.answer.type = "AVRO";
  out.answer.subject = "a\"b";
  out.answer.version = 4;
  out.asked = SchemaIds::TimePoint(std::chrono::microseconds(asked_us));
  return out;
}

class SchemaIdsTest : public ::testing::Test {
 protected:
  SchemaIdsTest() {
    std::string name = (fs::temp_directory_path() / "sluice-ids-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    file_ = folder_ / "registry/p.json";
  }
  ~SchemaIdsTest() override {
    std::error_code ignored;  // a folder left behind in /tmp fails no test
    fs::remove_all(folder_, ignored);
  }
  std::shared_ptr<const SchemaIds> read(const std::string& origin = "url") {
    trouble_.clear();
    return SchemaIds::read(file_, origin, trouble_);
  }
  void put(const std::string& text) {
    fs::create_directories(file_.parent_path());
    std::ofstream(file_) << text;
  }

  fs::path folder_;
  fs::path file_;
  std::string trouble_;
};

TEST_F(SchemaIdsTest, FindsWhatItWasGiven) {
  const SchemaIds none;
  EXPECT_EQ(none.find(7), nullptr);
  const auto some = none.with(7, entry(Kind::kJson))->with(3, entry(Kind::kUnknown));
  EXPECT_EQ(some->find(7)->answer.kind, Kind::kJson);
  EXPECT_EQ(some->find(3)->answer.kind, Kind::kUnknown);
  EXPECT_EQ(some->find(5), nullptr);
  EXPECT_EQ(some->with(3, entry(Kind::kJson))->find(3)->answer.kind, Kind::kJson);
  EXPECT_EQ(some->find(3)->answer.kind, Kind::kUnknown) << "it is immutable";
}

TEST_F(SchemaIdsTest, ForgetsWhatDoesNotLastFirstAndNeverTheNewest) {
  std::string text = R"({"format":"sluice schema ids 1","origin":"url","ids":[)";
  for (uint32_t id = 0; id < SchemaIds::kMost - 2; ++id) {
    text +=
        (id == 0 ? "" : ",") + std::string(R"({"id":)") + std::to_string(id) + R"(,"type":"AVRO"})";
  }
  put(text + "]}");
  auto ids = read()->with(50'000, entry(Kind::kUnknown, 7))->with(60'000, entry(Kind::kUnknown, 8));
  ASSERT_EQ(ids->size(), SchemaIds::kMost);
  ids = ids->with(100'000, entry(Kind::kUnknown, 1));
  EXPECT_EQ(ids->size(), SchemaIds::kMost);
  EXPECT_EQ(ids->find(50'000), nullptr);
  EXPECT_NE(ids->find(60'000), nullptr);
  EXPECT_NE(ids->find(100'000), nullptr);
  for (uint32_t i = 1; i <= 3; ++i) ids = ids->with(100'000 + i, entry(Kind::kJson, 1'000'000 + i));
  EXPECT_EQ(ids->size(), SchemaIds::kMost);
  EXPECT_EQ(ids->find(60'000), nullptr);
  EXPECT_EQ(ids->find(0), nullptr) << "one of the oldest of those that last";
  EXPECT_NE(ids->find(100'001), nullptr);
}

TEST_F(SchemaIdsTest, KeepsInAFileWhatLasts) {
  const auto ids = SchemaIds()
                       .with(4'000'000'000, entry(Kind::kJson))
                       ->with(8, entry(Kind::kOtherType))
                       ->with(9, entry(Kind::kUnknown))
                       ->with(10, entry(Kind::kOtherSubject))
                       ->with(11, entry(Kind::kUnusable));
  ASSERT_TRUE(ids->write(file_, "url"));
  const auto found = read();
  EXPECT_EQ(trouble_, "");
  EXPECT_EQ(found->size(), 2U);
  const auto* json = found->find(4'000'000'000);
  ASSERT_NE(json, nullptr);
  EXPECT_EQ(json->answer.kind, Kind::kJson);
  EXPECT_EQ(json->answer.identity, *registry::schema_identity("{}"));
  EXPECT_EQ(json->answer.subject, "a\"b");
  EXPECT_EQ(json->answer.version, 4U);
  EXPECT_EQ(found->find(8)->answer.type, "AVRO");
}

TEST_F(SchemaIdsTest, KnowsNothingOfAnotherRegistry) {
  EXPECT_EQ(read()->size(), 0U);
  EXPECT_EQ(trouble_, "") << "a first start is no trouble";
  ASSERT_TRUE(SchemaIds().with(8, entry(Kind::kOtherType))->write(file_, "url"));
  EXPECT_EQ(read("other")->size(), 0U);
  EXPECT_THAT(trouble_, HasSubstr("of another registry or subject"));
}

TEST_F(SchemaIdsTest, TakesNothingFromADamagedFile) {
  const std::string head = R"({"format":"sluice schema ids 1","origin":"url","ids":)";
  const std::string good = R"({"id":5,"type":"AVRO"})";
  for (const std::string& text :
       {std::string(), std::string("[]"), head, head + "{}}", head + "[" + good + "]",
        head + "[5]}", head + "[" + good + "," + good + "]}", head + R"([{"id":5}]})",
        head + R"([{"id":5,"schema":"00"}]})",
        head + R"([{"id":5,"schema":")" + std::string(64, 'G') + "\"}]}",
        head + R"([{"id":4294967296,"type":"AVRO"}]})",
        std::string(R"({"format":"2","origin":"url","ids":[]})")}) {
    put(text);
    EXPECT_EQ(read()->size(), 0U) << text;
    EXPECT_THAT(trouble_, HasSubstr("it is written anew")) << text;
  }
  put(head + "[" + good + "]}");
  EXPECT_EQ(read()->size(), 1U);
}

}  // namespace
}  // namespace sluice
