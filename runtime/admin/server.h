// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/admin/backend.h"
#include "runtime/base/status.h"

namespace sluice {

// Limits against slow, large or many clients.
struct AdminServerOptions {
  std::chrono::milliseconds request_timeout{10'000};  // from the first wait for it to its last byte
  std::chrono::milliseconds idle_timeout{60'000};     // kept alive between requests
  std::chrono::milliseconds write_timeout{10'000};
  size_t max_connections = 128;  // more are answered 503 and closed
  uint32_t max_header_bytes = 8 * 1024;
  uint64_t max_body_bytes = 2 * 1024 * 1024;  // ten thousand ids of letters
};

// Health and metrics over HTTP/1.1, on one thread of its own, and reloads on another: /health/live,
// /health/ready, /health/detailed, /metrics, /admin/schemas, /admin/reload and a page at / that
// lists them. Answers other than 2xx are application/problem+json. No CORS; a Host that is not ours
// is refused while on loopback, so that a web page in the operator's browser cannot read it by
// rebinding a name.
class AdminServer {
 public:
  // `listen` is "host:port", "[::1]:8080" or ":8080" (all addresses); port 0 takes a free one;
  // empty: no server, a null pointer. kExists: the port is taken; kInvalid: not an address.
  static Result<std::unique_ptr<AdminServer>> start(const std::string& listen,
                                                    AdminBackend& backend,
                                                    AdminServerOptions options = {});
  ~AdminServer();  // closes every connection and joins; any thread but the server's own
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  [[nodiscard]] uint16_t port() const;
  // "127.0.0.1:8080", with the real port.
  [[nodiscard]] const std::string& address() const;

 private:
  struct Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
