// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal to the server: pulls Boost.Asio in.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>

#include "runtime/admin/backend.h"
#include "runtime/admin/server.h"

namespace sluice::admin {

// What all connections share; outlives them. Used on the server's thread only, but for the backend.
struct Shared {
  AdminBackend& backend;
  AdminServerOptions options;
  boost::asio::thread_pool* slow = nullptr;  // one thread, for answers that take long
  bool any_host = false;
  size_t connections = 0;
};

// Serves one client until it leaves, errs or is too slow. Owns itself through its pending
// operations.
void serve(boost::asio::ip::tcp::socket socket, Shared& shared);

// One non-blocking attempt to say 503, then closes.
void turn_away(boost::asio::ip::tcp::socket socket);

}  // namespace sluice::admin
