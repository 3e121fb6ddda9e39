// SPDX-License-Identifier: Apache-2.0
// Each kind of drift, against what was learned and without a schema.
#include "tests/unit/schema_drift/fixture.h"

namespace sluice {
namespace {

using testing::Lines;
using testing::Watch;

TEST(DriftKind, NothingIsNewInWhatWasLearned) {
  Watch watch;
  watch.learn(R"({"a":1,"b":["x"],"c":{"d":null},"t":"2024-01-02T03:04:05Z"})");
  watch.see(R"({"a":2,"b":["x","x"],"c":{"d":null},"t":"2025-12-02T03:04:05.5Z"})");
  watch.see(R"({"t":"2024-01-02T03:04:05Z","c":{"d":null},"b":[],"a":3})");
  EXPECT_EQ(watch.lines(), Lines{});
}

TEST(DriftKind, NewField) {
  Watch watch;
  watch.learn(R"({"a":1})");
  watch.see(R"({"a":1,"b":{"c":5}})");
  watch.see(R"({"a":1,"b":{"c":5}})");
  EXPECT_EQ(watch.lines(), Lines{"info new_field /b: absent -> object"});
  const drift::Entry entry = watch.entries()[0];
  EXPECT_EQ(entry.count, 2U);
  EXPECT_EQ(entry.observed, 2U);
  EXPECT_EQ(entry.sample, R"({"c":5})");
  EXPECT_EQ(entry.record_sha256.size(), 64U);
  EXPECT_EQ(entry.schema_version, "v1");
  EXPECT_LT(entry.first_seen_us, entry.last_seen_us);
}

TEST(DriftKind, NewFieldInsideArrayItems) {
  Watch watch;
  watch.learn(R"({"items":[{"qty":1},{"qty":2}]})");
  watch.see(R"({"items":[{"qty":1},{"qty":2,"unit":"kg"},{"qty":2,"unit":"g"}]})");
  EXPECT_EQ(watch.lines(), Lines{R"(info new_field /items/*/unit: absent -> string "kg", "g")"});
  EXPECT_EQ(watch.entries()[0].count, 1U);  // records, not items
}

TEST(DriftKind, PresenceChanged) {
  Watch watch;
  watch.learn(R"({"a":1,"b":{"c":1,"d":2}})");
  watch.see(R"({"a":1,"b":{"d":2}})");
  watch.see(R"({"b":{}})");
  EXPECT_EQ(watch.lines(),
            (Lines{"warning presence_changed /a: in each of 40 records -> absent",
                   "warning presence_changed /b/c: in each of 40 records -> absent",
                   "warning presence_changed /b/d: in each of 40 records -> absent"}));
  EXPECT_EQ(watch.entries()[1].count, 2U);
}

TEST(DriftKind, WhatWasOptionalMayBeAbsent) {
  Watch watch;
  for (int i = 0; i < 40; ++i) watch.see(i % 2 == 0 ? R"({"a":1,"b":1})" : R"({"a":1})");
  watch.see(R"({"a":1})");
  EXPECT_EQ(watch.lines(), Lines{});
}

TEST(DriftKind, TypeChanged) {
  Watch watch;
  watch.learn(R"({"id":12})");
  watch.see(R"({"id":"12"})");
  EXPECT_EQ(watch.lines(),
            Lines{R"(warning type_changed /id: integer 12 -> string (digits) "12")"});
}

TEST(DriftKind, IntegerBecameFraction) {
  Watch watch;
  watch.learn(R"({"id":12})");
  watch.see(R"({"id":12.5})");
  EXPECT_EQ(watch.lines(), Lines{"warning type_changed /id: integer 12 -> number 12.5"});
}

TEST(DriftKind, FractionsMayBeWhole) {
  Watch watch;
  watch.learn(R"({"price":12.5})");
  watch.see(R"({"price":12})");
  EXPECT_EQ(watch.lines(), Lines{});
}

TEST(DriftKind, NullAppeared) {
  Watch watch;
  watch.learn(R"({"a":"x"})");
  watch.see(R"({"a":null})");
  EXPECT_EQ(watch.lines(), Lines{R"(warning null_appeared /a: string "x" -> null)"});
}

TEST(DriftKind, ValueWhereOnlyNullWas) {
  Watch watch;
  watch.learn(R"({"a":null})");
  watch.see(R"({"a":5})");
  EXPECT_EQ(watch.lines(), Lines{"info type_changed /a: null -> integer 5"});
}

TEST(DriftKind, NewEnumValue) {
  Watch watch;
  for (int i = 0; i < 40; ++i) watch.see(i % 2 == 0 ? R"({"s":"new"})" : R"({"s":"paid"})");
  watch.see(R"({"s":"paid"})");
  watch.see(R"({"s":"refunded"})");
  watch.see(R"({"s":"lost"})");
  EXPECT_EQ(watch.lines(),
            Lines{R"(info new_enum_value /s: one of "new", "paid" -> "refunded", "lost")"});
}

TEST(DriftKind, ManyValuesAreNoEnum) {
  Watch watch;
  for (int i = 0; i < 40; ++i) watch.see(R"({"s":"name )" + std::to_string(i) + R"("})");
  watch.see(R"({"s":"another name"})");
  EXPECT_EQ(watch.lines(), Lines{});
}

TEST(DriftKind, RangeWidened) {
  Watch watch;
  for (int i = 0; i < 40; ++i) watch.see(R"({"n":)" + std::to_string(i + 1) + "}");
  watch.see(R"({"n":999})");  // the next power of ten is no news
  EXPECT_EQ(watch.lines(), Lines{});
  watch.see(R"({"n":1000})");
  watch.see(R"({"n":-3})");
  EXPECT_EQ(watch.lines(), Lines{"info range_widened /n: integer 1..40 -> integer -3..1000"});
}

TEST(DriftKind, RangePastThirtyTwoBitsIsAWarning) {
  Watch watch;
  watch.learn(R"({"n":5,"f":1.5})");
  watch.see(R"({"n":3000000000,"f":1e20})");
  EXPECT_EQ(watch.lines(), (Lines{"warning range_widened /f: number 1.5 -> number 1e+20",
                                  "warning range_widened /n: integer 5 -> integer 3000000000"}));
}

TEST(DriftKind, ExponentsAreReadByValue) {
  Watch watch;
  watch.learn(R"({"f":1.5})");
  watch.see(R"({"f":15e-1})");
  watch.see(R"({"f":0.00000000000001})");
  EXPECT_EQ(watch.lines(), Lines{});
}

TEST(DriftKind, FormWidened) {
  Watch watch;
  for (int i = 10; i < 50; ++i) {
    watch.see(R"({"at":"2024-01-02T03:04:)" + std::to_string(i) + R"(Z"})");
  }
  watch.see(R"({"at":"yesterday"})");
  EXPECT_EQ(watch.lines(), Lines{"warning form_widened /at: string (date-time), up to 20 bytes -> "
                                 R"(string "yesterday", up to 9 bytes)"});
}

TEST(DriftKind, EmptyStringAppeared) {
  Watch watch;
  watch.learn(R"({"a":"some text"})");
  watch.see(R"({"a":""})");
  ASSERT_EQ(watch.entries().size(), 1U);
  EXPECT_EQ(watch.entries()[0].kind, drift::Kind::kFormWidened);
  EXPECT_EQ(watch.entries()[0].severity, drift::Severity::kInfo);
}

TEST(DriftKind, LongerStringsThanEverBefore) {
  Watch watch;
  for (int i = 10; i < 50; ++i) watch.see(R"({"a":"note )" + std::to_string(i) + R"("})");
  watch.see(R"({"a":"a little longer note"})");
  EXPECT_EQ(watch.lines(), Lines{});
  watch.see(R"({"a":")" + std::string(200, 'x') + R"("})");
  ASSERT_EQ(watch.entries().size(), 1U);
  EXPECT_EQ(watch.entries()[0].kind, drift::Kind::kFormWidened);
  EXPECT_LE(watch.entries()[0].sample.size(), 124U);
}

TEST(DriftKind, BecameArray) {
  Watch watch;
  watch.learn(R"({"tag":"a"})");
  watch.see(R"({"tag":["a","b"]})");
  EXPECT_EQ(watch.lines(), Lines{R"(warning became_array /tag: string "a" -> array)"});
}

TEST(DriftKind, BecameObject) {
  Watch watch;
  watch.learn(R"({"customer":"Jane"})");
  watch.see(R"({"customer":{"name":"Jane"}})");
  EXPECT_EQ(watch.lines(), Lines{R"(warning became_object /customer: string "Jane" -> object)"});
}

TEST(DriftKind, ArrayBecameObject) {
  Watch watch;
  watch.learn(R"({"items":[1]})");
  watch.see(R"({"items":{"1":1}})");
  EXPECT_EQ(watch.lines(), Lines{"warning array_became_object /items: array -> object"});
}

TEST(DriftKind, BecameScalar) {
  Watch watch;
  watch.learn(R"({"items":[1]})");
  watch.see(R"({"items":1})");
  EXPECT_EQ(watch.lines(), Lines{"warning became_scalar /items: array -> integer 1"});
}

TEST(DriftKind, TheRecordItself) {
  Watch watch;
  watch.learn(R"({"a":1})");
  watch.see("[1]");
  EXPECT_EQ(watch.lines(), Lines{"warning became_array : object -> array"});
}

TEST(DriftKind, NamesAreComparedDecoded) {
  Watch watch;
  watch.learn(R"({"a":1,"b/c":2})");
  watch.see(R"({"\u0061":1,"b\/c":"x"})");
  EXPECT_EQ(watch.lines(), Lines{R"(warning type_changed /b~1c: integer 2 -> string "x")"});
}

TEST(DriftKind, MapsAreNotWatchedKeyByKey) {
  Watch watch;
  for (int i = 0; i < 40; ++i) {
    watch.see(R"({"by_user":{"u)" + std::to_string(i) + R"(":1}})");
  }
  watch.see(R"({"by_user":{"u99":1}})");
  EXPECT_EQ(watch.lines(), Lines{});
}

}  // namespace
}  // namespace sluice
