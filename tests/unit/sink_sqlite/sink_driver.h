// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/sink_sqlite/fake_columns.h"

namespace sluice::test {

// A host for one sink: collects logs and metrics, offers columns, can be told to stop.
class SinkHost {
 public:
  SinkHost();
  ~SinkHost();
  SinkHost(const SinkHost&) = delete;
  SinkHost& operator=(const SinkHost&) = delete;

  [[nodiscard]] const sluice_host* host() const { return &host_; }
  void ask_stop();
  void take_stop_back();
  // Stop is asked as soon as the sink waits for something.
  void stop_at_first_wait() { stop_at_wait_ = true; }

  std::vector<std::string> logs;
  std::map<uint32_t, double> metrics;  // sums by index
  FakeColumns columns;
  uint32_t waits = 0;

 private:
  static SinkHost& of(const sluice_host* host) { return *static_cast<SinkHost*>(host->ctx); }

  sluice_host host_{};
  std::mutex log_mutex_;  // a client of a sink's may log on threads of its own
  std::atomic<bool> stopping_ = false;
  bool stop_at_wait_ = false;
  int stop_read_ = -1;
  int stop_write_ = -1;
};

// What the sink said of one record.
struct Said {
  sluice_verdict verdict = SLUICE_REC_UNSET;
  std::string reason;  // its code; empty: none
  std::string maps_to;
  uint16_t flags = 0;
  std::string detail;
};

// Records for a write. Text is copied; nullptr values are tombstones.
class Records {
 public:
  Records() = default;
  Records(std::initializer_list<const char*> values);
  Records& add(std::string value);
  Records& add_tombstone(std::string key);
  [[nodiscard]] sluice_batch batch();
  [[nodiscard]] size_t size() const { return values_.size(); }

 private:
  struct Own {
    bool tombstone = false;
    std::string text;
  };
  // Longer than the plugin knows: a sink must step by stride.
  struct Wide {
    sluice_record record;
    uint64_t beyond[3];
  };
  std::vector<Own> values_;
  std::vector<Wide> wide_;
};

// Drives a sink through its C functions, as the host does.
class SinkDriver {
 public:
  explicit SinkDriver(const sluice_component& component);
  ~SinkDriver();
  SinkDriver(const SinkDriver&) = delete;
  SinkDriver& operator=(const SinkDriver&) = delete;

  sluice_rc create(std::string_view config);
  sluice_rc open();
  // create and open; the result of the first that fails.
  sluice_rc start(std::string_view config);
  // Fills said().
  sluice_rc write(Records records);
  struct Move {
    std::string lane;
    std::optional<uint64_t> expect;
    std::optional<uint64_t> set;
    std::string scope = "p/s/k";
    uint32_t epoch = 0;
  };
  // With marks in the same transaction; fills said().
  sluice_rc write_marked(Records records, const std::vector<Move>& moves);
  // "lane@epoch=position" of a scope, sorted.
  std::string marks(const std::string& scope = "p/s/k");
  sluice_rc reset_marks(const std::string& scope, uint32_t epoch);
  [[nodiscard]] bool keeps_marks() const { return table_of_marks() != nullptr; }
  sluice_rc probe();
  sluice_rc close();
  void destroy();

  [[nodiscard]] const std::vector<Said>& said() const { return said_; }
  // Verdicts in one word each: "ok", "duplicate", "superseded", a reason's code, "unset".
  [[nodiscard]] std::string words() const;
  [[nodiscard]] const std::string& error() const { return error_; }
  SinkHost& host() { return host_; }

 private:
  sluice_rc keep_error(sluice_rc rc, const sluice_error& error);
  [[nodiscard]] const sluice_sink_marks* table_of_marks() const;
  template <typename Call>
  sluice_rc write_with(Records& records, const Call& call);

  const sluice_component& component_;
  const sluice_sink_ops& ops_;
  SinkHost host_;
  sluice_sink* sink_ = nullptr;
  std::vector<Said> said_;
  std::string error_;
};

}  // namespace sluice::test
