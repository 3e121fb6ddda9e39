// SPDX-License-Identifier: Apache-2.0
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "runtime/store/redis_transport.h"

namespace sluice::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string words_of(int error) { return std::generic_category().message(error); }

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

bool wait_on(int fd, short events, RedisDeadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{fd, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // the next call on it says what is wrong
  }
}

// 0, or the error.
int connect_one(const addrinfo& to, RedisDeadline deadline, UniqueFd& out) {
  UniqueFd fd(::socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  if (::connect(fd.get(), to.ai_addr, to.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno;
    if (!wait_on(fd.get(), POLLOUT, deadline)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    if (error != 0) return error;
  }
  const int on = 1;
  if (::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) return errno;
  out = std::move(fd);
  return 0;
}

class PlainTransport final : public RedisTransport {
 public:
  explicit PlainTransport(RedisSocket socket) : socket_(std::move(socket)) {}

  Status write(std::string_view bytes, RedisDeadline deadline) override {
    while (!bytes.empty()) {
      const ssize_t sent = socket_.send(bytes.data(), bytes.size());
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      } else if (errno != EAGAIN) {
        return redis_away("sending: " + words_of(errno));
      } else if (!socket_.wait(POLLOUT, deadline)) {
        return redis_away("it does not take what is sent");
      }
    }
    return Status::ok();
  }

  Result<size_t> read(std::span<char> into, RedisDeadline deadline) override {
    for (;; drained_ = true) {
      if (drained_ && !socket_.wait(POLLIN, deadline)) return redis_away("no answer in time");
      const ssize_t got = socket_.receive(into.data(), into.size());
      if (got > 0) {
        heard_ = true;
        drained_ = static_cast<size_t>(got) < into.size();
        return static_cast<size_t>(got);
      }
      if (got == 0) return closed();
      if (errno == ECONNRESET) return closed();
      if (errno != EAGAIN) return redis_away("no answer: " + words_of(errno));
    }
  }

 private:
  // Redis that expects a handshake closes on whatever else comes.
  [[nodiscard]] Status closed() const {
    constexpr std::string_view kClosed = "it closed the connection";
    if (heard_) return redis_away(kClosed);
    return redis_away(std::string(kClosed) + " before any answer (a port for TLS? use rediss://)");
  }

  RedisSocket socket_;
  bool heard_ = false;
  bool drained_ = true;  // nothing is there, as far as is known: to try first would cost a call
};

}  // namespace

Status redis_away(std::string_view what) {
  return unavailable(std::string(what) +
                     "; check that the server runs and runtime.state.shared names it");
}

Result<RedisSocket> RedisSocket::connect(const RedisAddress& address, RedisDeadline deadline) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const int found =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted, &raw);
  if (found != 0) {
    const std::string why = found == EAI_SYSTEM ? words_of(errno) : ::gai_strerror(found);
    return redis_away("looking its name up: " + why);
  }
  const std::unique_ptr<addrinfo, FreeAddresses> list(raw);
  int left = 0;
  for (const addrinfo* at = raw; at != nullptr; at = at->ai_next) ++left;
  int error = EADDRNOTAVAIL;
  for (const addrinfo* at = raw; at != nullptr; at = at->ai_next, --left) {
    // One address that swallows everything must leave time for the others.
    const auto now = steady_clock::now();
    UniqueFd fd;
    error = connect_one(*at, now + (deadline - now) / left, fd);
    if (error == 0) return RedisSocket(std::move(fd));
  }
  return redis_away("connecting: " + words_of(error));
}

ssize_t RedisSocket::send(const char* bytes, size_t size) const {
  ssize_t done = 0;
  do done = ::send(fd_.get(), bytes, size, MSG_NOSIGNAL);
  while (done < 0 && errno == EINTR);
  return done;
}

ssize_t RedisSocket::receive(char* into, size_t size) const {
  ssize_t done = 0;
  do done = ::recv(fd_.get(), into, size, 0);
  while (done < 0 && errno == EINTR);
  return done;
}

bool RedisSocket::wait(short events, RedisDeadline deadline) const {
  return wait_on(fd_.get(), events, deadline);
}

Result<std::unique_ptr<RedisTransport>> connect_redis(const RedisAddress& address,
                                                      RedisDeadline deadline) {
  if (address.tls) return connect_redis_tls(address, deadline);
  SLUICE_ASSIGN_OR_RETURN(RedisSocket socket, RedisSocket::connect(address, deadline));
  return std::unique_ptr<RedisTransport>(std::make_unique<PlainTransport>(std::move(socket)));
}

}  // namespace sluice::store
