// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/admin_client.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdlib>
#include <memory>
#include <string_view>

#include "runtime/base/text.h"
#include "runtime/base/unique_fd.h"

namespace sluice::cli {
namespace {

constexpr timeval kPatience{1, 0};
constexpr timeval kLongPatience{600, 0};  // tests may run as long as they like
constexpr size_t kMostBytes = 64U << 20;

struct HostPort {
  std::string host;
  std::string port;
};

HostPort split(const std::string& address) {
  const size_t colon = address.rfind(':');
  HostPort out{address.substr(0, colon),
               colon == std::string::npos ? "80" : address.substr(colon + 1)};
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  // An address to listen on that means any is reached on this machine.
  if (out.host == "0.0.0.0" || out.host.empty()) out.host = "127.0.0.1";
  if (out.host == "::") out.host = "::1";
  return out;
}

Status no_answer(const std::string& address) {
  return unavailable("the admin API at " + address + " does not answer");
}

Result<UniqueFd> connect_to(const std::string& address) {
  const HostPort place = split(address);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found) != 0) {
    return no_answer(address);
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, ::freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    UniqueFd fd(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    if (!fd) continue;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    if (::connect(fd.get(), at->ai_addr, at->ai_addrlen) == 0) return fd;
  }
  return no_answer(address);
}

Result<AdminAnswer> ask(const std::string& address, const std::string& method,
                        const std::string& target, const timeval& patience,
                        const std::string& body = "") {
  SLUICE_ASSIGN_OR_RETURN(const UniqueFd fd, connect_to(address));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const HostPort place = split(address);
  const std::string host =
      place.host.find(':') == std::string::npos ? place.host : "[" + place.host + "]";
  std::string request = method + " " + target + " HTTP/1.1\r\nHost: " + host +
                        "\r\nConnection: close\r\nAccept: application/json\r\n";
  if (!body.empty()) {
    request +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  request += "\r\n" + body;
  size_t sent = 0;
  while (sent < request.size()) {
    const ssize_t n = ::send(fd.get(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return no_answer(address);
    sent += static_cast<size_t>(n);
  }
  std::string answer;
  for (;;) {
    char bytes[16384];
    const ssize_t n = ::recv(fd.get(), bytes, sizeof bytes, 0);
    if (n < 0 || answer.size() > kMostBytes) return no_answer(address);
    if (n == 0) break;
    answer.append(bytes, static_cast<size_t>(n));
  }
  const size_t head = answer.find("\r\n\r\n");
  if (head == std::string::npos || !answer.starts_with("HTTP/1.")) return no_answer(address);
  AdminAnswer out;
  for (const char digit : answer.substr(9, 3)) {
    if (digit < '0' || digit > '9') return no_answer(address);
    out.status = out.status * 10 + static_cast<unsigned>(digit - '0');
  }
  out.body = answer.substr(head + 4);
  return out;
}

}  // namespace

std::string admin_address(const Config& config) {
  const char* url = std::getenv("SLUICE_ADMIN_URL");
  std::string address = url != nullptr && *url != '\0' ? url : config.runtime.admin_listen;
  constexpr std::string_view kScheme = "http://";
  if (address.starts_with(kScheme)) address = address.substr(kScheme.size());
  address = address.substr(0, address.find('/'));
  return address.ends_with(":0") ? std::string() : address;
}

std::string query_value(const std::string& value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15U];
  }
  return out;
}

Result<std::string> admin_get(const std::string& address, const std::string& target) {
  SLUICE_ASSIGN_OR_RETURN(AdminAnswer answer, ask(address, "GET", target, kPatience));
  if (answer.status == 200) return std::move(answer.body);
  return invalid("the admin API at " + address + " answers " + std::to_string(answer.status) +
                 ": " + shorten(answer.body, 300));
}

Result<AdminAnswer> admin_ask(const std::string& address, const std::string& target) {
  return ask(address, "GET", target, kLongPatience);
}

Result<AdminAnswer> admin_post(const std::string& address, const std::string& target,
                               const std::string& body) {
  return ask(address, "POST", target, kLongPatience, body);
}

}  // namespace sluice::cli
