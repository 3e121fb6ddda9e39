// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "plugins/common/options.h"
#include "plugins/sources/kafka/time_text.h"

namespace sluice::kafka_source {
namespace {

using common::kafka::duration_option;
using common::kafka::OwnedProperty;
using common::kafka::text_option;
using std::chrono::milliseconds;

constexpr std::array<OwnedProperty, 14> kOwned = {{
    {"group.id", "the option `group_id`"},
    {"group.instance.id", "the option `group_instance_id`"},
    {"partition.assignment.strategy", "the option `assignment`"},
    {"auto.offset.reset", "the option `auto_offset_reset`"},
    {"enable.auto.commit", "the option `commit`"},
    {"auto.commit.enable", "the option `commit`"},
    {"auto.commit.interval.ms", "the option `commit_interval`"},
    {"enable.auto.offset.store", "nothing: only settled offsets are ever committed"},
    {"isolation.level", "the option `isolation`"},
    {"session.timeout.ms", "the option `session_timeout`"},
    {"heartbeat.interval.ms", "the option `session_timeout`, of which it is a third, at most 3s"},
    {"statistics.interval.ms", "the option `statistics_interval`"},
    {"enable.partition.eof", "nothing: the source needs it"},
    {"allow.auto.create.topics", "nothing: a source does not create topics; create them before"},
}};

constexpr std::array<std::string_view, 22> kOptions = {
    "topics",          "group_id",           "group_prefix",    "group_instance_id",
    "assignment",      "auto_offset_reset",  "until",           "commit",
    "auto_commit",     "commit_on_publish",  "commit_async",    "commit_interval",
    "tombstone",       "isolation",          "session_timeout", "revoke_timeout",
    "connect_timeout", "publish_lag",        "lag_topic",       "lag_interval",
    "start",           "statistics_interval"};

void check_topic(const std::string& where, const std::string& topic) {
  if (topic.empty()) throw BadConfig(where + ": is empty; expected a topic or a pattern ^...");
  if (topic.find('\0') != std::string::npos) {
    throw BadConfig(where + ": a topic cannot hold NUL characters");
  }
  if (topic.front() == '^') return;
  if (!common::kafka::may_name_topic(topic)) {
    throw BadConfig(where + ": \"" + topic +
                    "\" is no name of a topic (letters, digits, '.', '_' and '-', at most 249); a "
                    "pattern begins with ^");
  }
}

std::vector<std::string> read_topics(const Config& config) {
  std::vector<std::string> topics = config.strings("/topics");
  if (topics.empty()) {
    throw BadConfig("/topics: expected a list of topics with at least one entry");
  }
  for (std::size_t i = 0; i < topics.size(); ++i) {
    check_topic(Config::at("/topics", i), topics[i]);
    if (std::count(topics.begin(), topics.end(), topics[i]) > 1) {
      throw BadConfig(Config::at("/topics", i) + ": " + topics[i] + " is listed twice");
    }
  }
  return topics;
}

std::string read_group(const Config& config, std::string_view instance) {
  std::string group = text_option(config, "/group_id", "");
  if (!group.empty()) return group;
  std::string prefix = text_option(config, "/group_prefix", "");
  if (prefix.empty()) {
    // Operators set it for a whole fleet; nothing in this process changes the environment.
    // NOLINTNEXTLINE(concurrency-mt-unsafe)
    const char* fleet = std::getenv("KAFKA_CONSUMER_GROUP_PREFIX");
    if (fleet != nullptr) prefix = fleet;
  }
  if (prefix.empty()) prefix = "ingest-adapter";
  return prefix + "-" + std::string(instance);
}

// Its values stand in the order of `words`.
template <typename E>
E choice(const Config& config, const char* pointer, std::initializer_list<std::string_view> words) {
  return static_cast<E>(common::kafka::choice_option(config, pointer, words));
}

std::optional<Start> read_start(const Config& config) {
  const std::string text = text_option(config, "/start", "committed");
  if (text == "committed") return std::nullopt;
  if (text == "earliest") return Start{Start::Kind::kEarliest, 0, text};
  if (text == "latest") return Start{Start::Kind::kLatest, 0, text};
  const auto time = parse_time(text);
  if (time && text.find(' ') == std::string::npos) return Start{Start::Kind::kTime, *time, text};
  throw BadConfig(
      "/start: expected committed, earliest, latest or a time such as 2026-01-31T12:00:00Z, "
      "found " +
      text);
}

std::optional<Until> read_until(const Config& config) {
  if (!config.has("/until")) return std::nullopt;
  const bool number = !config.is_string("/until");
  const std::string text =
      number ? std::string(config.json("/until")) : text_option(config, "/until", "");
  if (text.empty()) return std::nullopt;
  if (text == "end") return Until{};
  std::int64_t offset = 0;
  const auto [last, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error == std::errc() && last == text.data() + text.size() && offset >= 0) {
    return Until{Until::Kind::kOffset, offset};
  }
  if (const auto time = parse_time(text)) return Until{Until::Kind::kTime, *time};
  throw BadConfig("/until: expected end, a time such as 2026-01-31T12:00:00Z or an offset, found " +
                  text);
}

// Three ways to say when offsets are committed: one word, or the switches operators know from the
// environment.
CommitWhen read_commit(const Config& config) {
  const std::string word = text_option(config, "/commit", "");
  if (word == "on_settled") return CommitWhen::kOnSettled;
  if (word == "interval" || word == "auto") return CommitWhen::kInterval;
  if (!word.empty()) {
    throw BadConfig("/commit: expected one of on_settled, interval, auto, found " + word);
  }
  if (config.boolean("/auto_commit", false)) return CommitWhen::kInterval;
  return config.boolean("/commit_on_publish", true) ? CommitWhen::kOnSettled
                                                    : CommitWhen::kInterval;
}

}  // namespace

Options::Options(const Config& config, std::string_view instance)
    : connection((common::kafka::refuse_unknown_options(config, kOptions),
                  common::kafka::read_connection(config, kOwned))),
      topics(read_topics(config)),
      group_id(read_group(config, instance)),
      group_instance_id(text_option(config, "/group_instance_id", "")),
      assignment(text_option(config, "/assignment", "cooperative-sticky")),
      reset(choice<Reset>(config, "/auto_offset_reset", {"earliest", "latest", "none"})),
      start(read_start(config)),
      until(read_until(config)),
      commit(read_commit(config)),
      // What clients call automatic never waits for an answer.
      commit_async(config.boolean("/commit_async", true) ||
                   text_option(config, "/commit", "") == "auto"),
      commit_interval(duration_option(config, "/commit_interval", milliseconds(5000),
                                      milliseconds(10), std::chrono::hours(1), "10ms to 1h")),
      tombstone(choice<Tombstone>(config, "/tombstone", {"delete", "skip", "dead_letter"})),
      read_committed(choice<int>(config, "/isolation", {"read_committed", "read_uncommitted"}) ==
                     0),
      session_timeout(duration_option(config, "/session_timeout", std::chrono::seconds(45),
                                      std::chrono::seconds(1), std::chrono::hours(1), "1s to 1h")),
      revoke_timeout(config.has("/revoke_timeout") ? config.duration("/revoke_timeout")
                                                   : session_timeout * 2 / 3),
      connect_timeout(duration_option(config, "/connect_timeout", std::chrono::seconds(10),
                                      milliseconds(100), std::chrono::minutes(10), "100ms to 10m")),
      publish_lag(config.boolean("/publish_lag", false)),
      lag_topic(text_option(config, "/lag_topic", "")),
      lag_interval(duration_option(config, "/lag_interval", std::chrono::seconds(30),
                                   milliseconds(100), std::chrono::hours(24), "100ms to 24h")),
      statistics_interval(duration_option(config, "/statistics_interval", std::chrono::seconds(15),
                                          milliseconds(0), std::chrono::hours(1),
                                          "0s (off) to 1h")) {
  choice<int>(config, "/assignment", {"cooperative-sticky", "range", "roundrobin"});
  if (!lag_topic.empty() && !common::kafka::may_name_topic(lag_topic)) {
    throw BadConfig("/lag_topic: \"" + lag_topic + "\" is no name of a topic");
  }
  if (revoke_timeout > session_timeout) {
    throw BadConfig(
        "/revoke_timeout: expected at most /session_timeout, in which a member must answer; raise "
        "that one, or lower this");
  }
}

common::kafka::Conf client_conf(const Options& options) {
  auto conf = common::kafka::make_conf(options.connection);
  const auto give = [&](const char* property, const std::string& value, const char* pointer) {
    common::kafka::set(conf.get(), property, value, pointer);
  };
  give("group.id", options.group_id, "/group_id");
  if (!options.group_instance_id.empty()) {
    give("group.instance.id", options.group_instance_id, "/group_instance_id");
  }
  give("partition.assignment.strategy", options.assignment, "/assignment");
  give("session.timeout.ms", std::to_string(options.session_timeout.count()), "/session_timeout");
  const auto heartbeat = std::min(milliseconds(3000), options.session_timeout / 3);
  give("heartbeat.interval.ms", std::to_string(heartbeat.count()), "/session_timeout");
  give("isolation.level", options.read_committed ? "read_committed" : "read_uncommitted",
       "/isolation");
  give("enable.auto.commit", "false", "/commit");
  give("enable.auto.offset.store", "false", "/commit");
  // Where a partition starts is decided by the source, which tells what it does.
  give("auto.offset.reset", "error", "/auto_offset_reset");
  give("enable.partition.eof", "true", "/until");
  // A damaged batch is to be noticed, unless somebody does not want that.
  if (!common::kafka::has_property(options.connection, "check.crcs")) {
    give("check.crcs", "true", "/librdkafka/check.crcs");
  }
  give("statistics.interval.ms", std::to_string(options.statistics_interval.count()),
       "/statistics_interval");
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR |
                                           RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_REBALANCE |
                                           RD_KAFKA_EVENT_OFFSET_COMMIT);
  return conf;
}

}  // namespace sluice::kafka_source
