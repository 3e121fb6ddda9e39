// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/letter_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/store/letter_fixture.h"

namespace sluice::store {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

// Every member away from its default, with bytes that are no text.
DeadLetter full_letter() {
  DeadLetter in = make_letter(~0ull, "CONSTRAINT_VIOLATION", 77);
  in.lane = std::string("l\0\xfe", 3);
  in.part = 4'000'000'000u;
  in.stage = "deliver";
  in.sink = "pg";
  in.detail = "duplicate key\n";
  in.pointer = "/order_id";
  in.raw = std::string("\0\xff{", 3);
  in.rendered = std::string("row\0", 4);
  in.rendered_key = "";
  in.key = std::string("\x80k", 2);
  in.headers = {{"h", "1"},         {"sluice.reason", "mine"},     {"h", std::string("\0", 1)},
                {"sluice.own", ""}, {std::string("n\0l", 3), "2"}, {"\xff", "3"},
                {"", "4"}};
  in.flags = 3;
  in.event_time_us = -5;
  in.schema_version = "3";
  in.script_hash = "s";
  in.bundle_hash = "b";
  in.attempts = 0;
  in.first_at_us = 5;
  in.redrives = 2;
  in.first_reason = "SCHEMA_DRIFT";
  in.done_sinks = {"a", "", "a"};
  in.answered = true;
  in.fields = {{"/order_id", "o1"}, {"", std::string("\0", 1)}};
  return in;
}

void expect_same(const DeadLetter& out, const DeadLetter& in) {
  EXPECT_EQ(letter_json(out, true), letter_json(in, true));
  // What the JSON does not tell, or not byte for byte.
  EXPECT_EQ(out.id, in.id);
  EXPECT_EQ(out.lane, in.lane);
  EXPECT_EQ(out.detail, in.detail);
  EXPECT_EQ(out.raw, in.raw);
  EXPECT_EQ(out.rendered, in.rendered);
  EXPECT_EQ(out.rendered_key, in.rendered_key);
  EXPECT_EQ(out.key, in.key);
  EXPECT_EQ(out.headers, in.headers);
  EXPECT_EQ(out.fields, in.fields);
  EXPECT_EQ(out.done_sinks, in.done_sinks);
  EXPECT_EQ(out.flags, in.flags);
  EXPECT_EQ(out.no_value, in.no_value);
  EXPECT_EQ(out.answered, in.answered);
  EXPECT_EQ(out.first_reason, in.first_reason);
  EXPECT_EQ(out.first_at_us, in.first_at_us);
  EXPECT_EQ(out.last_at_us, in.last_at_us);
  EXPECT_EQ(out.event_time_us, in.event_time_us);
}

TEST(LetterMessage, GivesBackEveryFieldByteForByte) {
  const DeadLetter in = full_letter();
  const auto out = letter_of_message(message_of(in));
  ASSERT_TRUE(out.is_ok()) << out.status().message();
  expect_same(*out, in);
}

TEST(LetterMessage, GivesBackALetterOfDefaults) {
  DeadLetter in;
  in.id = "x";
  const auto out = letter_of_message(message_of(in));
  ASSERT_TRUE(out.is_ok()) << out.status().message();
  expect_same(*out, in);
}

TEST(LetterMessage, IsReadableByOtherTools) {
  DeadLetter in = make_letter(7, "PARSE_ERROR", 1'517'966'773'840'000);
  in.headers = {{"traceparent", "00-1"}};
  const TopicMessage message = message_of(in);
  EXPECT_EQ(message.key, in.id);
  EXPECT_EQ(message.value, in.raw);
  EXPECT_THAT(message.headers, Contains(Pair("traceparent", "00-1")));
  EXPECT_THAT(message.headers, Contains(Pair("sluice.letter", "1")));
  EXPECT_THAT(message.headers, Contains(Pair("sluice.reason", "PARSE_ERROR")));
  EXPECT_THAT(message.headers, Contains(Pair("sluice.stage", "validate")));
  EXPECT_THAT(message.headers, Contains(Pair("sluice.position", "7")));
  EXPECT_THAT(message.headers, Contains(Pair("sluice.last_at", "2018-02-07T01:26:13.840Z")));
}

TEST(LetterMessage, ARecordWithoutValueIsNoTombstone) {
  DeadLetter in = make_letter(1, "A", 1);
  in.raw.clear();
  in.no_value = true;
  const TopicMessage message = message_of(in);
  EXPECT_EQ(message.value, "");
  EXPECT_TRUE(letter_of_message(message)->no_value);
}

TEST(LetterMessage, FillsAnAbsentId) {
  DeadLetter in = make_letter(1, "A", 1);
  const std::string id = in.id;
  in.id.clear();
  EXPECT_EQ(message_of(in).key, id);
}

TEST(LetterMessage, KnowsWhatIsNoLetter) {
  TopicMessage foreign{.key = "k", .value = "v", .headers = {{"h", "1"}}};
  EXPECT_FALSE(is_letter_message(foreign));
  EXPECT_EQ(letter_of_message(foreign).status().code(), Code::kNotFound);
  TopicMessage tombstone = message_of(make_letter(1, "A", 1));
  EXPECT_TRUE(is_letter_message(tombstone));
  tombstone.value.reset();
  EXPECT_FALSE(is_letter_message(tombstone));
  EXPECT_EQ(letter_of_message(tombstone).status().code(), Code::kNotFound);
}

void set_header(TopicMessage& message, const std::string& name, const std::string& value) {
  const auto at = std::find_if(message.headers.begin(), message.headers.end(),
                               [&](const auto& header) { return header.first == name; });
  if (at == message.headers.end()) {
    message.headers.emplace_back(name, value);
  } else {
    at->second = value;
  }
}

TEST(LetterMessage, SaysWhatIsWrongWithADamagedOne) {
  const std::pair<const char*, const char*> damages[] = {
      {"sluice.position", "-1"},      {"sluice.position", "18446744073709551616"},
      {"sluice.position", ""},        {"sluice.part", "4294967296"},
      {"sluice.attempts", "1x"},      {"sluice.redrives", " 1"},
      {"sluice.first_at_us", "+1"},   {"sluice.last_at_us", "9223372036854775808"},
      {"sluice.no_value", "yes"},     {"sluice.fields", "abc"},
      {"sluice.own", "\1"},           {"sluice.letter", "one"},
      {"sluice.event_time_us", "0x1"}};
  for (const auto& [name, value] : damages) {
    TopicMessage message = message_of(full_letter());
    set_header(message, name, value);
    if (std::string_view(name) == "sluice.own") message.headers.emplace_back(name, value);
    const auto out = letter_of_message(message);
    ASSERT_FALSE(out.is_ok()) << name << ": " << value;
    EXPECT_EQ(out.status().code(), Code::kCorrupt) << name;
    EXPECT_THAT(out.status().message(), HasSubstr(name));
  }
  TopicMessage twice = message_of(full_letter());
  twice.headers.emplace_back("sluice.reason", "other");
  EXPECT_THAT(letter_of_message(twice).status().message(),
              HasSubstr("sluice.reason is there twice"));
  TopicMessage both = message_of(make_letter(1, "A", 1));
  both.headers.emplace_back("sluice.no_value", "true");
  EXPECT_EQ(letter_of_message(both).status().code(), Code::kCorrupt);
  TopicMessage nameless = message_of(full_letter());
  nameless.key.reset();
  EXPECT_EQ(letter_of_message(nameless).status().code(), Code::kCorrupt);
}

TEST(LetterMessage, ANewerFormatIsRefusedAndAnUnknownHeaderPassedOver) {
  TopicMessage message = message_of(full_letter());
  message.headers.emplace_back("sluice.weather", "fine");
  expect_same(*letter_of_message(message), full_letter());
  set_header(message, "sluice.letter", "2");
  EXPECT_EQ(letter_of_message(message).status().code(), Code::kInvalid);
  EXPECT_THAT(letter_of_message(message).status().message(), HasSubstr("upgrade"));
}

}  // namespace
}  // namespace sluice::store
