// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/redis.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <optional>

#include "runtime/base/text.h"
#include "runtime/store/redis_transport.h"

namespace sluice::store {
namespace {

using std::chrono::steady_clock;

// Commands on their way at once: enough that the way does not count, few enough for buffers.
constexpr size_t kPipeline = 1024;
constexpr size_t kSentInTimeout = 256 << 10;
// As much as hiredis keeps of a buffer: it moves what is left after each answer.
constexpr size_t kReadSize = 16 << 10;
// Far above a checkpoint of any size; what is longer is no answer of ours.
constexpr size_t kMaxAnswer = 64 << 20;

// Errors of the server that go away by themselves: it loads, is a replica, is full, is busy.
bool passes_by_itself(std::string_view error) {
  for (const std::string_view prefix :
       {"LOADING", "READONLY", "OOM", "BUSY", "MASTERDOWN", "MISCONF", "TRYAGAIN", "CLUSTERDOWN",
        "ERR max number of clients reached"}) {
    if (error.starts_with(prefix)) return true;
  }
  return false;
}

// An answer as hiredis hands it over. It keeps its memory from one to the next.
struct Answer {
  int type = 0;
  std::string text;
  int64_t number = 0;
  bool list = false;
};
Answer* answer_of(const redisReadTask* task) {
  auto* const answer = static_cast<Answer*>(task->privdata);
  answer->type = task->type;
  return answer;
}
void* on_text(const redisReadTask* task, char* text, size_t size) {
  Answer* const answer = answer_of(task);
  answer->text.assign(text, size);
  return answer;
}
void* on_number(const redisReadTask* task, long long number) {
  Answer* const answer = answer_of(task);
  answer->number = number;
  return answer;
}
void* on_nil(const redisReadTask* task) {
  Answer* const answer = answer_of(task);
  answer->type = REDIS_REPLY_NIL;
  return answer;
}
// No command of ours is answered with a list: no memory is taken for what claims to be one.
void* on_list(const redisReadTask* task, int) {
  answer_of(task)->list = true;
  return nullptr;
}
void keep(void*) {}
redisReplyObjectFunctions into_answer = {on_text, on_list, on_number, on_nil, keep};

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

}  // namespace

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
  std::unique_ptr<RedisTransport> transport;  // none: not connected
  std::unique_ptr<redisReader, FreeReader> reader;
  Answer answer;
  std::string out;  // commands on their way
  std::vector<const char*> texts;
  std::vector<size_t> sizes;

  // Whatever is still on its way belongs to nobody: the connection is given up.
  Status fail(Status status) {
    transport.reset();
    return std::move(status).with_context("redis " + address.text());
  }

  Status connect() {
    if (transport) return Status::ok();
    reader.reset(redisReaderCreateWithFunctions(&into_answer));
    if (!reader) return fail(redis_away("no memory for a connection"));
    reader->privdata = &answer;
    auto connected = connect_redis(address, steady_clock::now() + timeout);
    if (!connected) return fail(std::move(connected).status());
    transport = std::move(connected).value();
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
    if (!greeted) transport.reset();
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
    char* command = nullptr;
    const int size = redisFormatCommandArgv(&command, static_cast<int>(texts.size()), texts.data(),
                                            sizes.data());
    if (size < 0) return fail(redis_away("no memory for a command"));
    out.append(command, static_cast<size_t>(size));
    redisFreeCommand(command);
    return Status::ok();
  }

  Status send(const RedisCommands& commands, size_t from, size_t until) {
    out.clear();
    for (size_t i = from; i < until; ++i) SLUICE_RETURN_IF_ERROR(append(commands, i));
    // Much takes longer: one more time-out for each part that any network takes in one.
    const auto limit = timeout * (1 + static_cast<int64_t>(out.size() / kSentInTimeout));
    Status sent = transport->write(out, steady_clock::now() + limit);
    return sent ? sent : fail(std::move(sent));
  }

  // The next answer, into `answer`.
  Status receive() {
    std::array<char, kReadSize> bytes;
    std::optional<RedisDeadline> deadline;
    answer.type = 0;
    for (size_t held = reader->len - reader->pos;;) {
      void* done = nullptr;
      if (redisReaderGetReply(reader.get(), &done) != REDIS_OK) return fail(no_answer());
      if (done != nullptr) return Status::ok();
      if (held > kMaxAnswer) {
        return fail(redis_away("an answer of more than " + format_size(kMaxAnswer)));
      }
      if (!deadline) deadline = steady_clock::now() + timeout;
      const auto got = transport->read(bytes, *deadline);
      if (!got) return fail(got.status());
      if (redisReaderFeed(reader.get(), bytes.data(), *got) != REDIS_OK) return fail(no_answer());
      held += *got;
    }
  }

  [[nodiscard]] Status no_answer() const {
    return redis_away("what it sent is no answer of Redis: " +
                      std::string(answer.list ? "a list" : reader->errstr));
  }

  // All answers are read even if one is an error, so that the next call does not get them.
  Status exchange(const RedisCommands& commands, size_t from, size_t until,
                  const std::function<void(size_t, const RedisReply&)>& on_reply) {
    SLUICE_RETURN_IF_ERROR(send(commands, from, until));
    Status outcome;
    for (size_t i = from; i < until; ++i) {
      SLUICE_RETURN_IF_ERROR(receive());
      if (answer.type == REDIS_REPLY_ERROR) {
        if (outcome) outcome = refused(answer.text);
        continue;
      }
      RedisReply reply;
      if (answer.type == REDIS_REPLY_INTEGER) {
        reply = {RedisReply::Kind::kNumber, {}, answer.number};
      } else if (answer.type == REDIS_REPLY_STRING || answer.type == REDIS_REPLY_STATUS) {
        reply = {RedisReply::Kind::kText, answer.text, 0};
      }
      on_reply(i, reply);
    }
    // Or the next call would take them for its own.
    if (reader->pos != reader->len) return fail(redis_away("it sent more than it was asked"));
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
    if (!impl_->transport) return part;
    if (outcome) outcome = std::move(part);
  }
  return outcome;
}

}  // namespace sluice::store
