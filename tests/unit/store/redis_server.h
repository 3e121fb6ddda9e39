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
#include "tests/unit/store/free_port.h"
#include "tests/unit/store/temp_dir.h"

namespace sluice {

// A real Redis server of a test's own, on loopback, in memory only; ended with the test.
class RedisServer {
 public:
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
  static std::unique_ptr<RedisServer> start() {
    if (program().empty()) return nullptr;
    std::unique_ptr<RedisServer> server(new RedisServer);
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

  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

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
    const std::string port = std::to_string(port_);
    const std::string dir = folder_.path().string();
    const std::string log = dir + "/log";
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execl(path.c_str(), "redis-server", "--bind", "127.0.0.1", "--port", port.c_str(), "--save",
            "", "--appendonly", "no", "--dir", dir.c_str(), "--logfile", log.c_str(), nullptr);
    ::_exit(9);
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
  uint16_t port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace sluice
