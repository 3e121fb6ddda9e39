// SPDX-License-Identifier: Apache-2.0
// The client of Redis against servers that are not well-behaved; those that are, are behind the
// stores' tests.
#include "runtime/store/redis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/scripted_server.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kLong{20'000};

TEST(RedisUrl, PartsAreReadAndDefaultsFilledIn) {
  const auto full = store::parse_redis_url("redis://me:p%40ss@host.example:7000/3").value();
  EXPECT_EQ(full.host, "host.example");
  EXPECT_EQ(full.port, 7000);
  EXPECT_EQ(full.database, 3);
  EXPECT_EQ(full.user, "me");
  EXPECT_EQ(full.password, "p@ss");
  EXPECT_EQ(full.text(), "host.example:7000/3");
  EXPECT_EQ(store::parse_redis_url("redis://h").value().port, 6379);
  EXPECT_EQ(store::parse_redis_url("redis://[::1]:1/").value().host, "::1");
  EXPECT_EQ(store::parse_redis_url("redis://:secret@h").value().password, "secret");
  EXPECT_FALSE(full.tls);
}

TEST(RedisUrl, TlsIsCheckedUnlessItSaysOtherwise) {
  const auto all = store::parse_redis_url(
                       "rediss://me:p%2F%3F@h:1/2?ssl_ca=/a%20b@.pem&ssl_certificate=/c&ssl_key=/k")
                       .value();
  EXPECT_EQ(all.text(), "h:1/2");
  EXPECT_EQ(all.password, "p/?");
  ASSERT_TRUE(all.tls);
  EXPECT_TRUE(all.tls->verify);
  EXPECT_EQ(all.tls->ca, "/a b@.pem");
  EXPECT_EQ(all.tls->certificate, "/c");
  EXPECT_EQ(all.tls->key, "/k");
  EXPECT_TRUE(store::parse_redis_url("rediss://h").value().tls->verify);
  EXPECT_FALSE(store::parse_redis_url("rediss://h?ssl_verify=none").value().tls->verify);
}

TEST(RedisUrl, WhatIsNoneIsRefusedWithWhatWasExpected) {
  for (const char* bad : {"",
                          "http://h",
                          "redis://",
                          "redis://h:0",
                          "redis://h:x",
                          "redis://h/x",
                          "redis://h:70000",
                          "redis://a:%zz@h",
                          "redis://[::1",
                          "redis://h/-1",
                          "rediss://",
                          "redis://h?ssl_ca=/x",
                          "rediss://h?ssl_ca=x",
                          "rediss://h?ssl_ca=",
                          "rediss://h?ssl_cert=/x",
                          "rediss://h?ssl_ca",
                          "rediss://h?ssl_key=/k",
                          "rediss://h?ssl_verify=no",
                          "rediss://h?ssl_verify=none&ssl_ca=/x",
                          "rediss://h?ssl_ca=/%00"}) {
    const auto parsed = store::parse_redis_url(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.status().code(), Code::kInvalid) << bad;
    EXPECT_THAT(parsed.status().message(), HasSubstr("redis://")) << bad;
  }
}

// What a command of so many bytes comes to where the server does this.
Status ask(const ScriptedServer& server, milliseconds timeout, size_t size = 1,
           std::string* out = nullptr) {
  store::RedisConnection connection(store::parse_redis_url(server.url()).value(), timeout);
  store::RedisCommands commands;
  commands.begin();
  commands.argument("ECHO");
  commands.argument(std::string(size, 'x'));
  return connection.run(commands, [out](size_t, const store::RedisReply& reply) {
    if (out != nullptr) *out = std::string(reply.text);
  });
}

TEST(RedisConnection, TakesAnAnswerThatComesInPieces) {
  ScriptedServer server([](const ScriptedServer::Peer& peer) {
    peer.hear();
    for (const char* piece : {"$", "1", "1\r", "\nhello", " world\r", "\n"}) peer.say(piece);
    peer.wait_for_end();
  });
  std::string answer;
  EXPECT_TRUE(ask(server, kLong, 1, &answer));
  EXPECT_EQ(answer, "hello world");
}

struct Hostile {
  const char* name;
  const char* says;
  const char* message;
};
class RedisHostile : public ::testing::TestWithParam<Hostile> {};
TEST_P(RedisHostile, AnswersAreRefusedAtOnce) {
  ScriptedServer server([](const ScriptedServer::Peer& peer) {
    peer.hear();
    peer.say(GetParam().says);
    peer.wait_for_end();
  });
  const Status status = ask(server, kLong);
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(
    All, RedisHostile,
    ::testing::Values(Hostile{"HugeList", "*2147483647\r\n", "a list"},
                      Hostile{"NestedLists", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "a list"},
                      Hostile{"NegativeText", "$-7\r\n", "no answer of Redis"},
                      Hostile{"NumberThatIsNone", ":1x\r\n", "no answer of Redis"},
                      Hostile{"AnotherProtocol", "HTTP/1.1 400 Bad Request\r\n", "no answer of"},
                      Hostile{"MoreThanAsked", "+OK\r\n+OK\r\n", "more than it was asked"}),
    [](const auto& of) { return of.param.name; });

TEST(RedisConnection, AnAnswerWithoutEndTakesBoundedMemory) {
  ScriptedServer server([](const ScriptedServer::Peer& peer) {
    peer.hear();
    peer.say("$2000000000\r\n");
    const std::string much(1 << 20, 'x');
    while (peer.say(much)) {
    }
  });
  const Status status = ask(server, kLong);
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("more than 64MiB"));
}

TEST(RedisConnection, AnAnswerThatTricklesEndsWithTheTimeOut) {
  ScriptedServer server([](const ScriptedServer::Peer& peer) {
    peer.hear();
    peer.say("$1000\r\n");
    while (!peer.ends_within(milliseconds(20))) peer.say("x");
  });
  const auto began = std::chrono::steady_clock::now();
  const Status status = ask(server, milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(3000)) << "of 20 s";
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("in time"));
}

TEST(RedisConnection, AServerThatDoesNotReadIsGivenUpOn) {
  ScriptedServer server([](const ScriptedServer::Peer& peer) { peer.wait_for_end(); });
  const Status status = ask(server, milliseconds(10), 32 << 20);
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("does not take"));
}

TEST(RedisConnection, ACutInTheMiddleIsSaidAndNoSignal) {
  ScriptedServer server([](const ScriptedServer::Peer& peer) {
    peer.hear();
    peer.say("$5\r\nhe");
  });
  EXPECT_THAT(ask(server, kLong).message(), HasSubstr("closed"));
  // The rest of what is sent meets a connection that is gone: SIGPIPE would end this process.
  EXPECT_EQ(ask(server, kLong, 32 << 20).code(), Code::kUnavailable);
}

}  // namespace
}  // namespace sluice
