// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/options.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::kafka_sink {
namespace {

using common::kafka::duration_option;
using common::kafka::OwnedProperty;
using common::kafka::text_option;
using std::chrono::milliseconds;

constexpr std::array<OwnedProperty, 20> kOwned = {{
    {"transactional.id", "the option `transactional_id`"},
    {"enable.idempotence", "the option `idempotent`"},
    {"acks", "the option `acks`"},
    {"request.required.acks", "the option `acks`"},
    {"compression.codec", "the option `compression`"},
    {"compression.type", "the option `compression`"},
    {"partitioner", "the option `partitioner`"},
    {"linger.ms", "the option `linger`"},
    {"queue.buffering.max.ms", "the option `linger`"},
    {"message.timeout.ms", "the option `delivery_timeout`"},
    {"delivery.timeout.ms", "the option `delivery_timeout`"},
    {"transaction.timeout.ms", "the option `delivery_timeout`, which it follows"},
    {"message.send.max.retries", "nothing: the client tries until `delivery_timeout`"},
    {"retries", "nothing: the client tries until `delivery_timeout`"},
    {"delivery.report.only.error", "nothing: the sink needs every report"},
    {"dr_cb", "nothing: the sink needs every report"},
    {"dr_msg_cb", "nothing: the sink needs every report"},
    {"queuing.strategy", "nothing: it would turn the order round"},
    {"enable.gapless.guarantee", "nothing: a record that is refused leaves no other behind"},
    {"allow.auto.create.topics", "nothing: create the topic before"},
}};

constexpr std::array<std::string_view, 15> kOptions = {"topic",
                                                       "max_topics",
                                                       "key",
                                                       "keep_headers",
                                                       "headers",
                                                       "timestamp",
                                                       "partitioner",
                                                       "partition",
                                                       "compression",
                                                       "acks",
                                                       "idempotent",
                                                       "linger",
                                                       "delivery_timeout",
                                                       "connect_timeout",
                                                       "transactional_id"};

std::size_t read_max_topics(const Config& config) {
  constexpr std::int64_t kMost = 10'000;
  const std::int64_t value = config.has("/max_topics") ? config.integer("/max_topics") : 100;
  if (value >= 1 && value <= kMost) return static_cast<std::size_t>(value);
  throw BadConfig("/max_topics: expected 1 to 10000, found " + std::to_string(value));
}

KeyFrom read_key(const Config& config, std::string& pointer) {
  const std::string text = text_option(config, "/key", "record");
  if (text == "record") return KeyFrom::kRecord;
  if (text == "none") return KeyFrom::kNone;
  if (text.front() != '/') {
    throw BadConfig("/key: expected record, none or a JSON Pointer such as /order_id, found " +
                    text);
  }
  pointer = text;
  return KeyFrom::kPointer;
}

std::vector<std::pair<std::string, std::string>> read_headers(const Config& config) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const std::string& name : config.keys("/headers")) {
    headers.emplace_back(name, config.string(Config::at("/headers", name)));
  }
  return headers;
}

std::string one_of(const Config& config, const char* pointer,
                   std::initializer_list<std::string_view> words) {
  return std::string(words.begin()[common::kafka::choice_option(config, pointer, words)]);
}

std::int32_t read_partition(const Config& config) {
  if (!config.has("/partition")) return -1;
  const std::int64_t partition = config.integer("/partition");
  if (partition < 0 || partition > INT32_MAX) {
    throw BadConfig("/partition: expected the number of a partition, found " +
                    std::to_string(partition));
  }
  return static_cast<std::int32_t>(partition);
}

void check_together(const Options& options) {
  if (options.acks != "all" && options.idempotent) {
    throw BadConfig(
        "/acks: an idempotent producer waits for all replicas; use acks: all, or set "
        "idempotent: false");
  }
  if (options.transactional() && !options.idempotent) {
    throw BadConfig(
        "/transactional_id: transactions need an idempotent producer; leave out "
        "idempotent: false");
  }
}

}  // namespace

