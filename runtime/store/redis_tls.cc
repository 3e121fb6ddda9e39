// SPDX-License-Identifier: Apache-2.0
// TLS by OpenSSL over a socket that never blocks.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "runtime/base/log.h"
#include "runtime/store/redis_transport.h"

namespace sluice::store {
namespace {

using std::chrono::steady_clock;

template <auto kFree>
struct FreeBy {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using SslContext = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using SslStream = std::unique_ptr<SSL, FreeBy<SSL_free>>;
using BioMethod = std::unique_ptr<BIO_METHOD, FreeBy<BIO_meth_free>>;

// OpenSSL's own BIO for sockets would raise SIGPIPE. What follows is that BIO without it; its data
// is the RedisSocket.
int moved(BIO* bio, ssize_t done, int retry) {
  BIO_clear_retry_flags(bio);
  if (done < 0 && errno == EAGAIN) BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  return static_cast<int>(done);
}
int bio_write(BIO* bio, const char* bytes, int size) {
  const auto* socket = static_cast<const RedisSocket*>(BIO_get_data(bio));
  return moved(bio, socket->send(bytes, static_cast<size_t>(size)), BIO_FLAGS_WRITE);
}
int bio_read(BIO* bio, char* into, int size) {
  const auto* socket = static_cast<const RedisSocket*>(BIO_get_data(bio));
  const ssize_t got = socket->receive(into, static_cast<size_t>(size));
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return moved(bio, got, BIO_FLAGS_READ);
}
long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_bio() {
  static const BioMethod method = [] {
    BioMethod made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "redis socket"));
    SLUICE_CHECK(made != nullptr, "no memory for the method of a BIO");
    BIO_meth_set_write(made.get(), bio_write);
    BIO_meth_set_read(made.get(), bio_read);
    BIO_meth_set_ctrl(made.get(), bio_control);
    return made;
  }();
  return method.get();
}

// The oldest error of this thread's queue, in OpenSSL's words; empty: none.
std::string openssl_words() {
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  return reason == nullptr ? std::string() : reason;
}

Status bad_file(std::string_view option, const std::string& file, std::string_view expected) {
  const std::string why = openssl_words();
  return invalid("TLS: " + std::string(option) + " " + file + " " + std::string(expected) +
                 (why.empty() ? "" : " (" + why + ")") + "; correct the file or the option");
}

// An encrypted key must not make OpenSSL ask at the terminal.
int no_password(char*, int, int, void*) { return 0; }

Result<SslContext> make_context(const RedisTls& tls) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new(TLS_client_method()));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) {
    return internal("TLS: OpenSSL makes no context: " + openssl_words());
  }
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_passwd_cb(context.get(), no_password);
  SSL_CTX_set_verify(context.get(), tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!tls.ca.empty()) {
    if (SSL_CTX_load_verify_file(context.get(), tls.ca.c_str()) != 1) {
      return bad_file("ssl_ca", tls.ca, "cannot be read, or has no certificate in PEM");
    }
  } else if (tls.verify && SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return internal("TLS: OpenSSL finds no system authorities: " + openssl_words());
  }
  if (tls.certificate.empty()) return context;
  if (SSL_CTX_use_certificate_chain_file(context.get(), tls.certificate.c_str()) != 1) {
    return bad_file("ssl_certificate", tls.certificate,
                    "cannot be read, or has no certificate in PEM");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), tls.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return bad_file("ssl_key", tls.key,
                    "cannot be read, is no key in PEM without a password, or is not the key of "
                    "ssl_certificate");
  }
  return context;
}

Status untrusted(long result, const RedisAddress& address) {
  const std::string words = X509_verify_cert_error_string(result);
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return invalid("TLS: the server's certificate is not for '" + address.host +
                     "'; use a name in the URL that the certificate has, or issue one that has "
                     "this (subjectAltName)");
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return invalid(
          "TLS: a certificate of the server's has expired; renew it there, or correct the clock "
          "here");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return invalid(
          "TLS: a certificate of the server's is not valid yet; correct the clock here, or the "
          "certificate");
    default:
      return invalid("TLS: the server's certificate is not trusted (" + words + "); " +
                     (address.tls->ca.empty()
                          ? "give its authority with ssl_ca=/file in the URL"
                          : "give its authority instead of " + address.tls->ca + " as ssl_ca"));
  }
}

// What OpenSSL's queue of errors says of a stream that failed.
Status explain(int reason, const RedisAddress& address) {
  const bool own = !address.tls->certificate.empty();
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
      return invalid(
          "TLS: the server speaks no TLS on this port; use the port of its tls-port, or redis://");
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return invalid(
          "TLS: the server asks for a client certificate; give ssl_certificate=/file and "
          "ssl_key=/file in the URL");
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return invalid("TLS: the server refused the handshake; " +
                     std::string(own ? "check its tls-ciphers and tls-protocols"
                                     : "if it asks for a client certificate, give "
                                       "ssl_certificate=/file and ssl_key=/file in the URL"));
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return invalid("TLS: the server offers no version from 1.2 on; correct tls-protocols there");
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return invalid("TLS: the server refused the certificate " + address.tls->certificate + " (" +
                     openssl_words() +
                     "); give one that is valid and that its tls-ca-cert-file vouches for");
    default:
      return redis_away("TLS: " + openssl_words());
  }
}

