// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/store/dead_letter_store.h"
#include "runtime/store/pair_list.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

DeadLetter sample() {
  DeadLetter letter;
  letter.id = "abc";
  letter.tenant = "acme";
  letter.pipeline = "orders";
  letter.source = "s3-main";
  letter.lane = "in/a.jsonl";
  letter.position = 18446744073709551615ull;
  letter.stage = "validate";
  letter.reason = "SCHEMA_DRIFT";
  letter.detail = "found \"x\"\nexpected number";
  letter.raw = "{\"a\":1}";
  letter.key = "k1";
  letter.headers = {{"trace", "t1"}, {"bin", "\xff"}};
  letter.first_at_us = 1'517'966'793'840'000;
  letter.last_at_us = 1'517'966'793'840'000;
  letter.fields = {{"/event_id", "e1"}};
  return letter;
}

TEST(LetterId, IsStableAndHexadecimal) {
  const std::string id = letter_id(sample());
  EXPECT_EQ(id.size(), 64u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(id, letter_id(sample()));
}

TEST(LetterId, DependsOnEveryPartOfTheIdentity) {
  const std::string base = letter_id(sample());
  std::vector<DeadLetter> changed(8, sample());
  changed[0].pipeline = "x";
  changed[1].source = "x";
  changed[2].lane = "x";
  changed[3].position = 1;
  changed[4].part = 1;
  changed[5].stage = "transform";
  changed[6].sink = "validate";
  changed[7].raw = "{\"a\":2}";
  for (size_t i = 0; i < changed.size(); ++i) EXPECT_NE(letter_id(changed[i]), base) << i;
}

TEST(LetterId, DoesNotDependOnWhenOrWhyItFailed) {
  DeadLetter again = sample();
  again.reason = "VALIDATION_FAIL";
  again.detail = "other";
  again.attempts = 7;
  again.last_at_us += 5;
  again.script_hash = "h";
  EXPECT_EQ(letter_id(again), letter_id(sample()));
}

TEST(LetterId, LengthPrefixesKeepNeighboursApart) {
  DeadLetter left = sample();
  DeadLetter right = sample();
  left.pipeline = "ab";
  left.source = "c";
  right.pipeline = "a";
  right.source = "bc";
  EXPECT_NE(letter_id(left), letter_id(right));
}

TEST(RetryableReason, AreTheFourOfTheMoment) {
  for (const char* reason : {"SINK_TIMEOUT", "CONNECTION_ERROR", "RATE_LIMITED", "CIRCUIT_OPEN"}) {
    EXPECT_TRUE(is_retryable_reason(reason)) << reason;
  }
  for (const char* reason : {"SCHEMA_DRIFT", "PARSE_ERROR", "OLDER_REVISION", "", "sink_timeout"}) {
    EXPECT_FALSE(is_retryable_reason(reason)) << reason;
  }
}

TEST(LetterJson, HasEveryPromisedField) {
  EXPECT_EQ(letter_json(sample(), true),
            R"({"id":"abc","tenant":"acme","pipeline":"orders","reason":"SCHEMA_DRIFT",)"
            R"("retryable":false,"stage":"validate","detail":"found \"x\"\nexpected number",)"
            R"("pointer":null,"raw_base64":"eyJhIjoxfQ==","key":"k1",)"
            R"("headers":[{"name":"trace","value":"t1"},)"
            R"({"name":"bin","value":null,"value_base64":"/w=="}],)"
            R"("source":"s3-main","lane":"in/a.jsonl","position":18446744073709551615,"part":0,)"
            R"("schema_version":null,"script_hash":null,"bundle_hash":null,"attempts":1,)"
            R"("redrives":0,"first_reason":"SCHEMA_DRIFT",)"
            R"("first_at":"2018-02-07T01:26:33.840Z","last_at":"2018-02-07T01:26:33.840Z",)"
            R"("fields":{"/event_id":"e1"}})");
}

TEST(LetterJson, ShortFormLeavesTheBytesOut) {
  DeadLetter letter = sample();
  letter.rendered = "row";
  const std::string json = letter_json(letter, false);
  EXPECT_THAT(json, Not(HasSubstr("raw_base64")));
  EXPECT_THAT(json, Not(HasSubstr("rendered")));
  EXPECT_THAT(json, Not(HasSubstr("headers")));
  EXPECT_THAT(letter_json(letter, true), HasSubstr(R"("rendered_base64":"cm93")"));
}

TEST(LetterJson, KeyThatIsNotTextIsGivenAsBase64) {
  DeadLetter letter = sample();
  letter.key = std::string("\xff\x00", 2);
  EXPECT_THAT(letter_json(letter, false), HasSubstr(R"("key":null,"key_base64":"/wA=")"));
  letter.key = "";
  EXPECT_THAT(letter_json(letter, false), HasSubstr(R"("key":"",)"));
  letter.key.reset();
  EXPECT_THAT(letter_json(letter, false), HasSubstr(R"("key":null,"source")"));
}

TEST(LetterJson, StaysOneLineWhateverTheRecordHolds) {
  DeadLetter letter = sample();
  letter.detail = "a\r\nb\x01\xc3";
  letter.lane = "x\ny";
  EXPECT_EQ(letter_json(letter, true).find('\n'), std::string::npos);
}

TEST(PairList, KeepsAnyBytesOrderAndRepeats) {
  const store::PairList pairs = {{"b", std::string("\0\xff", 2)}, {"a", ""}, {"b", "2"}};
  EXPECT_EQ(store::decode_pairs(store::encode_pairs(pairs)), pairs);
  EXPECT_EQ(store::encode_pairs({}), "");
}

TEST(PairList, RefusesWhatIsCutShort) {
  const std::string whole = store::encode_pairs({{"name", "value"}});
  for (size_t n = 1; n < whole.size(); ++n) {
    EXPECT_FALSE(store::decode_pairs(whole.substr(0, n)).has_value()) << n;
  }
  EXPECT_FALSE(store::decode_pairs("\xff\xff\xff\xff").has_value());
}

}  // namespace
}  // namespace sluice
