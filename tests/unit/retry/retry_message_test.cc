// SPDX-License-Identifier: Apache-2.0
#include "runtime/retry/retry_message.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice {
namespace {

DeadLetter letter() {
  DeadLetter out;
  out.pipeline = "p";
  out.sink = "pg";
  out.stage = "deliver";
  out.reason = "CONNECTION_ERROR";
  out.raw = R"({"id":1})";
  out.rendered = R"({"id":1,"total":2})";
  out.headers = {{"trace", "t1"}, {"sluice.retry_count", "99"}};  // the second is the record's own
  out.retries = 2;
  out.id = letter_id(out);
  return out;
}

TEST(RetryMessage, ComesBackAsItWentIn) {
  const auto read = read_retry_message(retry_message(letter(), 1'700'000'000'000'000));
  ASSERT_TRUE(read.is_ok()) << read.status().message();
  EXPECT_EQ(read->retry_at_us, 1'700'000'000'000'000);
  EXPECT_EQ(read->letter.retries, 2U);
  EXPECT_EQ(read->letter.raw, letter().raw);
  EXPECT_EQ(read->letter.rendered, letter().rendered);
  EXPECT_EQ(read->letter.id, letter().id);
  EXPECT_EQ(read->letter.headers, letter().headers);
}

TEST(RetryMessage, WithoutItsCountOrTimeIsDamaged) {
  for (const std::string_view header : {kRetryCountHeader, kRetryAtHeader}) {
    store::TopicMessage message = retry_message(letter(), 1);
    std::erase_if(message.headers, [&](const auto& entry) { return entry.first == header; });
    EXPECT_EQ(read_retry_message(message).status().code(), Code::kCorrupt);
    for (const char* value : {"", "x", "1 ", "99999999999999999999"}) {
      store::TopicMessage wrong = message;
      wrong.headers.emplace_back(header, value);
      const auto read = read_retry_message(wrong);
      EXPECT_EQ(read.status().code(), Code::kCorrupt) << value;
      EXPECT_NE(read.status().message().find(header), std::string::npos);
    }
  }
}

TEST(RetryMessage, ThatIsNoLetterIsNotFound) {
  store::TopicMessage message;
  message.value = "not ours";
  EXPECT_EQ(read_retry_message(message).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace sluice
