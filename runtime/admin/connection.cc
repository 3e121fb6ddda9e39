// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/connection.h"

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/admin/router.h"
#include "runtime/base/log.h"

namespace sluice::admin {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds kDrainTimeout{1};
constexpr size_t kDrainBytes = 256 * 1024;

using Response = http::response<http::string_body>;

Response to_response(Answer answer, unsigned version, bool keep_alive) {
  Response response(static_cast<http::status>(answer.status), version);
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  response.keep_alive(keep_alive);
  response.body() = std::move(answer.body);
  response.prepare_payload();
  return response;
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(net::ip::tcp::socket socket, Shared& shared)
      : stream_(std::move(socket)),
        shared_(shared),
        buffer_(shared.options.max_header_bytes + 16 * 1024) {
    ++shared_.connections;
  }
  ~Connection() { --shared_.connections; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start() { wait_for_request(shared_.options.request_timeout); }

 private:
  // Two steps, so that a kept-alive connection may idle longer than a request may take to arrive.
  void wait_for_request(std::chrono::milliseconds patience) {
    parser_.emplace();
    parser_->header_limit(shared_.options.max_header_bytes);
    parser_->body_limit(shared_.options.max_body_bytes);
    stream_.expires_after(patience);
    http::async_read_some(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, size_t) { self->on_first_bytes(error); });
  }

  void on_first_bytes(error_code error) {
    if (error || parser_->is_done()) return on_request(error);
    stream_.expires_after(shared_.options.request_timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code read_error, size_t) {
                       self->on_request(read_error);
                     });
  }

  void on_request(error_code error) {
    if (error == http::error::end_of_stream || error == beast::error::timeout ||
        error == net::error::operation_aborted) {
      return close();
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return refuse(problem(431, "the header is larger than " +
                                     std::to_string(shared_.options.max_header_bytes) + " bytes"));
    }
    if (error == http::error::body_limit) {
      return refuse(problem(413, "the body is larger than " +
                                     std::to_string(shared_.options.max_body_bytes) + " bytes"));
    }
    if (error && error.category() == make_error_code(http::error::bad_method).category()) {
      return refuse(problem(400, "not an HTTP/1.1 request: " + error.message()));
    }
    if (error) return close();
    answer_request();
  }

  void answer_request() {
    const auto& request = parser_->get();
    Request plain;
    const auto method = request.method_string();
    const auto target = request.target();
    plain.method = std::string_view(method.data(), method.size());
    plain.target = std::string_view(target.data(), target.size());
    if (request.count(http::field::host) > 1 ||
        (request.version() >= 11 && request.count(http::field::host) == 0)) {
      return refuse(problem(400, "one Host header is needed"));
    }
    if (const auto host = request.find(http::field::host); host != request.end()) {
      plain.host = std::string_view(host->value().data(), host->value().size());
    }
    if (const auto origin = request.find(http::field::origin); origin != request.end()) {
      plain.origin = std::string_view(origin->value().data(), origin->value().size());
    }
    if (const auto site = request.find("Sec-Fetch-Site"); site != request.end()) {
      plain.fetch_site = std::string_view(site->value().data(), site->value().size());
    }
    plain.from_here = from_here();
    plain.body = request.body();
    if (!takes_long(plain)) {
      write(safe_route(plain), request.version(), request.keep_alive(), plain.method == "HEAD");
      return;
    }
    // The request's bytes stay where they are: nothing is read meanwhile.
    stream_.expires_never();
    net::post(*shared_.slow, [self = shared_from_this(), plain]() mutable {
      Answer answer = self->safe_route(plain);
      const auto executor = self->stream_.get_executor();
      // The connection is handed back whole: it must not go on this thread.
      net::post(executor, [self = std::move(self), answer = std::move(answer)]() mutable {
        const auto& asked = self->parser_->get();
        self->write(std::move(answer), asked.version(), asked.keep_alive(), false);
      });
    });
  }

  bool from_here() {
    error_code error;  // a peer that is gone is nobody
    const auto peer = stream_.socket().remote_endpoint(error).address();
    if (error) return false;
    if (peer.is_v6() && peer.to_v6().is_v4_mapped()) {
      return net::ip::make_address_v4(net::ip::v4_mapped, peer.to_v6()).is_loopback();
    }
    return peer.is_loopback();
  }

  Answer safe_route(const Request& request) {
    try {
      return route(request, shared_.backend, shared_.any_host);
    } catch (const std::exception& failure) {
      log::error("admin.route_failed", failure.what());
      return problem(500, "the answer could not be made; the log has the cause");
    }
  }

  // What was read cannot be trusted to end where a next request begins.
  void refuse(Answer answer) { write(std::move(answer), 11, false, false); }

  void write(Answer answer, unsigned version, bool keep_alive, bool header_only) {
    response_ = to_response(std::move(answer), version, keep_alive);
    serializer_.emplace(*response_);
    stream_.expires_after(shared_.options.write_timeout);
    auto done = [self = shared_from_this()](error_code error, size_t) { self->on_written(error); };
    if (header_only) {
      http::async_write_header(stream_, *serializer_, std::move(done));
    } else {
      http::async_write(stream_, *serializer_, std::move(done));
    }
  }

  void on_written(error_code error) {
    if (error) return close();
    const bool more = response_->keep_alive();
    serializer_.reset();
    response_.reset();
    if (more) return wait_for_request(shared_.options.idle_timeout);
    error_code ignored;  // the client may be gone
    stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kDrainTimeout);
    drain(0);
  }

  // Closing with unread bytes resets the connection, and the client would lose the answer.
  void drain(size_t had) {
    if (had > kDrainBytes) return close();
    stream_.async_read_some(net::buffer(drained_),
                            [self = shared_from_this(), had](error_code error, size_t n) {
                              if (error) return self->close();
                              self->drain(had + n);
                            });
  }

  void close() {
    error_code ignored;  // nothing is left to be done for this client
    stream_.socket().close(ignored);
  }

  beast::tcp_stream stream_;
  Shared& shared_;
  beast::flat_buffer buffer_;  // keeps what a pipelining client sent ahead
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<Response> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::array<char, 4096> drained_{};
};

}  // namespace

void serve(net::ip::tcp::socket socket, Shared& shared) {
  std::make_shared<Connection>(std::move(socket), shared)->start();
}

void turn_away(net::ip::tcp::socket socket) {
  static const std::string text = [] {
    const Answer answer = problem(503, "too many connections; close some or try again later");
    return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: " + answer.content_type +
           "\r\nContent-Length: " + std::to_string(answer.body.size()) +
           "\r\nRetry-After: 1\r\nConnection: close\r\n\r\n" + answer.body;
  }();
  error_code ignored;  // best effort: the client is turned away either way
  socket.non_blocking(true, ignored);
  socket.write_some(net::buffer(text), ignored);
  socket.shutdown(net::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace sluice::admin
