// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "tests/unit/admin/fake_backend.h"
#include "tests/unit/admin/raw_client.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::string_view_literals::operator""sv;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class AdminServerTest : public ::testing::Test {
 protected:
  void start(AdminServerOptions options = {}) {
    auto started = AdminServer::start("127.0.0.1:0", backend_, options);
    ASSERT_TRUE(started.is_ok()) << started.status().message();
    server_ = std::move(started).value();
    ASSERT_NE(server_->port(), 0);
  }
  std::string ask(std::string_view bytes) {
    RawClient client(server_->port());
    client.send(bytes);
    return client.read_all();
  }
  std::string get(const std::string& path) {
    return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }
  void expect_problem(const std::string& answer, const std::string& status) {
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 " + status + " "),
                              HasSubstr("Content-Type: application/problem+json\r\n"),
                              HasSubstr("\"status\":" + status + ",")));
  }

  FakeBackend backend_;
  std::unique_ptr<AdminServer> server_;  // after the backend it uses
};

TEST_F(AdminServerTest, AnswersEveryRoute) {
  start();
  EXPECT_THAT(get("/health/live"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("alive\"}\n")));
  EXPECT_THAT(get("/health/ready"), EndsWith("{\"ready\":true}\n"));
  EXPECT_THAT(get("/health/detailed"), EndsWith("{\"fake\":1}"));
  EXPECT_THAT(get("/metrics"), AllOf(HasSubstr("text/plain; version=0.0.4"), EndsWith("fake 1\n")));
  EXPECT_THAT(get("/"), HasSubstr("text/html"));
}

TEST_F(AdminServerTest, AddressHasTheRealPort) {
  start();
  EXPECT_EQ(server_->address(), "127.0.0.1:" + std::to_string(server_->port()));
}

TEST_F(AdminServerTest, NotReadyIs503NamingTheCheck) {
  backend_.state = {false, "sink pg is not connected"};
  start();
  const std::string answer = get("/health/ready");
  expect_problem(answer, "503");
  EXPECT_THAT(answer, HasSubstr("\"check\":\"sink pg is not connected\""));
}

TEST_F(AdminServerTest, SendsNoCorsAndForbidsSniffing) {
  start();
  const std::string answer =
      ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
          "Connection: close\r\n\r\n");
  EXPECT_THAT(answer, Not(HasSubstr("Access-Control")));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff"));
}

