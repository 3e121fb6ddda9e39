// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <list>
#include <memory>
#include <set>
#include <sluice/plugin.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/common/block.h"
#include "plugins/common/stop_signal.h"
#include "plugins/sources/file/catalog.h"
#include "plugins/sources/file/file_lane.h"
#include "plugins/sources/file/lag_board.h"
#include "plugins/sources/file/options.h"
#include "plugins/sources/file/scan.h"

namespace sluice::file {

// The `file` source: JSON Lines out of files, one lane a file. Without `follow` it reads file after
// file and ends; with it, all of them in turn as they grow, until it is stopped.
class FileSource {
 public:
  FileSource(Context context, const Config& config);

  void open();
  Poll poll(const PollLimits& limits, BatchBuilder& out);
  void ack(std::span<const sluice_mark> marks) { lag_.settled(marks); }
  void stop() noexcept { stop_.stop(); }
  void close();
  const void* extension(std::string_view id);

  // [any] For the lag extension.
  LagBoard& lag() { return lag_; }

 private:
  using Clock = FileLane::Clock;

  struct Reader {
    FileLane lane;
    Clock::time_point changed;  // when it last grew or was renamed
    bool away = false;          // no longer under the name it was found at
    bool matched = true;        // some name of it matches the configured paths
    bool dead = false;          // damaged: not read any more
  };
  enum class Sweep { kProgress, kWaiting, kFinished };

  // open()
  void load_cursor();
  void forget_vanished();
  void find_rotated();
  void check_readable();

  // poll()
  Poll poll_until(Clock::time_point deadline, BatchBuilder& out);
  Sweep sweep_queue(BatchBuilder& out, Clock::time_point deadline);
  Sweep sweep_followed(BatchBuilder& out, Clock::time_point deadline);
  bool open_next();
  bool follow_one(Reader& reader, BatchBuilder& out, Clock::time_point deadline);
  bool finish_rotated(Reader& reader, BatchBuilder& out);
  void rescan();
  void note_names(const ScanResult& found);
  void note_absent(Reader& reader, Clock::time_point now);

  // Lanes
  bool start(FileLane& lane, bool complete);
  KnownFile& recognise(FileLane& lane);
  bool leave_shrunk(FileLane& lane, BatchBuilder& out);
  void give_up(const std::string& problem);
  void tell_once(std::int32_t level, const std::string& text);
  void close_gone_lanes();
  void save_cursor();
  void retire(KnownFile& known);

  Context context_;
  Options options_;
  common::StopSignal stop_;
  std::shared_ptr<common::BlockPool> pool_ = common::BlockPool::create();
  LagBoard lag_;
  Catalog catalog_;
  bool catalog_changed_ = false;  // files came, moved or went
  bool prints_changed_ = false;   // they only grew
  Clock::time_point saved_{};
  bool overflow_told_ = false;
  std::set<std::pair<std::uint64_t, std::uint64_t>> present_;  // files of the last scan

  std::deque<FoundFile> queue_;  // not yet begun
  std::list<Reader> readers_;    // without follow: at most one
  Clock::time_point next_rescan_{};
  std::set<std::string> told_;         // problems already logged
  std::vector<std::string> problems_;  // what ends a finite source with an error
  std::exception_ptr deferred_;        // thrown by the next poll: this one had records to return
};

}  // namespace sluice::file
