// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <sluice/config.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/common/kafka_options.h"

namespace sluice::kafka_source {

enum class Reset : std::uint8_t { kEarliest, kLatest, kNone };
enum class CommitWhen : std::uint8_t { kOnSettled, kInterval };
enum class Tombstone : std::uint8_t { kDelete, kSkip, kDeadLetter };

// Where a run ends; nothing: never.
struct Until {
  enum class Kind : std::uint8_t { kEnd, kTime, kOffset };
  Kind kind = Kind::kEnd;
  std::int64_t value = 0;  // milliseconds since 1970, or an offset
};

// Where partitions are put, once.
struct Start {
  enum class Kind : std::uint8_t { kEarliest, kLatest, kTime };
  Kind kind = Kind::kEarliest;
  std::int64_t time_ms = 0;  // since 1970
  std::string text;          // as configured; no spaces
};

// The source's configuration, checked.
struct Options {
  // `instance` names the group where the configuration does not. Throws BadConfig.
  Options(const Config& config, std::string_view instance);

  common::kafka::Connection connection;
  std::vector<std::string> topics;  // names, and patterns that begin with ^
  std::string group_id;
  std::string group_instance_id;  // empty: no static membership
  std::string assignment;
  Reset reset;
  std::optional<Start> start;  // nothing: where the group is
  std::optional<Until> until;
  CommitWhen commit;
  bool commit_async;
  std::chrono::milliseconds commit_interval;
  Tombstone tombstone;
  bool read_committed;
  std::chrono::milliseconds session_timeout;
  std::chrono::milliseconds revoke_timeout;  // what a drain at revocation may take
  std::chrono::milliseconds connect_timeout;
  bool publish_lag;
  std::string lag_topic;  // empty: none
  std::chrono::milliseconds lag_interval;
  std::chrono::milliseconds statistics_interval;  // 0: none are gathered

  [[nodiscard]] bool is_pattern(std::size_t i) const { return topics[i].front() == '^'; }
};

// What librdkafka is given. Throws BadConfig. Opens files, so not before open().
common::kafka::Conf client_conf(const Options& options);

}  // namespace sluice::kafka_source
