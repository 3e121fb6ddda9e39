// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/drift/profile.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::drift {
namespace {

Profile learned(std::initializer_list<const char*> records, const Bounds& bounds = {}) {
  Profile profile(bounds);
  Document document;
  for (const char* record : records) {
    EXPECT_TRUE(document.parse(record, {}));
    profile.learn(document, Sensitive());
  }
  return profile;
}

std::string shape(const Profile& profile) {
  std::string out;
  for (Profile::Id id = 0; id < profile.size(); ++id) {
    const Profile::Path& path = profile.path(id);
    out += profile.pointer(id) + " " + std::to_string(path.facts.seen) + " " +
           describe(path.facts.found, false) + "\n";
  }
  return out;
}

constexpr const char* kFirst = R"({"a":1,"b":[{"c":"x"},{"c":null}]})";
constexpr const char* kSecond = R"({"a":2.5,"b":[],"d":true})";

TEST(DriftProfile, LearnsPathsWithTheirTypes) {
  EXPECT_EQ(shape(learned({kFirst, kSecond})),
            " 2 object\n/a 2 number 1..2.5\n/b 2 array\n/b/* 2 object\n/b/*/c 2 string or null\n"
            "/d 1 boolean\n");
}

TEST(DriftProfile, MergingIsLikeLearningAll) {
  Profile one = learned({kFirst});
  one.merge(learned({kSecond}));
  EXPECT_EQ(shape(one), shape(learned({kFirst, kSecond})));
  EXPECT_EQ(one.records(), 2U);
}

TEST(DriftProfile, SurvivesItsEncoding) {
  const Profile before = learned({kFirst, kSecond});
  const auto after = Profile::decode(before.encode(), {});
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(shape(*after), shape(before));
  EXPECT_EQ(after->records(), 2U);
  EXPECT_EQ(after->path(after->find(Profile::kRoot, "a")).facts.found.high, 2.5);
  const Profile::Id c = after->find(after->element(after->find(Profile::kRoot, "b")), "c");
  EXPECT_EQ(after->path(c).facts.values.texts(), std::vector<std::string>{"x"});
}

TEST(DriftProfile, DamagedBytesAreNoProfile) {
  const std::string bytes = learned({kFirst, kSecond}).encode();
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(Profile::decode(bytes.substr(0, cut), {}).has_value()) << cut;
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0xFF);
    static_cast<void>(Profile::decode(changed, {}));  // anything but a crash
  }
}

TEST(DriftProfile, MemberNamedStarIsNotTheElement) {
  const Profile profile = learned({R"({"*":[1],"b":{"*":2}})"});
  EXPECT_EQ(profile.element(Profile::kRoot), Profile::kNone);
  EXPECT_NE(profile.find(Profile::kRoot, "*"), Profile::kNone);
}

TEST(DriftProfile, IsBounded) {
  Bounds bounds;
  bounds.paths = 50;
  bounds.members = 20;
  Profile profile(bounds);
  Document document;
  for (int r = 0; r < 10; ++r) {
    std::string record = "{";
    for (int i = 0; i < 100; ++i) {
      record += (i == 0 ? "" : ",") + std::string("\"o") + std::to_string(i % 4) + "_" +
                std::to_string(i) + "\":{\"k" + std::to_string(r) + "\":1}";
    }
    record += "}";
    ASSERT_TRUE(document.parse(record, {}));
    profile.learn(document, Sensitive());
  }
  EXPECT_LE(profile.size(), 50U);
  EXPECT_GT(profile.refused(), 0U);
}

TEST(DriftProfile, ChanceSightingsAreDroppedWhenSettled) {
  Profile profile;
  Document document;
  for (int i = 0; i < 200; ++i) {
    const std::string record = i == 7 ? R"({"a":1,"junk":1})" : R"({"a":1})";
    ASSERT_TRUE(document.parse(record, {}));
    profile.learn(document, Sensitive());
  }
  profile.settle();
  EXPECT_EQ(profile.find(Profile::kRoot, "junk"), Profile::kNone);
  EXPECT_NE(profile.find(Profile::kRoot, "a"), Profile::kNone);
}

}  // namespace
}  // namespace sluice::drift
