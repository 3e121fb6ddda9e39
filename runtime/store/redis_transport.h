// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"
#include "runtime/store/redis.h"

namespace sluice::store {

using RedisDeadline = std::chrono::steady_clock::time_point;

// What a failure of the network is, with what to look at.
Status redis_away(std::string_view what);

// A stream to a Redis server. After an error it can only be closed. kUnavailable: the server or the
// network; kInvalid: certificates or the address, as far as both sides tell. One thread at a time.
class RedisTransport {
 public:
  virtual ~RedisTransport() = default;
  // All of `bytes` by `deadline`.
  virtual Status write(std::string_view bytes, RedisDeadline deadline) = 0;
  // What there is, one byte at least, by `deadline`.
  virtual Result<size_t> read(std::span<char> into, RedisDeadline deadline) = 0;
};

// A connected socket that never blocks and never raises SIGPIPE.
class RedisSocket {
 public:
  RedisSocket() = default;
  // Looking the name up has the limits of the system's resolver; the rest ends by `deadline`.
  static Result<RedisSocket> connect(const RedisAddress& address, RedisDeadline deadline);

  // Like send(2) and recv(2); -1 with EAGAIN: wait first.
  [[nodiscard]] ssize_t send(const char* bytes, size_t size) const;
  [[nodiscard]] ssize_t receive(char* into, size_t size) const;
  // False: `deadline` has passed before any of `events` (poll(2)) came.
  [[nodiscard]] bool wait(short events, RedisDeadline deadline) const;

 private:
  explicit RedisSocket(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// As the address says, with TLS or without; the files it names are read each time. Connecting and
// handshake end by `deadline`.
Result<std::unique_ptr<RedisTransport>> connect_redis(const RedisAddress& address,
                                                      RedisDeadline deadline);
// The TLS side of it: address.tls is set.
Result<std::unique_ptr<RedisTransport>> connect_redis_tls(const RedisAddress& address,
                                                          RedisDeadline deadline);

}  // namespace sluice::store
