// SPDX-License-Identifier: Apache-2.0
// Drift against what a schema declares.
#include "tests/unit/schema_drift/fixture.h"

namespace sluice {
namespace {

using drift::Strangers;
using testing::Lines;
using testing::Watch;

constexpr const char* kOpen = R"({"type":"object","required":["id"],"properties":{
  "id":{"type":"integer","minimum":1},"state":{"enum":["a","b"]},
  "note":{"type":["string","null"],"maxLength":10},
  "items":{"type":"array","items":{"type":"object","required":["sku"],
    "properties":{"sku":{"type":"string"},"qty":{"type":"integer"}}}}}})";
constexpr const char* kClosed = R"({"type":"object","additionalProperties":false,
  "properties":{"id":{"type":"integer"}}})";

TEST(DriftSchema, FailuresAreBreakingFromTheFirstRecord) {
  Watch watch({.schema = kOpen});
  watch.see(R"({"id":"7"})");
  watch.see(R"({})");
  watch.see(R"({"id":0})");
  watch.see(R"({"id":1,"state":"c"})");
  watch.see(R"({"id":1,"note":"far too long a note"})");
  watch.see(R"({"id":1,"items":[{"sku":"x"},{"qty":1}]})");
  EXPECT_EQ(watch.lines(),
            (Lines{R"(breaking missing_field /id: required -> absent)",
                   R"(breaking type_changed /id: integer, minimum 1 -> string (digits) "7")",
                   R"(breaking range_widened /id: integer, minimum 1 -> integer 0)",
                   R"(breaking missing_field /items/*/sku: required -> absent)",
                   (R"(breaking form_widened /note: string or null, maxLength 10 -> )"
                    R"(string "far too long a note", up to 19 bytes)"),
                   R"(breaking new_enum_value /state: string, one of "a", "b" -> "c")"}));
}

TEST(DriftSchema, ARecordCountsOnceThoughBothSeeIt) {
  Watch watch({.schema = kOpen});
  watch.learn(R"({"id":1})");
  watch.see(R"({"id":"x"})");
  ASSERT_EQ(watch.entries().size(), 1U);
  EXPECT_EQ(watch.entries()[0].count, 1U);
  EXPECT_EQ(watch.counts().seen[2], 1U);
}

TEST(DriftSchema, FailingRecordsTeachNothing) {
  Watch watch({.schema = kOpen});
  for (int i = 0; i < 10; ++i) watch.see(R"({"id":"x"})");
  watch.learn(R"({"id":1})");
  watch.see(R"({"id":"x"})");
  EXPECT_EQ(watch.entries()[0].count, 11U);
  EXPECT_EQ(watch.counts().learned, 40U);
}

TEST(DriftSchema, ClosedSchemaNamesTheNewField) {
  Watch watch({.schema = kClosed});
  watch.see(R"({"id":1,"extra":true})");
  EXPECT_EQ(watch.lines(),
            Lines{"breaking new_field /extra: not declared by the schema -> boolean"});
}

TEST(DriftSchema, UndeclaredFieldInOpenSchemaIsReportedFromTheStart) {
  Watch watch({.schema = kOpen});
  watch.see(R"({"id":1,"extra":true})");
  watch.see(R"({"id":1,"items":[{"sku":"x","weight":2}]})");
  EXPECT_EQ(watch.lines(),
            (Lines{"info new_field /extra: not declared by the schema -> boolean",
                   "info new_field /items/*/weight: not declared by the schema -> integer 2"}));
}

TEST(DriftSchema, UndeclaredAndNewIsAWarning) {
  Watch watch({.schema = kOpen});
  watch.learn(R"({"id":1})");
  watch.see(R"({"id":1,"extra":true})");
  EXPECT_EQ(watch.lines(), Lines{"warning new_field /extra: absent -> boolean"});
}

TEST(DriftSchema, DeclaredButNeverSeenIsNoNews) {
  Watch watch({.schema = kOpen});
  watch.learn(R"({"id":1})");
  watch.see(R"({"id":1,"note":"x","state":"a","items":[{"sku":"s","qty":1}]})");
  EXPECT_EQ(watch.lines(), Lines{});
}

