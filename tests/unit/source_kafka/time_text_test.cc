// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/time_text.h"

#include <gtest/gtest.h>

namespace sluice::kafka_source {
namespace {

TEST(KafkaTimeText, ReadsDaysTimesFractionsAndZones) {
  EXPECT_EQ(parse_time("1970-01-02"), 86'400'000);
  EXPECT_EQ(parse_time("1970-01-01T00:00:01Z"), 1000);
  EXPECT_EQ(parse_time("1970-01-01 00:00:01.25Z"), 1250);
  EXPECT_EQ(parse_time("1970-01-01T00:00:01.123456789Z"), 1123);
  EXPECT_EQ(parse_time("1970-01-01T02:00:00+02:00"), 0);
  EXPECT_EQ(parse_time("1969-12-31T19:00:00-05:00"), 0);
  EXPECT_EQ(parse_time("2024-02-29T00:00:00Z"), 1709164800000);
}

TEST(KafkaTimeText, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "end", "2026", "2026-02-30", "2026-13-01", "2026-01-01T", "2026-1-1",
        "2026-01-01T25:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+99:00"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::kafka_source
