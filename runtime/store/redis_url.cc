// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <optional>

#include "runtime/store/redis.h"

namespace sluice::store {
namespace {

constexpr std::string_view kPlain = "redis://";
constexpr std::string_view kTls = "rediss://";

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const char* const end = text.data() + i + 3;
    if (std::from_chars(text.data() + i + 1, end, value, 16).ptr != end) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

template <typename Number>
bool read_whole(std::string_view text, Number* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

Status bad_url(std::string_view what) {
  return invalid("a Redis URL " + std::string(what) +
                 "; expected redis://[user:password@]host[:port][/database], or rediss://... for "
                 "TLS, with ?ssl_ca=/file&ssl_certificate=/file&ssl_key=/file where needed");
}

bool read_host(std::string_view text, RedisAddress* out) {
  const bool bracket = text.starts_with('[');
  const size_t end = bracket ? text.find(']') : text.find(':');
  if (bracket && end == std::string_view::npos) return false;
  out->host = text.substr(bracket ? 1 : 0, bracket ? end - 1 : end);
  std::string_view rest = text.substr(std::min(end, text.size()));
  if (bracket) rest.remove_prefix(1);
  if (out->host.empty() || out->host.find('\0') != std::string::npos) return false;
  if (rest.empty()) return true;
  return rest.starts_with(':') && read_whole(rest.substr(1), &out->port) && out->port != 0;
}

Status read_option(std::string_view name, std::string value, RedisTls* out) {
  if (name == "ssl_verify") {
    if (value != "none" && value != "full") return bad_url("has an ssl_verify but full or none");
    out->verify = value == "full";
    return Status::ok();
  }
  std::string* const file = name == "ssl_ca"            ? &out->ca
                            : name == "ssl_certificate" ? &out->certificate
                            : name == "ssl_key"         ? &out->key
                                                        : nullptr;
  if (file == nullptr) {
    return bad_url(
        "has an option that is not one of ssl_ca, ssl_certificate, ssl_key and ssl_verify");
  }
  // Where the process was started must not decide which authority is trusted.
  if (!value.starts_with('/') || value.find('\0') != std::string::npos) {
    return bad_url("has an option " + std::string(name) + " that is not an absolute path");
  }
  *file = std::move(value);
  return Status::ok();
}

Result<RedisTls> read_options(std::string_view query) {
  RedisTls out;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view option = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (option.empty()) continue;
    const size_t equals = option.find('=');
    if (equals == std::string_view::npos) return bad_url("has an option without a value");
    auto value = percent_decoded(option.substr(equals + 1));
    if (!value) return bad_url("has a wrong %-escape in an option");
    SLUICE_RETURN_IF_ERROR(read_option(option.substr(0, equals), std::move(*value), &out));
  }
  if (out.certificate.empty() != out.key.empty()) {
    return bad_url("has only one of ssl_certificate and ssl_key; they go together");
  }
  if (!out.verify && !out.ca.empty()) {
    return bad_url("has an ssl_ca that ssl_verify=none would not look at; leave one of them out");
  }
  return out;
}

Status read_user(std::string_view who, RedisAddress* out) {
  const size_t colon = who.find(':');
  auto user = percent_decoded(who.substr(0, colon));
  auto password = colon == std::string_view::npos ? std::optional<std::string>("")
                                                  : percent_decoded(who.substr(colon + 1));
  if (!user || !password) return bad_url("has a wrong %-escape in its user or password");
  out->user = std::move(*user);
  out->password = std::move(*password);
  return Status::ok();
}

}  // namespace

std::string RedisAddress::text() const {
  return host + ":" + std::to_string(port) + "/" + std::to_string(database);
}

Result<RedisAddress> parse_redis_url(std::string_view url) {
  RedisAddress out;
  if (url.starts_with(kTls)) {
    url.remove_prefix(kTls.size());
    const size_t query = std::min(url.find('?'), url.size());
    SLUICE_ASSIGN_OR_RETURN(out.tls, read_options(url.substr(std::min(query + 1, url.size()))));
    url = url.substr(0, query);
  } else if (url.starts_with(kPlain)) {
    url.remove_prefix(kPlain.size());
  } else {
    return bad_url("does not begin with redis:// or rediss://");
  }
  if (const size_t at = url.rfind('@'); at != std::string_view::npos) {
    SLUICE_RETURN_IF_ERROR(read_user(url.substr(0, at), &out));
    url.remove_prefix(at + 1);
  }
  if (url.find('?') != std::string_view::npos) {
    return bad_url("has options, which only rediss:// has");
  }
  if (const size_t slash = url.find('/'); slash != std::string_view::npos) {
    const std::string_view database = url.substr(slash + 1);
    if (!database.empty() && (!read_whole(database, &out.database) || out.database < 0)) {
      return bad_url("has a database that is not a number");
    }
    url = url.substr(0, slash);
  }
  if (!read_host(url, &out)) return bad_url("has no valid host and port");
  return out;
}

}  // namespace sluice::store