TEST(DriftSchema, WhatTheSchemaAllowsIsInfoOnly) {
  Watch watch({.schema = kOpen});
  watch.learn(R"({"id":1,"note":"hello"})");
  watch.see(R"({"id":1,"note":null})");
  EXPECT_EQ(watch.lines(), Lines{"info null_appeared /note: string \"hello\"; schema: string or "
                                 "null, maxLength 10 -> null"});
}

TEST(DriftSchema, IgnoredStrangersLeaveNoEntry) {
  Watch watch({.schema = kOpen, .strangers = Strangers::kIgnore});
  watch.learn(R"({"id":1,"known":1})");
  EXPECT_EQ(watch.see(R"({"id":1,"extra":true,"known":2})"), "");
  EXPECT_EQ(watch.lines(), Lines{});
}

TEST(DriftSchema, RejectedStrangersAreNamedByPointer) {
  Watch watch({.schema = kOpen, .strangers = Strangers::kReject});
  EXPECT_EQ(watch.see(R"({"id":1})"), "");
  EXPECT_EQ(watch.see(R"({"id":1,"ex/tra":true})"), "/ex~1tra");
  EXPECT_EQ(watch.see(R"({"id":1,"items":[{"sku":"a"},{"sku":"b","w":1}]})"), "/items/1/w");
  EXPECT_EQ(watch.see(R"({"id":1,"items":[{"sku":"a"}]})"), "");
}

TEST(DriftSchema, RejectingWorksWhileNothingIsObserved) {
  Watch watch({.schema = kOpen, .strangers = Strangers::kReject, .sample = 0, .record = false});
  EXPECT_EQ(watch.see(R"({"id":1,"extra":true})"), "/extra");
  EXPECT_EQ(watch.see(R"({"id":1,"extra":true})"), "/extra");
  EXPECT_EQ(watch.see(R"({"id":1,"note":"x"})"), "");
  EXPECT_EQ(watch.lines(), Lines{});
}

TEST(DriftSchema, RejectingLooksAtEveryElement) {
  Watch watch({.schema = kOpen, .strangers = Strangers::kReject});
  std::string record = R"({"id":1,"items":[)";
  for (int i = 0; i < 3000; ++i) record += R"({"sku":"a"},)";
  record += R"({"sku":"a","w":1}]})";
  EXPECT_EQ(watch.see(record), "/items/3000/w");
}

TEST(DriftSchema, AlternativesAndReferencesDeclareAsWell) {
  Watch watch({.schema = R"({"definitions":{"n":{"type":"object","properties":{"next":
      {"$ref":"#/definitions/n"},"v":{"type":"integer"}}}},"allOf":[{"properties":{"a":{}}}],
      "anyOf":[{"properties":{"b":{}}},{"properties":{"c":{"$ref":"#/definitions/n"}}}],
      "properties":{"d":{}},"patternProperties":{"^x-":{"type":"string"}}})",
               .strangers = Strangers::kReject});
  EXPECT_EQ(watch.see(R"({"a":1,"b":1,"c":{"next":{"next":{"v":1}}},"d":1,"x-y":"s"})"), "");
  EXPECT_EQ(watch.see(R"({"c":{"next":{"next":{"w":1}}}})"), "/c/next/next/w");
  EXPECT_EQ(watch.see(R"({"y":1})"), "/y");
}

TEST(DriftSchema, AnchorsAndItsOwnNameLeadSomewhere) {
  Watch watch({.schema = R"({"$schema":"https://json-schema.org/draft/2020-12/schema",
      "$id":"https://example.com/o.json","$defs":{"c":{"$anchor":"customer","type":"object",
      "properties":{"id":{}}}},"properties":{"a":{"$ref":"#customer"},
      "b":{"$ref":"https://example.com/o.json#/$defs/c"}}})",
               .strangers = Strangers::kReject});
  EXPECT_EQ(watch.see(R"({"a":{"id":1},"b":{"id":1}})"), "");
  EXPECT_EQ(watch.see(R"({"a":{"x":1}})"), "/a/x");
  EXPECT_EQ(watch.see(R"({"b":{"x":1}})"), "/b/x");
}

