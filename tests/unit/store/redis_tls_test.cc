// SPDX-License-Identifier: Apache-2.0
// Redis over TLS: who is trusted, and what is said where somebody is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/redis_server.h"
#include "tests/unit/store/scripted_server.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Speaks = RedisServer::Speaks;

Status ping(store::RedisConnection& connection, size_t size = 1) {
  store::RedisCommands commands;
  commands.begin();
  commands.argument("ECHO");
  commands.argument(std::string(size, 'x'));
  return connection.run(commands, [size](size_t, const store::RedisReply& reply) {
    EXPECT_EQ(reply.text.size(), size);
  });
}
Status ping(const std::string& url, milliseconds timeout = milliseconds(5000), size_t size = 1) {
  store::RedisConnection connection(store::parse_redis_url(url).value(), timeout);
  return ping(connection, size);
}
void expect_invalid(const Status& status, const std::string& part) {
  EXPECT_EQ(status.code(), Code::kInvalid) << status.message();
  EXPECT_THAT(status.message(), HasSubstr(part));
}

class RedisTls : public ::testing::Test {
 protected:
  void start(Speaks speaks) {
    server_ = RedisServer::start(speaks);
    if (!server_) GTEST_SKIP() << "no redis-server; make setup installs it";
  }
  [[nodiscard]] std::string ca() const { return "?ssl_ca=" + server_->certificates().pem("ca"); }
  void restart() {
    server_->stop();
    server_->start_again();
  }
  // A server whose own certificate does not pass cannot be asked whether it is ready by url().
  void restart_with(const std::string& names, int days) {
    server_->stop();
    server_->certificates().issue("server", names, days);
    server_->start_unchecked();
  }
  std::unique_ptr<RedisServer> server_;
};

#define SLUICE_START(speaks) \
  start(speaks);             \
  if (!server_) return

TEST_F(RedisTls, NamesAndAddressesOfTheCertificateAreTaken) {
  SLUICE_START(Speaks::kTls);
  EXPECT_TRUE(ping(server_->bare_url("127.0.0.1") + ca()));
  EXPECT_TRUE(ping(server_->bare_url("localhost") + ca()));
}

TEST_F(RedisTls, MuchIsSentAndReceived) {
  SLUICE_START(Speaks::kTls);
  const Status much = ping(server_->url(), milliseconds(20'000), 20 << 20);
  EXPECT_TRUE(much) << much.message();
}

TEST_F(RedisTls, AnUnknownAuthorityIsRefused) {
  SLUICE_START(Speaks::kTls);
  expect_invalid(ping(server_->bare_url()), "give its authority with ssl_ca");
  const Certificates other;
  expect_invalid(ping(server_->bare_url() + "?ssl_ca=" + other.pem("ca")), other.pem("ca"));
}

TEST_F(RedisTls, ChecksAreLeftOutOnlyWhereThatIsSaid) {
  SLUICE_START(Speaks::kTls);
  EXPECT_TRUE(ping(server_->bare_url() + "?ssl_verify=none"));
}

TEST_F(RedisTls, ACertificateForSomebodyElseIsRefused) {
  SLUICE_START(Speaks::kTls);
  restart_with("DNS:other.example,IP:127.0.0.2", 2);
  for (const char* host : {"127.0.0.1", "localhost"}) {
    expect_invalid(ping(server_->bare_url(host) + ca()), "not for '" + std::string(host) + "'");
  }
}

TEST_F(RedisTls, AnExpiredCertificateIsRefused) {
  SLUICE_START(Speaks::kTls);
  restart_with("IP:127.0.0.1", -1);
  expect_invalid(ping(server_->url()), "has expired");
}

TEST_F(RedisTls, FilesThatCannotBeUsedAreNamed) {
  SLUICE_START(Speaks::kTls);
  const Certificates& files = server_->certificates();
  expect_invalid(ping(server_->bare_url() + "?ssl_ca=/nowhere.pem"), "ssl_ca /nowhere.pem");
  expect_invalid(ping(server_->bare_url() + "?ssl_ca=" + files.key("ca")), "no certificate");
  const std::string with = "&ssl_certificate=" + files.pem("client") + "&ssl_key=";
  expect_invalid(ping(server_->bare_url() + ca() + with + "/nowhere.key"), "ssl_key /nowhere.key");
  expect_invalid(ping(server_->bare_url() + ca() + with + files.key("server")), "not the key");
}

TEST_F(RedisTls, AKeyWithAPasswordIsRefusedWithoutAsking) {
  SLUICE_START(Speaks::kTls);
  const Certificates& files = server_->certificates();
  const std::string locked = files.key("locked");
  const std::string command = "openssl ec -in " + files.key("client") + " -out " + locked +
                              " -aes128 -passout pass:secret 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  expect_invalid(ping(server_->bare_url() + ca() + "&ssl_certificate=" + files.pem("client") +
                      "&ssl_key=" + locked),
                 "without a password");
}

