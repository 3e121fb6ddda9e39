// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace sluice::store {

// How TLS is spoken. Files are PEM, and read anew for each connection, so that they may be replaced
// while the process runs.
struct RedisTls {
  bool verify = true;       // the certificate's chain, its time and the host it is for
  std::string ca;           // file of trusted authorities; empty: the system's
  std::string certificate;  // file of the client's chain; empty: none
  std::string key;          // file of its key, without a password
};

// Where a Redis server is and as whom to speak to it.
struct RedisAddress {
  std::string host;
  uint16_t port = 6379;
  int database = 0;
  std::string user;
  std::string password;         // empty: none
  std::optional<RedisTls> tls;  // none: plain text
  // host:port/database, without secrets; for messages.
  [[nodiscard]] std::string text() const;
};
// redis://[user:password@]host[:port][/database], or for TLS rediss://..., there with
// ?ssl_ca=/file&ssl_certificate=/file&ssl_key=/file&ssl_verify=none where wanted. User, password
// and options are percent-decoded; behind rediss:// they have to escape '/' and '?' as well.
// kInvalid.
Result<RedisAddress> parse_redis_url(std::string_view url);

// What a server answered to one command.
struct RedisReply {
  enum class Kind { kNil, kText, kNumber };
  Kind kind = Kind::kNil;
  std::string_view text;  // valid during the call it is given to
  int64_t number = 0;
};

// Commands that are sent together; their bytes are kept here.
class RedisCommands {
 public:
  void begin();                          // a command
  void argument(std::string_view text);  // of the command begun last
  void clear();
  [[nodiscard]] size_t size() const { return firsts_.size(); }

 private:
  friend class RedisConnection;
  struct Piece {
    size_t offset = 0;
    size_t size = 0;
  };
  std::string bytes_;
  std::vector<Piece> pieces_;
  std::vector<size_t> firsts_;  // by command: its first piece
};

// A connection that is made when it is needed and made anew after a failure. Connecting, a TLS
// handshake included, and each answer end within the time-out, however slowly bytes come, but for
// looking a name up, which has the limits of the system's resolver. An answer takes at most 64 MiB.
// One thread at a time.
class RedisConnection {
 public:
  RedisConnection(RedisAddress address, std::chrono::milliseconds timeout);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Sends the commands in pipelines and hands each answer over, in order. kUnavailable: the server
  // cannot be reached, did not answer in time, or answered that it cannot do it now; commands that
  // were sent may have been executed. kInvalid: it refuses what is sent (password, rights), or one
  // side does not accept the other's certificate; the next call tries again with the files of then.
  Status run(const RedisCommands& commands,
             const std::function<void(size_t index, const RedisReply& reply)>& on_reply);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::store
