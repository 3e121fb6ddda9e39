// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <charconv>
#include <exception>
#include <thread>
#include <utility>

#include "runtime/admin/connection.h"
#include "runtime/base/log.h"

namespace sluice {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

struct HostPort {
  std::string host;
  uint16_t port = 0;
};

Result<HostPort> parse_listen(const std::string& listen) {
  const auto refuse = [&](std::string_view why) {
    return invalid("runtime.admin.listen: '" + listen + "': " + std::string(why) +
                   "; expected host:port such as 127.0.0.1:8080 or [::1]:8080");
  };
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return refuse("has no port");
  HostPort out;
  out.host = listen.substr(0, colon);
  const char* first = listen.data() + colon + 1;
  const char* last = listen.data() + listen.size();
  const auto [end, error] = std::from_chars(first, last, out.port);
  if (first == last || error != std::errc() || end != last) {
    return refuse("the port is not a number up to 65535");
  }
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != std::string::npos) {
    return refuse("an IPv6 address needs brackets");
  }
  if (out.host.empty()) out.host = "0.0.0.0";
  return out;
}

Result<tcp::endpoint> resolve(net::io_context& context, const std::string& listen) {
  SLUICE_ASSIGN_OR_RETURN(const HostPort wanted, parse_listen(listen));
  error_code error;
  const auto literal = net::ip::make_address(wanted.host, error);
  if (!error) return tcp::endpoint(literal, wanted.port);
  tcp::resolver resolver(context);
  const auto found =
      resolver.resolve(wanted.host, std::to_string(wanted.port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return invalid("runtime.admin.listen: '" + listen + "': the name '" + wanted.host +
                   "' has no address (" + error.message() + "); use an address of this machine");
  }
  return found.begin()->endpoint();
}

std::string to_text(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

Status listen_error(const tcp::endpoint& endpoint, const error_code& error) {
  const std::string address = to_text(endpoint);
  if (error == net::error::address_in_use) {
    return {Code::kExists, address + " is taken by another process; set runtime.admin.listen"};
  }
  return unavailable("runtime.admin.listen: " + address + " cannot be listened on (" +
                     error.message() + "); set it to an address of this machine and a free port");
}

}  // namespace

struct AdminServer::Impl {
  Impl(AdminBackend& backend, AdminServerOptions options)
      : shared{backend, options, &slow, false, 0} {}
  ~Impl() {
    context.stop();
    if (thread.joinable()) thread.join();
    slow.stop();  // what is being done is ended, what waits is dropped with its connection
    slow.join();
  }

  Status open(const std::string& listen) {
    SLUICE_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, resolve(context, listen));
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
    if (error) return listen_error(endpoint, error);
    const tcp::endpoint real = acceptor.local_endpoint(error);
    if (error) return listen_error(endpoint, error);
    port = real.port();
    address = to_text(real);
    shared.any_host = !real.address().is_loopback();
    return Status::ok();
  }

  void accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (error == net::error::operation_aborted) return;
      if (error) return accept_later(error);
      take(std::move(socket));
      accept();
    });
  }

  // A client for whom memory is lacking must not cost the ones after it.
  void take(tcp::socket socket) {
    try {
      if (shared.connections >= shared.options.max_connections) {
        admin::turn_away(std::move(socket));
      } else {
        admin::serve(std::move(socket), shared);
      }
    } catch (const std::exception& failure) {
      log::error("admin.connection_failed", failure.what());
    }
  }

  // Out of descriptors: trying again at once would spin.
  void accept_later(const error_code& error) {
    log::warn("admin.accept_failed", error.message());
    retry.expires_after(std::chrono::milliseconds(200));
    retry.async_wait([this](error_code cancelled) {
      if (!cancelled) accept();
    });
  }

  void run() {
    // A handler that throws (memory) costs its connection, not the server.
    while (!context.stopped()) {
      try {
        context.run();
      } catch (const std::exception& failure) {
        log::error("admin.connection_failed", failure.what());
      }
    }
  }

  admin::Shared shared;  // before the context, whose pending handlers own the connections
  net::io_context context{1};
  net::thread_pool slow{1};
  tcp::acceptor acceptor{context};
  net::steady_timer retry{context};
  uint16_t port = 0;
  std::string address;
  std::thread thread;
};

Result<std::unique_ptr<AdminServer>> AdminServer::start(const std::string& listen,
                                                        AdminBackend& backend,
                                                        AdminServerOptions options) {
  if (listen.empty()) return std::unique_ptr<AdminServer>();
  try {
    auto impl = std::make_unique<Impl>(backend, options);
    SLUICE_RETURN_IF_ERROR(impl->open(listen));
    impl->accept();
    impl->thread = std::thread([raw = impl.get()] { raw->run(); });
    return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
  } catch (const std::exception& failure) {
    return unavailable("runtime.admin.listen: " + listen + ": " + failure.what());
  }
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

uint16_t AdminServer::port() const { return impl_->port; }
const std::string& AdminServer::address() const { return impl_->address; }

}  // namespace sluice
