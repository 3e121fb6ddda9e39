// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/redis.h"

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace sluice::store {
namespace {

// Commands on their way at once: enough that the way does not count, few enough for buffers.
constexpr size_t kPipeline = 1024;

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
                 "; expected redis://[user:password@]host[:port][/database]");
}

bool read_host(std::string_view text, RedisAddress* out) {
  const bool bracket = text.starts_with('[');
  const size_t end = bracket ? text.find(']') : text.find(':');
  if (bracket && end == std::string_view::npos) return false;
  out->host = text.substr(bracket ? 1 : 0, bracket ? end - 1 : end);
  std::string_view rest = text.substr(std::min(end, text.size()));
  if (bracket) rest.remove_prefix(1);
  if (out->host.empty()) return false;
  if (rest.empty()) return true;
  return rest.starts_with(':') && read_whole(rest.substr(1), &out->port) && out->port != 0;
}

// Errors of the server that go away by themselves: it loads, is a replica, is full, is busy.
bool passes_by_itself(std::string_view error) {
  for (const std::string_view prefix :
       {"LOADING", "READONLY", "OOM", "BUSY", "MASTERDOWN", "MISCONF", "TRYAGAIN", "CLUSTERDOWN"}) {
    if (error.starts_with(prefix)) return true;
  }
  return false;
}

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};

}  // namespace

std::string RedisAddress::text() const {
  return host + ":" + std::to_string(port) + "/" + std::to_string(database);
}

Result<RedisAddress> parse_redis_url(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (url.starts_with("rediss://")) {
    return invalid(
        "rediss:// (TLS) is not available; use redis:// through a tunnel such as stunnel");
  }
  if (!url.starts_with(kScheme)) return bad_url("does not begin with redis://");
  url.remove_prefix(kScheme.size());
  RedisAddress out;
  if (const size_t at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = url.substr(0, at);
    const size_t colon = who.find(':');
    const auto user = percent_decoded(who.substr(0, colon));
    const auto password = colon == std::string_view::npos ? std::optional<std::string>("")
                                                          : percent_decoded(who.substr(colon + 1));
    if (!user || !password) return bad_url("has a wrong %-escape in its user or password");
    out.user = *user;
    out.password = *password;
    url.remove_prefix(at + 1);
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

void RedisCommands::begin() { firsts_.push_back(pieces_.size()); }

void RedisCommands::argument(std::string_view text) {
  pieces_.push_back({bytes_.size(), text.size()});
  bytes_ += text;
}

void RedisCommands::clear() {
  bytes_.clear();
  pieces_.clear();
  firsts_.clear();
}

struct RedisConnection::Impl {
  RedisAddress address;
  std::chrono::milliseconds timeout;
  std::unique_ptr<redisContext, FreeContext> context;
  std::vector<const char*> texts;
  std::vector<size_t> sizes;

  Status fail(std::string_view what) {
    std::string message = "redis " + address.text() + ": " + std::string(what);
    if (context && context->err != 0) message += std::string(": ") + context->errstr;
    context.reset();
    return unavailable(std::move(message) +
                       "; check that the server runs and runtime.state.shared names it");
  }

  Status connect() {
    if (context) return Status::ok();
    const timeval limit{timeout.count() / 1000, (timeout.count() % 1000) * 1000};
    context.reset(redisConnectWithTimeout(address.host.c_str(), address.port, limit));
    if (!context) return fail("no memory for a connection");
    if (context->err != 0) return fail("connecting");
    if (redisSetTimeout(context.get(), limit) != REDIS_OK) return fail("setting its time-out");
    RedisCommands greeting;
    if (!address.password.empty()) {
      greeting.begin();
      greeting.argument("AUTH");
      if (!address.user.empty()) greeting.argument(address.user);
      greeting.argument(address.password);
    }
    if (address.database != 0) {
      greeting.begin();
      greeting.argument("SELECT");
      greeting.argument(std::to_string(address.database));
    }
    Status greeted = exchange(greeting, 0, greeting.size(), [](size_t, const RedisReply&) {});
    if (!greeted) context.reset();
    return greeted;
  }

  Status append(const RedisCommands& commands, size_t index) {
    const size_t first = commands.firsts_[index];
    const size_t end =
        index + 1 < commands.size() ? commands.firsts_[index + 1] : commands.pieces_.size();
    texts.clear();
    sizes.clear();
    for (size_t i = first; i < end; ++i) {
      texts.push_back(commands.bytes_.data() + commands.pieces_[i].offset);
      sizes.push_back(commands.pieces_[i].size);
    }
    const int appended = redisAppendCommandArgv(context.get(), static_cast<int>(texts.size()),
                                                texts.data(), sizes.data());
    return appended == REDIS_OK ? Status::ok() : fail("sending");
  }

  // All answers are read even if one is an error, so that the next call does not get them.
  Status exchange(const RedisCommands& commands, size_t from, size_t until,
                  const std::function<void(size_t, const RedisReply&)>& on_reply) {
    for (size_t i = from; i < until; ++i) SLUICE_RETURN_IF_ERROR(append(commands, i));
    Status outcome;
    for (size_t i = from; i < until; ++i) {
      void* raw = nullptr;
      if (redisGetReply(context.get(), &raw) != REDIS_OK) return fail("no answer");
      const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
      const std::string_view text(reply->str == nullptr ? "" : reply->str, reply->len);
      if (reply->type == REDIS_REPLY_ERROR) {
        if (outcome) outcome = refused(text);
        continue;
      }
      RedisReply out;
      if (reply->type == REDIS_REPLY_INTEGER) {
        out = {RedisReply::Kind::kNumber, {}, reply->integer};
      } else if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS) {
        out = {RedisReply::Kind::kText, text, 0};
      }
      on_reply(i, out);
    }
    return outcome;
  }

  [[nodiscard]] Status refused(std::string_view error) const {
    std::string message = "redis " + address.text() + " answered: " + std::string(error);
    if (passes_by_itself(error)) return unavailable(std::move(message));
    return invalid(std::move(message) + "; check the user, password and rights in its URL");
  }
};

RedisConnection::RedisConnection(RedisAddress address, std::chrono::milliseconds timeout)
    : impl_(std::make_unique<Impl>()) {
  impl_->address = std::move(address);
  impl_->timeout = timeout;
}
RedisConnection::~RedisConnection() = default;

Status RedisConnection::run(
    const RedisCommands& commands,
    const std::function<void(size_t index, const RedisReply& reply)>& on_reply) {
  SLUICE_RETURN_IF_ERROR(impl_->connect());
  Status outcome;
  for (size_t at = 0; at < commands.size(); at += kPipeline) {
    const size_t until = std::min(commands.size(), at + kPipeline);
    Status part = impl_->exchange(commands, at, until, on_reply);
    if (!impl_->context) return part;
    if (outcome) outcome = std::move(part);
  }
  return outcome;
}

}  // namespace sluice::store