TEST_F(AdminServerTest, UnknownPathsMethodsAndHostsAreProblems) {
  start();
  expect_problem(get("/nope"), "404");
  expect_problem(get("/health/../metrics"), "404");
  expect_problem(
      ask("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n"
          "\r\n{}"),
      "405");
  expect_problem(ask("BREW / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), "405");
  expect_problem(ask("POST /admin/drown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                 "404");
  expect_problem(ask("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"), "421");
}

TEST_F(AdminServerTest, MalformedRequestsAre400AndCloseTheConnection) {
  start();
  for (const std::string_view request :
       {std::string_view("garbage\r\n\r\n"), std::string_view("GET /\r\n\r\n"),
        std::string_view("GET / HTTP/9.9\r\nHost: localhost\r\n\r\n"),
        std::string_view("GET / HTTP/1.1\r\nHost localhost\r\n\r\n"),
        std::string_view("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n"),
        "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n"sv,
        std::string_view("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        std::string_view("GET / HTTP/1.1\r\n\r\n"),
        std::string_view("\x16\x03\x01\x02\x00\x01\r\n"),
        std::string_view("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
                         "Transfer-Encoding: chunked\r\n\r\nx")}) {
    expect_problem(ask(request), "400");
  }
}

TEST_F(AdminServerTest, HeadHasTheHeaderOfGetAndNoBody) {
  start();
  RawClient client(server_->port());
  client.send("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string head = client.read_answer(true);
  EXPECT_THAT(head, AllOf(HasSubstr("Content-Length: 7\r\n"), EndsWith("\r\n\r\n")));
  // The connection goes on where the answer ended.
  client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.read_answer(), EndsWith("fake 1\n"));
}

TEST_F(AdminServerTest, OldClientsWithoutHostAreServed) {
  start();
  EXPECT_THAT(ask("GET /health/live HTTP/1.0\r\n\r\n"), HasSubstr("200 OK"));
}

TEST_F(AdminServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client(server_->port());
  client.send(
      "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /nope HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.read_answer(), EndsWith("alive\"}\n"));
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(client.read_answer(), EndsWith("fake 1\n"));
}

TEST_F(AdminServerTest, AnOversizedHeaderIs431) {
  start();
  expect_problem(
      ask("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"), "431");
  expect_problem(ask("GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n"), "431");
}

TEST_F(AdminServerTest, AnOversizedBodyIs413) {
  start();
  expect_problem(
      ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\nxxx"), "413");
  std::string chunked = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  const uint64_t chunks = AdminServerOptions().max_body_bytes / 1024 + 16;
  for (uint64_t i = 0; i < chunks; ++i) chunked += "400\r\n" + std::string(1024, 'x') + "\r\n";
  expect_problem(ask(chunked), "413");
}

TEST_F(AdminServerTest, ASlowHeaderIsCutOff) {
  AdminServerOptions options;
  options.request_timeout = milliseconds(50);
  start(options);
  RawClient silent(server_->port());
  RawClient slow(server_->port());
  slow.send("GET / HTTP/1.1\r\nHost: local");
  EXPECT_TRUE(silent.closed_by_server());
  EXPECT_TRUE(slow.closed_by_server());
  EXPECT_THAT(get("/health/live"), HasSubstr("200 OK"));
}

TEST_F(AdminServerTest, DrippingBytesDoNotExtendTheLimit) {
  AdminServerOptions options;
  options.request_timeout = milliseconds(60);
  start(options);
  RawClient client(server_->port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\n"));
  const auto begin = std::chrono::steady_clock::now();
  // Each byte keeps the connection busy; the server still closes it.
  while (client.send("X") && std::chrono::steady_clock::now() - begin < std::chrono::seconds(5)) {
    std::this_thread::yield();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(AdminServerTest, AnIdleKeptAliveConnectionIsClosed) {
  AdminServerOptions options;
  options.idle_timeout = milliseconds(50);
  start(options);
  RawClient client(server_->port());
  client.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.read_answer(), HasSubstr("200 OK"));
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(AdminServerTest, TwoHundredConnectionsDoNotEndIt) {
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    ASSERT_TRUE(clients.back()->connected()) << i;
  }
  int served = 0;
  int turned_away = 0;
  for (auto& client : clients) {
    client->send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string answer = client->read_answer();
    served += answer.find("200 OK") != std::string::npos ? 1 : 0;
    // A reset may overtake the 503 of a client that had begun to send.
    turned_away += answer.empty() || answer.find("503") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(served, 128);
  EXPECT_EQ(turned_away, 72);
  clients.clear();
  std::string answer;
  for (int i = 0; i < 1000 && answer.find("200 OK") == std::string::npos; ++i) {
    answer = get("/health/live");
  }
  EXPECT_THAT(answer, HasSubstr("200 OK"));
}

TEST_F(AdminServerTest, AClientTurnedAwayIsTold503) {
  AdminServerOptions options;
  options.max_connections = 1;
  start(options);
  RawClient first(server_->port());
  first.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_THAT(first.read_answer(), HasSubstr("200 OK"));
  RawClient second(server_->port());
  expect_problem(second.read_all(), "503");
}

TEST_F(AdminServerTest, ManyClientsAtOnceAreAllServed) {
  start();
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      RawClient client(server_->port());
      for (int i = 0; i < 25; ++i) {
        client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        if (client.read_answer().ends_with("fake 1\n")) ++served;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(served, 200);
}

TEST_F(AdminServerTest, ALargeAnswerArrivesWhole) {
  backend_.metrics.assign(5'000'000, 'm');
  start();
  EXPECT_GT(get("/metrics").size(), 5'000'000u);
}

TEST_F(AdminServerTest, ABackendThatThrowsIs500AndNothingMore) {
  backend_.fail = true;
  start();
  expect_problem(get("/health/detailed"), "500");
  EXPECT_THAT(get("/health/live"), HasSubstr("200 OK"));
}

TEST_F(AdminServerTest, HealthChecksAreAnsweredWhileAReloadIsGoingOn) {
  std::promise<void> begun;
  std::promise<void> go_on;
  backend_.reloading = [&] {
    begun.set_value();
    go_on.get_future().wait();
  };
  start();
  RawClient client(server_->port());
  client.send("POST /admin/reload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  begun.get_future().wait();
  EXPECT_THAT(get("/health/live"), StartsWith("HTTP/1.1 200 OK\r\n"));
  go_on.set_value();
  EXPECT_THAT(client.read_all(), EndsWith("{\"done\":true}\n"));
}

TEST_F(AdminServerTest, StopsWhileAReloadIsGoingOnAndAnotherWaits) {
  std::promise<void> begun;
  std::promise<void> go_on;
  backend_.reloading = [&, n = 0]() mutable {
    if (n++ != 0) return;
    begun.set_value();
    go_on.get_future().wait();
  };
  start();
  constexpr std::string_view kReload = "POST /admin/reload HTTP/1.1\r\nHost: localhost\r\n\r\n";
  RawClient first(server_->port());
  first.send(kReload);
  begun.get_future().wait();
  RawClient second(server_->port());
  second.send(kReload);
  EXPECT_THAT(get("/health/live"), StartsWith("HTTP/1.1 200 OK\r\n"));
  std::thread stopper([&] { server_.reset(); });
  go_on.set_value();
  stopper.join();
  EXPECT_LE(backend_.reloaded.size(), 2u);
}

TEST_F(AdminServerTest, StopsWhileClientsAreConnected) {
  start();
  RawClient idle(server_->port());
  RawClient busy(server_->port());
  busy.send("GET / HT");
  server_.reset();
  EXPECT_TRUE(idle.closed_by_server());
}

TEST(AdminServerStart, EmptyListenIsNoServer) {
  FakeBackend backend;
  auto server = AdminServer::start("", backend);
  ASSERT_TRUE(server.is_ok());
  EXPECT_EQ(*server, nullptr);
}

TEST(AdminServerStart, ATakenPortSaysSo) {
  FakeBackend backend;
  auto first = AdminServer::start("127.0.0.1:0", backend);
  ASSERT_TRUE(first.is_ok());
  auto second = AdminServer::start((*first)->address(), backend);
  ASSERT_FALSE(second.is_ok());
  EXPECT_EQ(second.status().code(), Code::kExists);
  EXPECT_EQ(second.status().message(),
            (*first)->address() + " is taken by another process; set runtime.admin.listen");
}

TEST(AdminServerStart, WhatIsNoAddressIsRefusedWithAnExample) {
  FakeBackend backend;
  for (const char* listen : {"8080", "localhost", "localhost:", "localhost:x", "localhost:65536",
                             "::1:8080", "no such host:1", "127.0.0.1:-1", "127.0.0.1:80 "}) {
    auto server = AdminServer::start(listen, backend);
    ASSERT_FALSE(server.is_ok()) << listen;
    EXPECT_EQ(server.status().code(), Code::kInvalid) << listen;
    EXPECT_THAT(server.status().message(), HasSubstr("runtime.admin.listen")) << listen;
  }
}

TEST(AdminServerStart, AnAddressOfAnotherMachineIsRefused) {
  FakeBackend backend;
  auto server = AdminServer::start("192.0.2.1:8080", backend);
  ASSERT_FALSE(server.is_ok());
  EXPECT_EQ(server.status().code(), Code::kUnavailable);
}

TEST(AdminServerStart, BeyondLoopbackAnyHostIsServed) {
  FakeBackend backend;
  auto server = AdminServer::start("0.0.0.0:0", backend);
  ASSERT_TRUE(server.is_ok()) << server.status().message();
  RawClient client((*server)->port());
  client.send("GET /metrics HTTP/1.1\r\nHost: sluice.monitoring.svc\r\n\r\n");
  EXPECT_THAT(client.read_answer(), HasSubstr("200 OK"));
}

}  // namespace
}  // namespace sluice