class TlsTransport final : public RedisTransport {
 public:
  TlsTransport(RedisSocket socket, RedisAddress address)
      : socket_(std::move(socket)), address_(std::move(address)) {}
  ~TlsTransport() override {
    // Tells the server, if the socket takes it at once; what comes back does not matter.
    if (stream_ && !broken_) SSL_shutdown(stream_.get());
    ERR_clear_error();
  }
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  Status handshake(RedisDeadline deadline) {
    SLUICE_ASSIGN_OR_RETURN(context_, make_context(*address_.tls));
    stream_.reset(SSL_new(context_.get()));
    BIO* const bio = stream_ ? BIO_new(socket_bio()) : nullptr;
    if (bio == nullptr) return internal("TLS: no memory for a connection");
    BIO_set_data(bio, &socket_);
    BIO_set_init(bio, 1);
    SSL_set_bio(stream_.get(), bio, bio);
    if (!name_server()) return invalid("TLS: '" + address_.host + "' is no host name");
    if (!address_.tls->verify) {
      log::warn("redis.unverified",
                "anybody could be the server: ssl_verify=none; give its authority with ssl_ca",
                {{"server", address_.text()}});
    }
    return attempt([this] { return SSL_connect(stream_.get()); }, deadline, "TLS handshake").status;
  }

  // Nothing at all came from the server: it may be waiting for a command, not for a handshake.
  [[nodiscard]] bool heard_nothing() const {
    return BIO_number_read(SSL_get_rbio(stream_.get())) == 0;
  }

  Status write(std::string_view bytes, RedisDeadline deadline) override {
    while (!bytes.empty()) {
      const int size = static_cast<int>(std::min<size_t>(bytes.size(), 1 << 20));
      const Moved sent = attempt([&] { return SSL_write(stream_.get(), bytes.data(), size); },
                                 deadline, "sending");
      if (!sent.status) return why_closed(sent.status, deadline);
      bytes.remove_prefix(sent.bytes);
    }
    return Status::ok();
  }

  Result<size_t> read(std::span<char> into, RedisDeadline deadline) override {
    const auto size = static_cast<int>(std::min<size_t>(into.size(), 1 << 20));
    const Moved got =
        attempt([&] { return SSL_read(stream_.get(), into.data(), size); }, deadline, "no answer");
    if (!got.status) return got.status;
    return got.bytes;
  }

 private:
  struct Moved {
    Status status;
    size_t bytes = 0;
  };

  // SNI, and whom the certificate has to be for.
  bool name_server() {
    const std::string& host = address_.host;
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    if (::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
        ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1) {
      return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream_.get()), host.c_str()) == 1;
    }
    SSL_set_hostflags(stream_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(stream_.get(), host.c_str()) == 1 &&
           SSL_set_tlsext_host_name(stream_.get(), host.c_str()) == 1;
  }

  // Calls until something moved; waits between calls for what OpenSSL waits for.
  template <typename Call>
  Moved attempt(const Call& call, RedisDeadline deadline, std::string_view what) {
    for (;;) {
      ERR_clear_error();
      errno = 0;
      const int done = call();
      if (done > 0) return {Status::ok(), static_cast<size_t>(done)};
      const int error = errno;
      const int kind = SSL_get_error(stream_.get(), done);
      if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) {
        broken_ = true;
        return {failed(kind, error, what)};
      }
      if (!socket_.wait(kind == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) {
        broken_ = true;
        return {redis_away(std::string(what) + ": not in time")};
      }
    }
  }

  [[nodiscard]] Status failed(int kind, int error, std::string_view what) const {
    const int reason = ERR_GET_REASON(ERR_peek_error());
    const long verified = SSL_get_verify_result(stream_.get());
    if (kind == SSL_ERROR_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
      return untrusted(verified, address_);
    }
    if (kind == SSL_ERROR_ZERO_RETURN || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      return redis_away(std::string(what) + ": it closed the connection");
    }
    if (kind == SSL_ERROR_SSL) return explain(reason, address_);
    return redis_away(std::string(what) + ": " +
                      (error != 0 ? std::generic_category().message(error)
                                  : std::string("it closed the connection")));
  }

  // With TLS 1.3 a server refuses our certificate, or that there is none, when the handshake is
  // over for us: sending fails, and why is what it sent before it closed.
  Status why_closed(const Status& status, RedisDeadline deadline) {
    if (SSL_get_shutdown(stream_.get()) != 0 || status.code() != Code::kUnavailable) return status;
    char byte = 0;
    const auto alert = read({&byte, 1}, deadline);
    return !alert && alert.status().code() == Code::kInvalid ? alert.status() : status;
  }

  RedisSocket socket_;
  const RedisAddress address_;
  SslContext context_;
  SslStream stream_;
  bool broken_ = false;  // OpenSSL forbids a farewell then
};

// Whether it answers without TLS. Redis takes the beginning of a handshake for a command that is
// not complete and is silent, so only asking tells.
bool speaks_plain(const RedisAddress& address, RedisDeadline deadline) {
  RedisAddress plain = address;
  plain.tls.reset();
  const auto transport = connect_redis(plain, deadline);
  char first = 0;
  if (!transport || !(*transport)->write("PING\r\n", deadline)) return false;
  const auto got = (*transport)->read({&first, 1}, deadline);
  return got && (first == '+' || first == '-');
}

}  // namespace

Result<std::unique_ptr<RedisTransport>> connect_redis_tls(const RedisAddress& address,
                                                          RedisDeadline deadline) {
  SLUICE_ASSIGN_OR_RETURN(RedisSocket socket, RedisSocket::connect(address, deadline));
  auto transport = std::make_unique<TlsTransport>(std::move(socket), address);
  // A quarter of the time is kept for finding out why there is no handshake.
  const auto left = deadline - steady_clock::now();
  Status done = transport->handshake(deadline - left / 4);
  if (done) return std::unique_ptr<RedisTransport>(std::move(transport));
  if (done.code() == Code::kUnavailable && transport->heard_nothing() &&
      speaks_plain(address, deadline)) {
    return explain(SSL_R_WRONG_VERSION_NUMBER, address);
  }
  return done;
}

}  // namespace sluice::store