TEST(DriftSchema, MapsAreFolded) {
  Watch watch({.schema = R"({"type":"object","properties":{"m":{"type":"object",
      "additionalProperties":{"type":"object","properties":{"n":{"type":"integer"}}}}}})"});
  for (int i = 0; i < 40; ++i) {
    watch.see(R"({"m":{"k)" + std::to_string(i) + R"(":{"n":1}}})");
  }
  watch.see(R"({"m":{"other":{"n":2}}})");
  EXPECT_EQ(watch.lines(), Lines{});
  watch.see(R"({"m":{"other":{"n":null}}})");
  EXPECT_EQ(watch.lines(), Lines{"breaking null_appeared /m/*/n: integer -> null"});
}

TEST(DriftSchema, FreeObjectsAreLearnedNotRefused) {
  Watch watch({.schema = R"({"type":"object","properties":{"bag":{"type":"object"}}})",
               .strangers = Strangers::kReject});
  watch.learn(R"({"bag":{"a":1}})");
  EXPECT_EQ(watch.see(R"({"bag":{"a":1,"b":2}})"), "");
  EXPECT_EQ(watch.lines(), Lines{"info new_field /bag/b: absent -> integer 2"});
}

TEST(DriftSchema, SensitiveValuesAreNowhere) {
  Watch watch({.schema = R"({"properties":{"card":{"type":"string"},
                 "c":{"type":"object"}},"additionalProperties":true})",
               .sensitive = {"/card", "/c/email", "/n"}});
  for (int i = 0; i < 40; ++i) watch.see(R"({"card":"4111","c":{"email":"a@b.cd"},"n":5})");
  watch.see(R"({"card":4222,"c":[1,"e@f.gh"],"n":60000,"x":{"y":"free"}})");
  watch.see(R"({"card":"4333","c":{"email":"secret"},"n":5})");
  std::string all;
  for (const drift::Entry& entry : watch.entries()) {
    all += entry.path + entry.before + entry.after + entry.sample + "\n";
  }
  for (const char* secret : {"4111", "4222", "4333", "a@b", "e@f", "secret", "60000"}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << secret << " in\n" << all;
  }
  EXPECT_NE(all.find("free"), std::string::npos);
  EXPECT_NE(all.find("(hidden: sensitive)"), std::string::npos);
  const auto state = watch.ledger().take_changes(0);
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->baseline.find("4111"), std::string::npos);
  EXPECT_EQ(state->baseline.find("a@b"), std::string::npos);
}

TEST(DriftSchema, OtherRulesAreTakenUpFromTheFailure) {
  Watch watch({.schema = R"({"properties":{"a":{"type":"array","maxItems":1},
      "b":{"not":{"type":"integer"}}},"dependencies":{"c":["d"]}})"});
  watch.see(R"({"a":[1,2]})");
  watch.see(R"({"b":5})");
  watch.see(R"({"c":5})");
  std::vector<std::string> kinds;
  for (const drift::Entry& entry : watch.entries()) {
    if (entry.severity != drift::Severity::kBreaking) continue;
    EXPECT_FALSE(entry.after.empty());
    kinds.push_back(entry.path + " " + std::string(kind_name(entry.kind)));
  }
  EXPECT_EQ(kinds,
            (std::vector<std::string>{" missing_field", "/a size_changed", "/b rule_broken"}));
}

TEST(DriftSchema, SampledRecordsStillTellEveryFailure) {
  Watch watch({.schema = kOpen, .sample = 0.1});
  for (int i = 0; i < 100; ++i) watch.see(R"({"id":1,"extra":1})");
  for (int i = 0; i < 5; ++i) watch.see(R"({"id":"x"})");
  EXPECT_EQ(watch.entries()[0].count, 10U);  // extra
  EXPECT_EQ(watch.entries()[1].count, 5U);
  EXPECT_EQ(watch.counts().records, 105U);
  EXPECT_NEAR(watch.entries()[1].share(), 1.0, 0.01);
}

}  // namespace
}  // namespace sluice
