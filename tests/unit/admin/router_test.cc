// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

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
        "\\health\\live", "/admin/drained", "/admin"}) {
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

TEST(Router, DriftGetsItsQueryAndIsForThisMachineOnly) {
  FakeBackend backend;
  EXPECT_THAT(get(backend, "/admin/drift?since=1h&x=%20").body,
              HasSubstr(R"({"query":"since=1h&x=%20","samples":1})"));
  EXPECT_THAT(get(backend, "/admin/drift").body, HasSubstr(R"({"query":"","samples":1})"));
  EXPECT_EQ(route({"GET", "/admin/drift", "host.example"}, backend, true).status, 403u);
  const Answer answer = get(backend, "/admin/drift?bad");
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(answer.content_type, "application/problem+json");
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

TEST(Router, StatesArePosted) {
  FakeBackend backend;
  const auto posted = [&](const char* target) { return get(backend, target, "POST").body; };
  EXPECT_EQ(posted("/admin/drain"), "{\"asked\":\"drain \"}\n");
  EXPECT_EQ(posted("/admin/pause?pipeline=p"), "{\"asked\":\"paused pipeline=p\"}\n");
  EXPECT_EQ(posted("/admin/brownout?rate=0.5"), "{\"asked\":\"brownout rate=0.5\"}\n");
  EXPECT_EQ(posted("/admin/burst?multiplier=2"), "{\"asked\":\"burst multiplier=2\"}\n");
  for (const char* target : {"/admin/drain", "/admin/pause", "/admin/brownout", "/admin/burst"}) {
    EXPECT_EQ(get(backend, target).status, 405u) << target;
  }
  EXPECT_EQ(get(backend, "/admin/pipelines").body, "{\"pipelines\":1}");
}

TEST(Router, AReloadIsPostedForOnePipelineOrAll) {
  FakeBackend backend;
  EXPECT_EQ(get(backend, "/admin/reload", "POST").body, "{\"done\":true}\n");
  EXPECT_EQ(get(backend, "/admin/reload?pipeline=orders", "POST").status, 200u);
  EXPECT_THAT(backend.reloaded, ::testing::ElementsAre("", "orders"));
  EXPECT_EQ(get(backend, "/admin/reload?pipelines=orders", "POST").status, 400u);
  EXPECT_EQ(get(backend, "/admin/transformers").body, "{\"transformers\":1}");
  EXPECT_EQ(get(backend, "/admin/transformers/rollback?pipeline=p", "POST").status, 200u);
  EXPECT_EQ(backend.rolled_back, std::vector<std::string>{"p"});
  EXPECT_EQ(get(backend, "/admin/transformers/rollback").status, 405u);
  EXPECT_EQ(get(backend, "/admin/resume?pipeline=p", "POST").body, "{\"done\":true}\n");
  EXPECT_EQ(backend.resumed, std::vector<std::string>{"p"});
  EXPECT_TRUE(takes_long({"POST", "/admin/reload?pipeline=p", {}}));
  EXPECT_FALSE(takes_long({"GET", "/admin/transformers", {}}));
  const Answer wrong = get(backend, "/admin/reload");
  EXPECT_EQ(wrong.status, 405u);
  EXPECT_THAT(wrong.headers, Contains(Pair("Allow", "POST")));
  EXPECT_EQ(get(backend, "/admin/schemas", "POST").status, 405u);
  EXPECT_EQ(backend.reloaded.size(), 2u);
}

TEST(Router, ARefusedReloadIsAProblemWithItsMembers) {
  FakeBackend backend;
  backend.reply = {409, "needs a restart", R"("keys":["a.b"])"};
  const Answer answer = get(backend, "/admin/reload", "POST");
  EXPECT_EQ(answer.status, 409u);
  EXPECT_EQ(answer.content_type, "application/problem+json");
  EXPECT_EQ(answer.body, R"({"type":"about:blank","title":"Conflict","status":409,)"
                         R"("detail":"needs a restart","keys":["a.b"]})"
                         "\n");
}

TEST(Router, StrangersMayNotUseAdmin) {
  FakeBackend backend;
  const auto ask = [&](const std::function<void(Request&)>& change) {
    Request request{"POST", "/admin/reload", "localhost:8080", {}, {}, true};
    change(request);
    return route(request, backend, true).status;
  };
  EXPECT_EQ(ask([](Request&) {}), 200u);
  EXPECT_EQ(ask([](Request& r) { r.origin = "http://localhost:8080"; }), 200u);
  EXPECT_EQ(ask([](Request& r) { r.fetch_site = "same-origin"; }), 200u);
  backend.reloaded.clear();
  EXPECT_EQ(ask([](Request& r) { r.from_here = false; }), 403u);
  EXPECT_EQ(ask([](Request& r) { r.host = "evil.example"; }), 403u);
  EXPECT_EQ(ask([](Request& r) { r.host.reset(); }), 403u);
  EXPECT_EQ(ask([](Request& r) { r.origin = "http://evil.example"; }), 403u);
  EXPECT_EQ(ask([](Request& r) { r.origin = "null"; }), 403u);
  EXPECT_EQ(ask([](Request& r) { r.origin = "https://localhost:8080"; }), 403u);
  EXPECT_EQ(ask([](Request& r) { r.fetch_site = "cross-site"; }), 403u);
  EXPECT_EQ(ask([](Request& r) { r.fetch_site = "same-site"; }), 403u);
  EXPECT_TRUE(backend.reloaded.empty());
}

TEST(Router, DeadLettersAreLookedAtByGetAndChangedByPost) {
  FakeBackend backend;
  EXPECT_EQ(get(backend, "/admin/dlq/summary?since=1h").body,
            "{\"what\":\"summary\",\"query\":\"since=1h\",\"body\":\"\"}\n");
  EXPECT_EQ(get(backend, "/admin/dlq/redrive?id=4").body,
            "{\"what\":\"redrive\",\"query\":\"id=4\",\"body\":\"\"}\n");
  Request post{"POST", "/admin/dlq/redrive", "localhost"};
  post.body = "x";
  EXPECT_EQ(route(post, backend, false).body,
            "{\"what\":\"redrive changed\",\"query\":\"\",\"body\":\"x\"}\n");
  EXPECT_TRUE(takes_long(post));
  EXPECT_EQ(get(backend, "/admin/dlq/purge").status, 405U);
  Request summary{"POST", "/admin/dlq/summary", "localhost"};
  EXPECT_EQ(route(summary, backend, false).status, 405U);
  EXPECT_TRUE(takes_long({"GET", "/admin/dlq/analyze?limit=3", "localhost"}));
  EXPECT_FALSE(takes_long({"GET", "/admin/dlq/redrive", "localhost"}));
  post.origin = "http://elsewhere.example";
  EXPECT_EQ(route(post, backend, false).status, 403U);
}

}  // namespace
}  // namespace sluice::admin
