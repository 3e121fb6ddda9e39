// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::kafka_sink {
namespace {

using ::testing::ElementsAre;

Options options(const std::string& more) {
  return Options(Config(R"({"brokers": "b:9092", "topic": "orders")" + more + "}"));
}

sluice_record record_of(std::string_view key, std::string_view value) {
  sluice_record record{};
  record.key = {key.data(), key.size()};
  record.value = {value.data(), value.size()};
  record.time_us = 1'700'000'000'123'456;
  return record;
}

// "name=value" each; a value that is absent: "name".
std::vector<std::string> listed(const Headers& headers) {
  std::vector<std::string> out;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; headers && rd_kafka_header_get_all(headers.get(), i, &name, &value,
                                                             &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    std::string text = name;
    if (value != nullptr) text += "=" + std::string(static_cast<const char*>(value), size);
    out.push_back(text);
  }
  return out;
}

TEST(KafkaMessage, IsTheRecordItself) {
  const std::string value = R"({"a":1})";
  const Options all = options("");
  const Message out = message_of(record_of("k", value), all);
  EXPECT_EQ(out.key, "k");
  EXPECT_EQ(out.value.data(), value.data()) << "not copied";
  EXPECT_EQ(out.time_ms, 1'700'000'000'123);
}

TEST(KafkaMessage, AbsentKeyStaysAbsentAndEmptyOneEmpty) {
  const Options all = options("");
  EXPECT_EQ(message_of(record_of({}, "1"), all).key.data(), nullptr);
  EXPECT_NE(message_of(record_of("", "1"), all).key.data(), nullptr);
  const Options none = options(R"(, "key": "none")");
  EXPECT_EQ(message_of(record_of("k", "1"), none).key.data(), nullptr);
}

TEST(KafkaMessage, OfADeletionHasNoValue) {
  sluice_record record = record_of("k", "");
  record.flags = SLUICE_RECORDF_DELETE;
  const Options pointer = options(R"(, "key": "/id")");
  const Message out = message_of(record, pointer);
  EXPECT_EQ(out.value.data(), nullptr);
  EXPECT_EQ(out.key, "k") << "there is no value to take another from";
}

TEST(KafkaMessage, TimeMayBeThatOfSending) {
  const Options now = options(R"(, "timestamp": "now")");
  EXPECT_EQ(message_of(record_of("k", "1"), now).time_ms, 0);
}

TEST(KafkaMessage, HeadersAreKeptAndSet) {
  const std::array<sluice_header, 3> came = {sluice_header{str("a"), str("1")},
                                             sluice_header{str("b"), str("2")},
                                             sluice_header{str("c"), kAbsent}};
  sluice_record record = record_of("k", "1");
  record.headers = came.data();
  record.header_count = came.size();
  const Options both = options(R"(, "headers": {"b": "9", "d": ""})");
  EXPECT_THAT(listed(headers_of(message_of(record, both))), ElementsAre("a=1", "c", "b=9", "d="));
  const Options set = options(R"(, "headers": {"b": "9"}, "keep_headers": false)");
  EXPECT_THAT(listed(headers_of(message_of(record, set))), ElementsAre("b=9"));
  const Options neither = options(R"(, "keep_headers": false)");
  EXPECT_EQ(headers_of(message_of(record, neither)), nullptr);
}

sluice_cell cell_of(std::int32_t kind, std::string_view text, std::uint64_t number = 0) {
  sluice_cell cell{};
  cell.kind = kind;
  cell.v.u64 = number;
  cell.text = {text.data(), text.size()};
  return cell;
}

TEST(KafkaMessage, KeyOfAPointerIsATextItsDigitsOrATruth) {
  EXPECT_EQ(key_of(cell_of(SLUICE_CELL_TEXT, "x")), "x");
  EXPECT_NE(key_of(cell_of(SLUICE_CELL_TEXT, "")).data(), nullptr);
  EXPECT_EQ(key_of(cell_of(SLUICE_CELL_I64, "-12")), "-12");
  EXPECT_EQ(key_of(cell_of(SLUICE_CELL_F64, "1.50")), "1.50");
  EXPECT_EQ(key_of(cell_of(SLUICE_CELL_BOOL, {}, 1)), "true");
  EXPECT_EQ(key_of(cell_of(SLUICE_CELL_BOOL, {}, 0)), "false");
  for (const std::int32_t none : {SLUICE_CELL_NULL, SLUICE_CELL_ABSENT, SLUICE_CELL_JSON}) {
    EXPECT_EQ(key_of(cell_of(none, "{}")).data(), nullptr) << none;
  }
}

}  // namespace
}  // namespace sluice::kafka_sink
