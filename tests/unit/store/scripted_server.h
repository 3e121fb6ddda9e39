// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "runtime/base/stop.h"
#include "tests/unit/store/free_port.h"

namespace sluice {

// A server on loopback that does with each connection, one after the other, what a test says.
class ScriptedServer {
 public:
  // A connection. Closed when the script returns.
  class Peer {
   public:
    Peer(int fd, StopSource& ending) : fd_(fd), ending_(&ending) {}
    // Some of what the client sends.
    void hear() const {
      std::array<char, 4096> bytes;
      if (::recv(fd_, bytes.data(), bytes.size(), 0) < 0) ADD_FAILURE() << "nothing was sent";
    }
    // False: the client has gone.
    bool say(std::string_view text) const {
      return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) >= 0;
    }
    // True: the test is over.
    [[nodiscard]] bool ends_within(std::chrono::milliseconds time) const {
      return ending_->wait_for(time);
    }
    void wait_for_end() const {
      while (!ends_within(std::chrono::milliseconds(1000))) {
      }
    }

   private:
    int fd_;
    StopSource* ending_;
  };
  using Script = std::function<void(const Peer&)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), raw, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener_.get(), raw, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    ending_.request();
    thread_.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string url(const std::string& scheme = "redis") const {
    return scheme + "://127.0.0.1:" + std::to_string(port_);
  }

 private:
  void serve() {
    for (;;) {
      std::array<pollfd, 2> waiting{{{listener_.get(), POLLIN, 0}, {ending_.fd(), POLLIN, 0}}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
      if (ending_.requested()) return;
      const UniqueFd fd(::accept(listener_.get(), nullptr, nullptr));
      if (fd) script_(Peer(fd.get(), ending_));
    }
  }

  const Script script_;
  UniqueFd listener_;
  uint16_t port_ = 0;
  StopSource ending_;
  std::thread thread_;
};

}  // namespace sluice
