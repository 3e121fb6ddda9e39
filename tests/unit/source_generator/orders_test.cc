// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/generator/orders.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <array>
#include <cmath>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace sluice::generator {
namespace {

std::string text(const OrderWriter& writer, std::uint64_t index) {
  std::array<char, kLongestOrder> buffer{};
  return {buffer.data(), writer.write(index, buffer.data())};
}

// What orders.schema.json asks, and the shapes the script relies on. Empty: all is well.
std::string fault(const std::string& record) {
  rapidjson::Document d;
  if (d.Parse(record.data(), record.size()).HasParseError() || !d.IsObject()) return "not JSON";
  static const std::set<std::string> members{"id",       "tenant",      "source",   "type",
                                             "revision", "occurred_at", "priority", "payload"};
  for (const auto& member : d.GetObject()) {
    if (!members.contains(member.name.GetString())) return "additional property";
  }
  if (d.MemberCount() != members.size()) return "member missing";
  if (!std::regex_match(d["id"].GetString(), std::regex("evt_[0-9]{10,}"))) return "id";
  if (!d["revision"].IsInt() || d["revision"].GetInt() < 0) return "revision";
  static const std::regex stamp("2026-01-[0-2][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z");
  if (!std::regex_match(d["occurred_at"].GetString(), stamp)) return "occurred_at";
  static const std::set<std::string> priorities{"low", "normal", "high"};
  if (!priorities.contains(d["priority"].GetString())) return "priority";
  const auto& payload = d["payload"];
  if (!payload.HasMember("total")) return "total missing";
  if (!payload["order_id"].IsInt() || !payload["customer"]["id"].IsInt())
    return "order or customer";
  if (std::string(payload["currency"].GetString()).size() != 3) return "currency";
  if (!payload["paid"].IsBool() || !payload["notes"].IsString()) return "paid or notes";
  double total = 0;
  for (const auto& item : payload["items"].GetArray()) {
    if (item["qty"].GetInt() < 1) return "quantity";
    total += item["qty"].GetInt() * item["price"].GetDouble();
  }
  if (std::abs(total - payload["total"].GetDouble()) > 0.005) return "total differs from the items";
  return "";
}

TEST(OrderWriter, WritesRecordsThatAreValid) {
  const OrderWriter writer(1, 0);
  std::size_t bytes = 0;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const std::string record = text(writer, i);
    ASSERT_EQ(fault(record), "") << record;
    bytes += record.size();
  }
  EXPECT_NEAR(static_cast<double>(bytes) / 5000, 470, 25);  // as the reference workload
}

TEST(OrderWriter, KeepsTheFieldOrderAndShapeOfTheWorkload) {
  static const std::regex shape(
      "\\{\"id\":\"evt_0000000042\",\"tenant\":\"[a-z-]+\",\"source\":\"[a-z0-9-]+\",\"type\":"
      "\"order\\.[a-z]+\",\"revision\":[0-9]{1,2},\"occurred_at\":\"[^\"]+\",\"priority\":\"[a-z]+"
      "\","
      "\"payload\":\\{\"order_id\":[0-9]{6},\"customer\":\\{\"id\":[0-9]{4},\"name\":\"[A-Z][a-z]+ "
      "[A-Z]\\. "
      "[A-Z][a-z]+\",\"email\":\"[A-Z][a-z]+\\.[A-Z][a-z]+@Example\\.COM\"\\},\"items\":\\["
      "(\\{\"sku\":\"[A-G]-[0-9]{3}\",\"qty\":[1-9],\"price\":[0-9]+\\.[0-9]{1,2}\\},?)+\\],"
      "\"total\":"
      "[0-9]+\\.[0-9]{2},\"currency\":\"[A-Z]{3}\",\"notes\":\".*\",\"paid\":(true|false)\\}\\}");
  EXPECT_TRUE(std::regex_match(text(OrderWriter(9, 0), 42), shape));
}

TEST(OrderWriter, EachFlawIsWhatItSays) {
  const std::map<Flaw, std::string> expected{
      {Flaw::kNone, ""},
      {Flaw::kIdPattern, "id"},
      {Flaw::kPriorityEnum, "priority"},
      {Flaw::kRevisionType, "revision"},
      {Flaw::kQuantityRange, "quantity"},
      {Flaw::kExtraProperty, "additional property"},
      {Flaw::kTotalMissing, "total missing"},
      {Flaw::kCutOff, "not JSON"},
  };
  const OrderWriter writer(3, 50);
  std::map<Flaw, int> seen;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const Flaw flaw = writer.flaw(i);
    ++seen[flaw];
    ASSERT_EQ(fault(text(writer, i)), expected.at(flaw)) << text(writer, i);
  }
  EXPECT_EQ(seen.size(), 8U);
  EXPECT_NEAR(seen[Flaw::kNone], 2000, 200);
}

TEST(OrderWriter, TheShareOfBadRecordsIsAsAsked) {
  const OrderWriter writer(1, 2.5);
  int bad = 0;
  for (std::uint64_t i = 0; i < 100000; ++i) bad += writer.flaw(i) != Flaw::kNone ? 1 : 0;
  EXPECT_NEAR(bad, 2500, 250);
  const OrderWriter all(1, 100);
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_NE(all.flaw(i), Flaw::kNone);
}

TEST(OrderWriter, DependsOnSeedAndIndexAlone) {
  const OrderWriter a(7, 10);
  const OrderWriter b(7, 10);
  const OrderWriter other(8, 10);
  int same = 0;
  for (std::uint64_t i = 100; i-- > 0;) {
    EXPECT_EQ(text(a, i), text(b, i));
    same += text(a, i) == text(other, i) ? 1 : 0;
  }
  EXPECT_EQ(same, 0);
}

TEST(OrderWriter, StaysWithinItsBufferAtTheLargestIndex) {
  const OrderWriter writer(UINT64_MAX, 50);
  for (std::uint64_t i = 0; i < 20000; ++i) {
    ASSERT_LT(text(writer, UINT64_MAX - i).size(), kLongestOrder);
  }
}

}  // namespace
}  // namespace sluice::generator
