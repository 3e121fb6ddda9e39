// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/spool_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/byte_coding.h"
#include "tests/unit/store/spool_support.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

std::string encoded(uint64_t id, const SpoolRecord& record) {
  std::string out;
  store::encode_spool_record(id, record, out);
  return out;
}

TEST(SpoolRecord, AbsentIsNotEmpty) {
  SpoolRecord in;
  in.source = "s";
  in.lane = "l";
  in.value = "";
  in.raw_key = "";
  const std::string bytes = encoded(1, in);
  store::SpoolTexts texts;
  SpoolRecord out;
  ASSERT_TRUE(store::decode_spool_record(1, bytes, texts, out));
  EXPECT_NE(out.value.data(), nullptr);
  EXPECT_EQ(out.value, "");
  EXPECT_EQ(out.key.data(), nullptr);
  EXPECT_EQ(out.raw.data(), nullptr);
  EXPECT_NE(out.raw_key.data(), nullptr);
}

TEST(SpoolRecord, TheOriginalBytesAreKeptOnceWhenNothingChangedThem) {
  OwnedRecord record;
  record.value = spool_value(1, 1000);
  SpoolRecord in = record.view();
  const size_t once = encoded(1, in).size();
  EXPECT_LT(once, 1200u);
  const std::string other = spool_value(2, 1000);
  in.raw = other;
  EXPECT_GT(encoded(1, in).size(), once + 1000);
  store::SpoolTexts texts;
  SpoolRecord out;
  in.raw = record.value;
  const std::string bytes = encoded(1, in);
  ASSERT_TRUE(store::decode_spool_record(1, bytes, texts, out));
  EXPECT_EQ(out.raw, out.value);
}

// The original of a record whose script changed little costs what differs.
TEST(SpoolRecord, OfTheOriginalBytesOnlyWhatTheValueHasNotIsKept) {
  const std::string raw = spool_value(1, 1000);
  const std::string half(raw, 0, raw.size() / 2);
  const std::string rest(raw, raw.size() / 2);
  SpoolRecord none;
  none.raw = raw;
  const size_t once = encoded(1, none).size();
  for (const std::string& value :
       {raw + ",\"more\":1}", "{\"more\":1," + raw, half + "X" + rest, half, rest,
        half + half + rest, half + rest.substr(1), rest + half, std::string("x"), std::string()}) {
    SpoolRecord in;
    in.value = value;
    in.raw = raw;
    const std::string bytes = encoded(1, in);
    EXPECT_EQ(bytes.size(), store::spool_record_size(in)) << value;
    store::SpoolTexts texts;
    SpoolRecord out;
    ASSERT_TRUE(store::decode_spool_record(1, bytes, texts, out)) << value;
    EXPECT_EQ(out.raw, raw);
    EXPECT_EQ(out.value, value);
  }
  SpoolRecord in;
  const std::string value = raw + "}";
  in.value = value;
  in.raw = raw;
  EXPECT_LT(encoded(1, in).size(), once + 20);
}

// Each is read while the ones before it are still looked at.
TEST(SpoolRecord, WhatIsPutTogetherStaysWhereItIs) {
  std::vector<std::string> raws;
  std::vector<std::string> stored;
  for (int i = 0; i < 300; ++i) {
    raws.push_back(spool_value(static_cast<uint64_t>(i), 1000));
    const std::string value = raws.back() + ",\"n\":1}";
    SpoolRecord in;
    in.value = value;
    in.raw = raws.back();
    stored.push_back(encoded(1, in));
  }
  store::SpoolTexts texts;
  for (int round = 0; round < 2; ++round) {
    std::vector<SpoolRecord> out(stored.size());
    for (size_t i = 0; i < stored.size(); ++i) {
      ASSERT_TRUE(store::decode_spool_record(1, stored[i], texts, out[i]));
    }
    for (size_t i = 0; i < stored.size(); ++i) EXPECT_EQ(out[i].raw, raws[i]);
    texts.clear();
  }
}

