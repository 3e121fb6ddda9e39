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
  SpoolRecord out;
  ASSERT_TRUE(store::decode_spool_record(1, bytes, out));
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
  SpoolRecord out;
  in.raw = record.value;
  const std::string bytes = encoded(1, in);
  ASSERT_TRUE(store::decode_spool_record(1, bytes, out));
  EXPECT_EQ(out.raw, out.value);
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
  record.counted = true;
  EXPECT_EQ(store::spool_record_size(record), encoded(1, record).size());
}

TEST(SpoolRecord, AnyFlippedBitIsSeen) {
  const std::string whole = encoded(7, run_of(1, 1)[0].view());
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    SpoolRecord out;
    ASSERT_EQ(store::decode_spool_record(7, bytes, out).code(), Code::kCorrupt) << bit;
  }
}

TEST(SpoolRecord, AnyShorterOrLongerOneIsSeen) {
  const std::string whole = encoded(7, run_of(1, 1)[0].view());
  SpoolRecord out;
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(store::decode_spool_record(7, whole.substr(0, size), out)) << size;
  }
  EXPECT_FALSE(store::decode_spool_record(7, whole + "x", out));
}

TEST(SpoolRecord, ARecordUnderAnothersNumberIsSeen) {
  const std::string bytes = encoded(7, run_of(1, 1)[0].view());
  SpoolRecord out;
  EXPECT_TRUE(store::decode_spool_record(7, bytes, out));
  EXPECT_THAT(store::decode_spool_record(8, bytes, out).message(), HasSubstr("checksum"));
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
