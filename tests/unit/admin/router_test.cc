// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/admin/fake_backend.h"

namespace sluice::admin {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

Answer get(FakeBackend& backend, std::string_view target, std::string_view method = "GET") {
  return route({method, target, "localhost:8080"}, backend, false);
}

TEST(Router, ServesEveryListedPath) {
  FakeBackend backend;
  EXPECT_EQ(get(backend, "/health/live").body, "{\"status\":\"alive\"}\n");
  EXPECT_EQ(get(backend, "/health/ready").body, "{\"ready\":true}\n");
  EXPECT_EQ(get(backend, "/health/detailed").body, "{\"fake\":1}");
  EXPECT_EQ(get(backend, "/metrics").body, "fake 1\n");
  EXPECT_EQ(get(backend, "/metrics").content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(get(backend, "/health/live?x=1").status, 200u);
  const Answer index = get(backend, "/");
  for (const char* path : {"/health/live", "/health/ready", "/health/detailed", "/metrics"}) {
    EXPECT_THAT(index.body, HasSubstr(path));
  }
}

TEST(Router, NotReadyNamesTheCheck) {
  FakeBackend backend;
  backend.state = {false, "source \"s3\" is not connected"};
  const Answer answer = get(backend, "/health/ready");
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(answer.content_type, "application/problem+json");
  EXPECT_EQ(answer.body, R"({"type":"about:blank","title":"Service Unavailable","status":503,)"
                         R"("detail":"not ready: source \"s3\" is not connected",)"
                         R"("check":"source \"s3\" is not connected"})"
                         "\n");
}

TEST(Router, OtherSpellingsOfAPathAreNotFound) {
  FakeBackend backend;
  for (const char* target :
       {"//health/live", "/health//live", "/health/live/", "/./health/live", "/x/../health/live",
        "/health%2flive", "/%2e%2e/etc/passwd", "/../../etc/passwd", "/Health/live", "", "*",
        "health/live", "http://localhost/health/live", "/health/live#x", "/health/live;x",
        "\\health\\live", "/admin/drain"}) {
    const Answer answer = get(backend, target);
    EXPECT_EQ(answer.status, 404u) << target;
    EXPECT_EQ(answer.content_type, "application/problem+json") << target;
  }
  EXPECT_EQ(get(backend, std::string_view("/health/live\0", 13)).status, 404u);
}

TEST(Router, OtherMethodsAreRefusedWithAllow) {
  FakeBackend backend;
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW", "get"}) {
    const Answer answer = get(backend, "/metrics", method);
    EXPECT_EQ(answer.status, 405u) << method;
    EXPECT_THAT(answer.headers, Contains(Pair("Allow", "GET, HEAD")));
  }
}

TEST(Router, HostileBytesOfThePathAreEscapedAndCut) {
  FakeBackend backend;
  const std::string target = "/\"\n\x01\xff" + std::string(5000, 'a');
  const Answer answer = get(backend, target);
  EXPECT_LT(answer.body.size(), 400u);
  EXPECT_THAT(answer.body, HasSubstr("/\\\"\\n"));
}

TEST(Router, RefusesAForeignHostOnLoopbackOnly) {
  FakeBackend backend;
  EXPECT_EQ(route({"GET", "/metrics", "evil.example"}, backend, false).status, 421u);
  EXPECT_EQ(route({"GET", "/metrics", "evil.example"}, backend, true).status, 200u);
  EXPECT_EQ(route({"GET", "/metrics", std::nullopt}, backend, false).status, 200u);
}

TEST(LoopbackHost, AcceptsItsNamesWithAnyPort) {
  for (const char* host : {"localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "127.1.2.3",
                           "[::1]", "[::1]:8080"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1270.0.0.1",
        "128.0.0.1", "127.0.0", "127.0.0.1.1", "localhost:80a", "localhost:80:80", "[::1", "[::2]",
        "[::1]x", "127.0.0.1@evil.example", "user@localhost", "127..0.1", "127.0.0.0x1"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace
}  // namespace sluice::admin
