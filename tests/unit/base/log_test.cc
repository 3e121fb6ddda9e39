// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

class Log : public ::testing::Test {
 protected:
  void TearDown() override { log::configure(log::Format::kText, log::Level::kInfo); }
  static std::string line(log::Format format, const std::string& value) {
    log::configure(format, log::Level::kInfo);
    ::testing::internal::CaptureStderr();
    log::info("test.event", "it happened", {{"value", value}, {"count", 3}, {"on", true}});
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(Log, WritesTextWithEventSentenceAndFields) {
  const std::string out = line(log::Format::kText, "two words");
  EXPECT_NE(out.find("info test.event it happened value=\"two words\" count=3 on=true\n"),
            std::string::npos)
      << out;
}

TEST_F(Log, WritesOneJsonObjectALine) {
  const std::string out = line(log::Format::kJson, "a\"b");
  EXPECT_NE(out.find("\"level\":\"info\",\"event\":\"test.event\",\"text\":\"it happened\","
                     "\"value\":\"a\\\"b\",\"count\":\"3\",\"on\":\"true\"}\n"),
            std::string::npos)
      << out;
}

TEST_F(Log, CannotBeForgedByAValue) {
  for (const log::Format format : {log::Format::kText, log::Format::kJson}) {
    for (const std::string& value : {std::string("x\n2026-01-01 error forged"), std::string("x\ny"),
                                     std::string("\r\x1b[2K")}) {
      const std::string out = line(format, value);
      EXPECT_EQ(out.find('\n'), out.size() - 1) << out;
      EXPECT_EQ(out.find('\r'), std::string::npos);
      EXPECT_EQ(out.find('\x1b'), std::string::npos);
    }
  }
}

TEST_F(Log, LeavesOutWhatIsBelowTheLevel) {
  log::configure(log::Format::kText, log::Level::kWarn);
  ::testing::internal::CaptureStderr();
  log::info("test.info", "no");
  log::warn("test.warn", "yes");
  const std::string out = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(out.find("test.info"), std::string::npos);
  EXPECT_NE(out.find("test.warn"), std::string::npos);
  EXPECT_FALSE(log::enabled(log::Level::kDebug));
}

}  // namespace
}  // namespace sluice