Options::Options(const Config& config)
    : connection((common::kafka::refuse_unknown_options(config, kOptions),
                  common::kafka::read_connection(config, kOwned))),
      topic(text_option(config, "/topic", "")),
      topic_of(topic),
      max_topics(read_max_topics(config)),
      key(read_key(config, key_pointer)),
      keep_headers(config.boolean("/keep_headers", true)),
      headers(read_headers(config)),
      record_time(one_of(config, "/timestamp", {"record", "now"}) == "record"),
      partitioner(one_of(config, "/partitioner",
                         {"murmur2_random", "murmur2", "consistent_random", "consistent", "random",
                          "fnv1a_random", "fnv1a"})),
      partition(read_partition(config)),
      compression(one_of(config, "/compression", {"none", "gzip", "snappy", "lz4", "zstd"})),
      acks(one_of(config, "/acks", {"all", "leader"})),
      idempotent(config.boolean("/idempotent", true)),
      linger(duration_option(config, "/linger", milliseconds(5), milliseconds(0),
                             std::chrono::minutes(15), "0ms to 15m")),
      delivery_timeout(duration_option(config, "/delivery_timeout", std::chrono::seconds(60),
                                       milliseconds(100), std::chrono::minutes(15),
                                       "100ms to 15m")),
      connect_timeout(duration_option(config, "/connect_timeout", std::chrono::seconds(10),
                                      milliseconds(100), std::chrono::minutes(10), "100ms to 10m")),
      transactional_id(text_option(config, "/transactional_id", "")) {
  check_together(*this);
}

common::kafka::Conf client_conf(const Options& options, std::uint64_t limit,
                                std::uint64_t largest) {
  auto conf = common::kafka::make_conf(options.connection);
  const auto give = [&](const char* property, const std::string& value, const char* pointer) {
    common::kafka::set(conf.get(), property, value, pointer);
  };
  const auto by_default = [&](const char* property, std::uint64_t value) {
    if (!common::kafka::has_property(options.connection, property))
      give(property, std::to_string(value), "/librdkafka");
  };
  give("enable.idempotence", options.idempotent ? "true" : "false", "/idempotent");
  give("acks", options.acks == "all" ? "-1" : "1", "/acks");
  give("partitioner", options.partitioner, "/partitioner");
  give("compression.type", options.compression, "/compression");
  give("linger.ms", std::to_string(options.linger.count()), "/linger");
  // What a record names is no reason to make it.
  if (!options.topic_of.fixed()) give("allow.auto.create.topics", "false", "/topic");
  // Without it a batch that is tried again may come behind the next one.
  if (!options.idempotent) by_default("max.in.flight.requests.per.connection", 1);
  if (options.transactional()) {
    const auto timeout = options.delivery_timeout + std::chrono::seconds(10);
    give("transactional.id", options.transactional_id, "/transactional_id");
    give("transaction.timeout.ms", std::to_string(timeout.count()), "/delivery_timeout");
    give("message.timeout.ms", std::to_string(timeout.count()), "/delivery_timeout");
  } else {
    // The sink keeps time itself: where the client did, a record could run out of time while the
    // one behind it still goes through.
    give("message.timeout.ms", "0", "/delivery_timeout");
  }
  // The broker refuses a batch as a whole, so none may be larger than it takes. It looks at the
  // compressed size; what does not compress becomes a little larger.
  const std::uint64_t batch = std::min<std::uint64_t>(1'000'000, limit - limit / 16);
  largest = std::max(largest, limit);
  const std::uint64_t record =
      options.compression == "none" ? largest : std::max(largest, 64UL << 20U);
  by_default("message.max.bytes", std::clamp<std::uint64_t>(record, 1000, 1'000'000'000));
  by_default("batch.size", std::max<std::uint64_t>(batch > 512 ? batch - 512 : batch, 1));
  return conf;
}

}  // namespace sluice::kafka_sink