TEST(SpoolRecord, EndsOutsideOfTheValueAreSeen) {
  const std::string value(100, 'v');
  SpoolRecord in;
  in.value = value;
  const std::string raw = value + "}";
  in.raw = raw;
  std::string body = encoded(1, in);
  body.resize(body.size() - 4);
  const std::string ends("\x64\x00\x01}", 4);
  const size_t at = body.find(ends);
  ASSERT_NE(at, std::string::npos);
  const auto read = [&](char front, char back) {
    body[at] = front;
    body[at + 1] = back;
    std::string bytes = body;
    append_big_endian(bytes, store::spool_record_checksum(1, body));
    store::SpoolTexts texts;
    SpoolRecord out;
    return store::decode_spool_record(1, bytes, texts, out);
  };
  EXPECT_TRUE(read(0x64, 0));
  EXPECT_TRUE(read(0x60, 4));
  EXPECT_EQ(read(0x65, 0).code(), Code::kCorrupt);
  EXPECT_EQ(read(0x64, 1).code(), Code::kCorrupt);
  EXPECT_EQ(read(0, 0x65).code(), Code::kCorrupt);
}

TEST(SpoolRecord, ItsSizeIsKnownBefore) {
  SpoolRecord record;
  EXPECT_EQ(store::spool_record_size(record), encoded(1, record).size());
  record.position = record.part = UINT32_MAX;
  record.flags = record.raw_flags = record.attempts = UINT32_MAX;
  record.position = UINT64_MAX;
  record.event_time_us = INT64_MIN;
  record.received_us = INT64_MIN;
  record.value = record.raw = record.key = record.raw_key = "same";
  record.headers = {{"", ""}, {"name", "value"}};
  EXPECT_EQ(store::spool_record_size(record), encoded(1, record).size());
  record.raw = "another";
  record.raw_key = "another";
  record.sinks = "pg,mirror";
  record.epoch = 300;
  record.counted = true;
  EXPECT_EQ(store::spool_record_size(record), encoded(1, record).size());
}

TEST(SpoolRecord, AnyFlippedBitIsSeen) {
  const std::string whole = encoded(7, run_of(1, 1)[0].view());
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    store::SpoolTexts texts;
    SpoolRecord out;
    ASSERT_EQ(store::decode_spool_record(7, bytes, texts, out).code(), Code::kCorrupt) << bit;
  }
}

TEST(SpoolRecord, AnyShorterOrLongerOneIsSeen) {
  const std::string whole = encoded(7, run_of(1, 1)[0].view());
  store::SpoolTexts texts;
  SpoolRecord out;
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(store::decode_spool_record(7, whole.substr(0, size), texts, out)) << size;
  }
  EXPECT_FALSE(store::decode_spool_record(7, whole + "x", texts, out));
}

TEST(SpoolRecord, ARecordUnderAnothersNumberIsSeen) {
  const std::string bytes = encoded(7, run_of(1, 1)[0].view());
  store::SpoolTexts texts;
  SpoolRecord out;
  EXPECT_TRUE(store::decode_spool_record(7, bytes, texts, out));
  EXPECT_THAT(store::decode_spool_record(8, bytes, texts, out).message(), HasSubstr("checksum"));
}

TEST(ByteReader, EndsAtTheEndAndRefusesNumbersThatAreTooLong) {
  ByteReader endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11));
  EXPECT_EQ(endless.varint(), 0u);
  EXPECT_FALSE(endless.ok());
  ByteReader large(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10));
  large.varint();
  EXPECT_FALSE(large.ok());
  ByteReader most(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10));
  EXPECT_EQ(most.varint(), UINT64_MAX);
  EXPECT_TRUE(most.at_end());
  ByteReader text(
      "\x05"
      "abc");
  EXPECT_EQ(text.text(), "");
  EXPECT_FALSE(text.ok());
  EXPECT_EQ(text.varint(), 0u);
}

TEST(ByteReader, ReadsWhatWasWritten) {
  for (const int64_t number : {INT64_MIN, INT64_C(-1), INT64_C(0), INT64_C(63), INT64_MAX}) {
    std::string bytes;
    append_signed(bytes, number);
    append_big_endian(bytes, static_cast<uint64_t>(number));
    ByteReader in(bytes);
    EXPECT_EQ(in.signed_varint(), number);
    EXPECT_EQ(in.big_endian<uint64_t>(), static_cast<uint64_t>(number));
    EXPECT_TRUE(in.at_end());
  }
}

}  // namespace
}  // namespace sluice
