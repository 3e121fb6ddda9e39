// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/topic_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace sluice::kafka_sink {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

sluice_cell text_cell(std::string_view text) {
  sluice_cell cell{};
  cell.kind = SLUICE_CELL_TEXT;
  cell.text = str(text);
  return cell;
}

std::string refusal(std::string_view text) {
  try {
    TopicTemplate made(text);
  } catch (const BadConfig& why) {
    return why.what();
  }
  return "taken";
}

// The topic of a record with this value at the pointer, or why there is none.
std::string topic_of(const TopicTemplate& topic, std::string_view value) {
  const std::array<sluice_cell, 1> cells{text_cell(value)};
  const sluice_record record{};
  std::string name;
  const std::string why = topic.name(record, cells, name);
  return why.empty() ? name : why;
}

TEST(TopicTemplate, ANameWithoutPlacesIsFixed) {
  EXPECT_TRUE(TopicTemplate("orders.eu-1_x").fixed());
  EXPECT_FALSE(TopicTemplate("orders.{/region}").fixed());
}

TEST(TopicTemplate, SaysWhatIsWrongWithIt) {
  EXPECT_THAT(refusal(""), HasSubstr("/topic: is empty"));
  EXPECT_THAT(refusal(".."), HasSubstr("is no name of a topic"));
  EXPECT_THAT(refusal("no such{/x}"), HasSubstr("is no name of a topic"));
  EXPECT_THAT(refusal("a}b"), HasSubstr("is no name of a topic"));
  EXPECT_THAT(refusal("orders.{/region"), HasSubstr("has a { without its }"));
  for (const char* text : {"o.{}", "o.{region}", "o.{header:}", "o.{{/x}}"}) {
    EXPECT_THAT(refusal(text), HasSubstr("neither a JSON Pointer such as /region nor header:NAME"))
        << text;
  }
}

TEST(TopicTemplate, PutsValuesOfTheRecordIn) {
  const TopicTemplate topic("orders.{/region}.v1");
  EXPECT_THAT(topic.pointers(), ElementsAre("/region"));
  EXPECT_EQ(topic_of(topic, "eu"), "orders.eu.v1");
}

TEST(TopicTemplate, PutsHeadersIn) {
  const TopicTemplate topic("{header:kind}-{header:region}");
  const std::vector<sluice_header> list{{str("region"), str("eu")}, {str("kind"), str("order")}};
  sluice_record record{};
  record.headers = list.data();
  record.header_count = static_cast<std::uint32_t>(list.size());
  std::string name;
  EXPECT_EQ(topic.name(record, {}, name), "");
  EXPECT_EQ(name, "order-eu");
  record.header_count = 1;
  EXPECT_THAT(topic.name(record, {}, name), HasSubstr("no header kind"));
}

TEST(TopicTemplate, HostileValuesMakeNoName) {
  const TopicTemplate topic("{/t}");
  EXPECT_THAT(topic_of(topic, ""), HasSubstr("no text, number or boolean at /t"));
  for (const std::string& value : {std::string("."), std::string(".."), std::string("a/b"),
                                   std::string("a\nb"), std::string("\0", 1), std::string(250, 'x'),
                                   std::string("\xc3\xa4"), std::string("{/t}")}) {
    EXPECT_THAT(topic_of(topic, value), HasSubstr("is no name of a topic")) << value;
  }
  EXPECT_EQ(topic_of(topic, std::string(249, 'x')), std::string(249, 'x'));
  EXPECT_THAT(topic_of(topic, "__consumer_offsets"), HasSubstr("brokers' own topics"));
}

TEST(TopicTemplate, WhatIsNoTextIsNoName) {
  sluice_cell cell{};
  const sluice_record record{};
  const TopicTemplate topic("{/t}");
  std::string name;
  for (const int kind : {SLUICE_CELL_NULL, SLUICE_CELL_ABSENT, SLUICE_CELL_JSON}) {
    cell.kind = kind;
    EXPECT_THAT(topic.name(record, {&cell, 1}, name), HasSubstr("no text, number or boolean"));
  }
}

TEST(TopicTemplate, DeletionsHaveNoValueToTakeItFrom) {
  sluice_record record{};
  record.flags = SLUICE_RECORDF_DELETE;
  std::string name;
  EXPECT_THAT(TopicTemplate("{/t}").name(record, {}, name), HasSubstr("use {header:NAME}"));
}

}  // namespace
}  // namespace sluice::kafka_sink
