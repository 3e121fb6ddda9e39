// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/http.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "runtime/base/mutex.h"
#include "runtime/base/unique_fd.h"

namespace sluice::registry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Answers each connection with the same bytes, whatever is asked, and keeps what was.
class OneAnswerServer {
 public:
  enum class When { kAsked, kAtOnce };
  explicit OneAnswerServer(std::string answer, When when = When::kAsked)
      : answer_(std::move(answer)), when_(when) {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener_.get(), generic, &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~OneAnswerServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  [[nodiscard]] const std::string& url() const { return url_; }
  // Of the last connection that was answered; once its get() is back.
  std::string request() {
    MutexLock lock(mutex_);
    return request_;
  }

 private:
  void serve() {
    for (;;) {
      const UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
      if (peer.get() < 0) return;
      std::string request;
      char byte = 0;
      while (when_ == When::kAsked && request.find("\r\n\r\n") == std::string::npos &&
             ::recv(peer.get(), &byte, 1, 0) == 1) {
        request += byte;
      }
      {
        MutexLock lock(mutex_);
        request_ = request;
      }
      std::string_view rest = answer_;
      while (!rest.empty()) {
        const ssize_t sent = ::send(peer.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        rest.remove_prefix(static_cast<size_t>(sent));
      }
      ::shutdown(peer.get(), SHUT_WR);
      while (::recv(peer.get(), &byte, 1, 0) == 1) {
      }
    }
  }

  const std::string answer_;
  const When when_;
  std::string url_;
  Mutex mutex_;
  std::string request_ SLUICE_GUARDED_BY(mutex_);
  UniqueFd listener_;
  std::thread thread_;
};

class RegistryHttpTest : public ::testing::Test {
 protected:
  // A proxy of the machine's has no business here.
  void SetUp() override { ::setenv("no_proxy", "*", 1); }

  Result<HttpAnswer> get(const std::string& url) {
    config_.url = url;
    auto transport = make_transport(config_, stop_);
    EXPECT_TRUE(transport);
    return (*transport)->get("/schemas/ids/1");
  }

  RegistryConfig config_;
  const StopSource* stop_ = nullptr;
};

TEST_F(RegistryHttpTest, GivesStatusAndBody) {
  OneAnswerServer server("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello");
  const auto answer = get(server.url() + "/apis");
  ASSERT_TRUE(answer) << answer.status().message();
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_FALSE(answer->cut);
  EXPECT_THAT(server.request(), HasSubstr("GET /apis/schemas/ids/1 HTTP/1.1\r\n"));
  EXPECT_THAT(server.request(), Not(HasSubstr("Authorization")));
}

TEST_F(RegistryHttpTest, SaysWhoWeAre) {
  OneAnswerServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  config_.user = "ada";
  config_.password = "p:w";
  ASSERT_TRUE(get(server.url()));
  EXPECT_THAT(server.request(), HasSubstr("Authorization: Basic YWRhOnA6dw==\r\n"));
}

TEST_F(RegistryHttpTest, CutsWhatIsTooLarge) {
  const std::string body(kMaxAnswerBytes + 1, 'x');
  OneAnswerServer server("HTTP/1.1 200 OK\r\n\r\n" + body);
  const auto answer = get(server.url());
  ASSERT_TRUE(answer) << answer.status().message();
  EXPECT_TRUE(answer->cut);
  EXPECT_EQ(answer->status, 200);
  EXPECT_LE(answer->body.size(), kMaxAnswerBytes);
}

TEST_F(RegistryHttpTest, FollowsNobodyElsewhere) {
  OneAnswerServer elsewhere("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  OneAnswerServer server("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + elsewhere.url() +
                         "\r\n\r\n");
  const auto answer = get(server.url());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(elsewhere.request(), "");
}

TEST_F(RegistryHttpTest, CallsWhatIsNoHttpUnavailable) {
  for (const char* bytes :
       {"", "hello\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}) {
    OneAnswerServer server(bytes);
    const auto answer = get(server.url());
    ASSERT_FALSE(answer) << bytes;
    EXPECT_EQ(answer.status().code(), Code::kUnavailable);
    EXPECT_THAT(answer.status().message(), HasSubstr("is not reached: "));
  }
}

TEST_F(RegistryHttpTest, SpeaksNothingButHttp) {
  EXPECT_FALSE(get("file:///etc/hostname?"));
  EXPECT_FALSE(get("gopher://127.0.0.1:1"));
}

TEST_F(RegistryHttpTest, TakesNothingUnencryptedForHttps) {
  OneAnswerServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                         OneAnswerServer::When::kAtOnce);
  EXPECT_FALSE(get("https" + server.url().substr(4)));
}

TEST_F(RegistryHttpTest, EndsEarlyWhenStopIsAsked) {
  OneAnswerServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  StopSource stop;
  stop.request();
  stop_ = &stop;
  EXPECT_EQ(get(server.url()).status().code(), Code::kCancelled);
}

}  // namespace
}  // namespace sluice::registry
