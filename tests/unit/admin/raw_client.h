// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "runtime/base/unique_fd.h"

namespace sluice {

// A TCP client that sends exactly the bytes it is told to.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    // A server that never answers fails the test instead of hanging it.
    const timeval limit{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool connected() const { return connected_; }
  // False: the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // Everything until the server closes (or the limit of time).
  std::string read_all() {
    while (read_some()) {
    }
    return std::exchange(buffer_, {});
  }
  // One whole answer: header and as many bytes as its Content-Length says (none after HEAD).
  std::string read_answer(bool head = false) {
    size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_some()) return std::exchange(buffer_, {});
    }
    end += 4;
    const size_t at = buffer_.find("Content-Length: ");
    const size_t length = head || at > end ? 0 : std::stoul(buffer_.substr(at + 16));
    while (buffer_.size() < end + length) {
      if (!read_some()) break;
    }
    std::string answer = buffer_.substr(0, end + length);
    buffer_.erase(0, end + length);
    return answer;
  }
  // True: the server closed without sending anything more.
  bool closed_by_server() {
    const bool more = read_some();
    return !more && !timed_out_;
  }

 private:
  bool read_some() {
    char bytes[4096];
    const ssize_t n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) timed_out_ = true;
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  UniqueFd fd_;
  std::string buffer_;
  bool connected_ = false;
  bool timed_out_ = false;
};

}  // namespace sluice
