// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/stop.h"
#include "runtime/store/redis.h"
#include "tests/unit/store/certificates.h"
#include "tests/unit/store/free_port.h"
#include "tests/unit/store/temp_dir.h"

namespace sluice {

// A real Redis server of a test's own, on loopback, in memory only; ended with the test.
class RedisServer {
 public:
  // Mutual: it asks for a client certificate, too.
  enum class Speaks { kPlain, kTls, kMutualTls };

  // Debian keeps the server's program in redis-tools under another name: what it is called decides
  // what it does.
  static std::string program() {
    for (const char* path :
         {"/usr/bin/redis-server", "/usr/bin/redis-check-rdb", "/usr/local/bin/redis-server"}) {
      if (::access(path, X_OK) == 0) return path;
    }
    return {};
  }

  // nullptr: there is no such program; the test is to be skipped with a reason.
  static std::unique_ptr<RedisServer> start(Speaks speaks = Speaks::kPlain) {
    if (program().empty()) return nullptr;
    std::unique_ptr<RedisServer> server(new RedisServer);
    server->speaks_ = speaks;
    if (speaks != Speaks::kPlain) {
      server->certificates_ = std::make_unique<Certificates>();
      server->certificates_->issue("server", "DNS:localhost,IP:127.0.0.1");
      server->certificates_->issue("client", "DNS:client");
    }
    for (int tries = 0; tries < 5; ++tries) {
      server->port_ = free_loopback_port();
      server->run();
      if (server->wait_ready()) return server;
      server->stop();
    }
    ADD_FAILURE() << "redis-server did not start";
    return nullptr;
  }
  ~RedisServer() { stop(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // With all that it takes to be let in.
  [[nodiscard]] std::string url() const {
    if (speaks_ == Speaks::kPlain) return "redis://127.0.0.1:" + std::to_string(port_);
    std::string out = bare_url() + "?ssl_ca=" + certificates_->pem("ca");
    if (speaks_ == Speaks::kTls) return out;
    return out + "&ssl_certificate=" + certificates_->pem("client") +
           "&ssl_key=" + certificates_->key("client");
  }
  [[nodiscard]] std::string bare_url(const std::string& host = "127.0.0.1") const {
    return "rediss://" + host + ":" + std::to_string(port_);
  }
  [[nodiscard]] uint16_t port() const { return port_; }
  // Of a server with TLS: what it has (`server`, read when it starts), `client`, and `ca`.
  [[nodiscard]] const Certificates& certificates() const { return *certificates_; }

  // What it holds is gone afterwards.
  void stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  void start_again() {
    run();
    ASSERT_TRUE(wait_ready());
  }
  // For a server that its own url() does not get on with: until it takes connections.
  void start_unchecked() {
    run();
    StopSource never;
    for (int i = 0; i < 1000 && !connects(); ++i) never.wait_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(connects());
  }
  // It is there and does not answer.
  void freeze() const { ::kill(pid_, SIGSTOP); }
  void thaw() const { ::kill(pid_, SIGCONT); }

  // The answers to a command, as text.
  std::string ask(const std::vector<std::string>& words) const {
    store::RedisConnection connection(store::parse_redis_url(url()).value(),
                                      std::chrono::milliseconds(2000));
    store::RedisCommands commands;
    commands.begin();
    for (const std::string& word : words) commands.argument(word);
    std::string out;
    const Status asked = connection.run(commands, [&out](size_t, const store::RedisReply& reply) {
      out = reply.kind == store::RedisReply::Kind::kNumber ? std::to_string(reply.number)
                                                           : std::string(reply.text);
    });
    return asked ? out : "error: " + asked.message();
  }

 private:
  RedisServer() = default;

  void run() {
    const std::string path = program();
    const std::string dir = folder_.path().string();
    std::vector<std::string> words = {"redis-server", "--bind", "127.0.0.1", "--save", "",
                                      "--appendonly", "no",     "--dir",     dir,      "--logfile",
                                      dir + "/log"};
    const auto add = [&words](const char* name, std::string value) {
      words.emplace_back(name);
      words.push_back(std::move(value));
    };
    if (speaks_ == Speaks::kPlain) {
      add("--port", std::to_string(port_));
    } else {
      add("--port", "0");
      add("--tls-port", std::to_string(port_));
      add("--tls-cert-file", certificates_->pem("server"));
      add("--tls-key-file", certificates_->key("server"));
      add("--tls-ca-cert-file", certificates_->pem("ca"));
      add("--tls-auth-clients", speaks_ == Speaks::kMutualTls ? "yes" : "no");
    }
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execv(path.c_str(), arguments.data());
    ::_exit(9);
  }

  [[nodiscard]] bool connects() const {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    return ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool wait_ready() const {
    StopSource never;
    for (int i = 0; i < 1000; ++i) {
      if (ask({"PING"}) == "PONG") return true;
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) return false;
      never.wait_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  TempDir folder_;
  std::unique_ptr<Certificates> certificates_;
  Speaks speaks_ = Speaks::kPlain;
  uint16_t port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace sluice