// What a server says of the client's certificate comes within the handshake in TLS 1.2 and behind
// it in TLS 1.3.
class RedisMutualTls : public RedisTls, public ::testing::WithParamInterface<std::string> {};
TEST_P(RedisMutualTls, TheServerLetsInWhomItKnows) {
  SLUICE_START(Speaks::kMutualTls);
  ASSERT_EQ(server_->ask({"CONFIG", "SET", "tls-protocols", GetParam()}), "OK");
  EXPECT_TRUE(ping(server_->url()));
  for (const size_t size : {size_t{1}, size_t{16} << 20}) {
    expect_invalid(ping(server_->bare_url() + ca(), milliseconds(5000), size),
                   "ssl_certificate=/file");
    const Certificates other;
    other.issue("client", "DNS:client");
    expect_invalid(ping(server_->bare_url() + ca() + "&ssl_certificate=" + other.pem("client") +
                            "&ssl_key=" + other.key("client"),
                        milliseconds(5000), size),
                   "refused the certificate " + other.pem("client"));
  }
}
INSTANTIATE_TEST_SUITE_P(Versions, RedisMutualTls, ::testing::Values("TLSv1.2", "TLSv1.3"),
                         [](const auto& of) { return of.param == "TLSv1.2" ? "Tls12" : "Tls13"; });

TEST_F(RedisTls, PasswordsAreGivenOverIt) {
  SLUICE_START(Speaks::kTls);
  ASSERT_EQ(server_->ask({"ACL", "SETUSER", "me", "on", ">p/?", "+@all", "~*"}), "OK");
  const auto as = [&](const std::string& who) {
    std::string url = server_->url() + "&";
    return url.insert(url.find("//") + 2, who + "@");
  };
  EXPECT_TRUE(ping(as("me:p%2F%3F")));
  const Status refused = ping(as("me:wrong"));
  expect_invalid(refused, "WRONGPASS");
  EXPECT_THAT(refused.message(), Not(HasSubstr("wrong@")));
}

TEST_F(RedisTls, ReplacedCertificatesAreTakenUpWithTheNextConnection) {
  SLUICE_START(Speaks::kMutualTls);
  store::RedisConnection connection(store::parse_redis_url(server_->url()).value(),
                                    milliseconds(5000));
  ASSERT_TRUE(ping(connection));
  const Certificates& files = server_->certificates();
  const std::string old = files.pem("ca") + ".old";
  std::filesystem::copy_file(files.pem("ca"), old);
  server_->stop();
  files.renew_authority();
  files.issue("server", "IP:127.0.0.1");
  files.issue("client", "DNS:client");
  server_->start_again();
  const std::string fresh = files.pem("ca") + ".fresh";
  std::filesystem::rename(files.pem("ca"), fresh);
  std::filesystem::rename(old, files.pem("ca"));
  EXPECT_EQ(ping(connection).code(), Code::kUnavailable) << "the connection of before";
  expect_invalid(ping(connection), "not trusted");
  std::filesystem::rename(fresh, files.pem("ca"));
  const Status mended = ping(connection);
  EXPECT_TRUE(mended) << mended.message();
}

TEST_F(RedisTls, AServerWithoutTlsIsToldFromASilentOne) {
  SLUICE_START(Speaks::kPlain);
  expect_invalid(ping(server_->bare_url() + "?ssl_verify=none", milliseconds(800)), "no TLS");
  const ScriptedServer silent([](const auto& peer) { peer.wait_for_end(); });
  const Status status = ping(silent.url("rediss"), milliseconds(200));
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("handshake"), HasSubstr("not in time")));
  const ScriptedServer web([](const auto& peer) { peer.say("HTTP/1.1 400 Bad Request\r\n"); });
  expect_invalid(ping(web.url("rediss")), "no TLS");
}

TEST_F(RedisTls, PlainTextToAServerWithTlsIsCutOff) {
  SLUICE_START(Speaks::kTls);
  const Status status = ping("redis://127.0.0.1:" + std::to_string(server_->port()));
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("rediss://"));
}

TEST_F(RedisTls, AHandshakeThatTricklesEndsWithTheTimeOut) {
  const ScriptedServer server([](const auto& peer) {
    peer.say(std::string("\x16\x03\x03\x10\x00\x02\x00\x0f\xfc\x03\x03", 11));
    while (!peer.ends_within(milliseconds(20)) && peer.say("x")) {
    }
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(ping(server.url("rediss"), milliseconds(200)).code(), Code::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(3000)) << "of 80 s";
}

TEST_F(RedisTls, AServerThatIsKilledRaisesNoSignal) {
  SLUICE_START(Speaks::kTls);
  store::RedisConnection connection(store::parse_redis_url(server_->url()).value(),
                                    milliseconds(5000));
  ASSERT_TRUE(ping(connection));
  restart();
  EXPECT_EQ(ping(connection, 16 << 20).code(), Code::kUnavailable);
  EXPECT_TRUE(ping(connection));
}

}  // namespace
}  // namespace sluice
