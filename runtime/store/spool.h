// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"
#include "runtime/store/spool_record.h"

namespace sluice {

// A record that waits. `id` rises in the order of append() and names it until it is removed.
struct SpoolItem {
  uint64_t id = 0;
  SpoolRecord record;
};

// What peek() found, with the memory its views point into. Use it again for the next peek(): it
// keeps its memory.
class SpoolItems {
 public:
  SpoolItems() = default;
  SpoolItems(const SpoolItems&) = delete;  // the copy's views would point into the original
  SpoolItems& operator=(const SpoolItems&) = delete;

  [[nodiscard]] const std::vector<SpoolItem>& items() const { return items_; }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] size_t size() const { return items_.size(); }
  [[nodiscard]] uint64_t bytes() const { return text_.size(); }  // as stored

 private:
  friend class DurableSpool;
  std::vector<SpoolItem> items_;
  std::string text_;  // what items_ point into, this and the next
  store::SpoolTexts texts_;
};

// Where a record that waits stands.
struct SpoolPlace {
  uint64_t id = 0;
  std::string_view source;  // good until each_place() returns
  std::string_view lane;
  uint64_t position = 0;
  uint32_t part = 0;
  uint32_t epoch = 0;  // as in SpoolRecord
};

// A lane that has records inside.
struct SpoolLane {
  std::string source;
  std::string lane;
  uint64_t records = 0;
  uint64_t bytes = 0;
  // The highest (position, part) that waits: what comes again at or below it is here already.
  uint64_t last_position = 0;
  uint32_t last_part = 0;
};

struct SpoolStats {
  uint64_t records = 0;
  uint64_t bytes = 0;  // of records; what the limit counts
  uint64_t limit_bytes = 0;
  uint64_t lanes = 0;
  uint64_t damaged = 0;     // set aside: not among `records`, never delivered, kept
  int64_t oldest_us = 0;    // when the record at the front was appended; 0: nothing waits
  uint64_t disk_bytes = 0;  // more than `bytes` for a while after much was removed
  uint64_t found = 0;       // records that were there when it was opened
  uint64_t last_id = 0;     // of the last append; 0: none yet
};

struct SpoolOptions {
  std::filesystem::path state_dir;  // the spool lies in `<state_dir>/spool/<sink>`
  std::string sink;
  uint64_t limit_bytes = 0;
  const Clock* clock = &Clock::real();
};

// A durable queue of one sink: first in, first out, so the order of every lane is kept; what was
// delivered is removed one by one, since lanes settle apart.
//
// Promises. When append() returns OK all of it survives `kill -9` and power loss (one fsync a
// call); when it fails none of it is there, now or later. Every record carries a checksum of ours;
// one that fails it is moved aside, counted, and passed over. Damage of whole files is kCorrupt
// with the command that saves the rest (`sluice spool salvage`); nothing is ever deleted for being
// damaged. After a write failed (disk full, fsync) the next call opens the files anew, and goes on
// if that succeeds.
//
// Any thread; calls that read or write take turns, stats() and lanes() never wait for a disk.
class Spool {
 public:
  virtual ~Spool() = default;

  // All records or none, in this order. Their views need to live for the call only.
  // kExhausted: they would pass the limit, or the disk is full; nothing is written.
  // kUnavailable: the disk refuses; nothing is acknowledged, try again.
  virtual Status append(std::span<const SpoolRecord> records) = 0;
  // What append() would count for this record.
  [[nodiscard]] static uint64_t cost(const SpoolRecord& record);

  // The next records behind the id `after` (0: from the front), at most `records` of them and about
  // `bytes` (the first may exceed it), in order; they stay. Empty: none waits behind it.
  virtual Status peek(uint64_t after, size_t records, uint64_t bytes, SpoolItems& out) = 0;
  // Tells the place of every record inside, ids rising; reads the index, not the records. The
  // spool must not be called meanwhile.
  virtual Status each_place(const std::function<void(const SpoolPlace&)>& tell) = 0;

  // They were delivered, or became dead letters. Ids that are not there are passed over. Not synced
  // unless asked: after power loss (not after kill -9) some may come back and are delivered again.
  virtual Status remove(std::span<const uint64_t> ids, bool sync = false) = 0;

  [[nodiscard]] virtual SpoolStats stats() const = 0;
  // Lanes with something inside, in no particular order.
  [[nodiscard]] virtual std::vector<SpoolLane> lanes() const = 0;
  // One of them; records == 0: nothing of that lane waits.
  [[nodiscard]] virtual SpoolLane lane(std::string_view source, std::string_view lane) const = 0;
};

// Creates it when absent. kExists: another process has it open; kCorrupt: see above.
Result<std::unique_ptr<Spool>> open_spool(const SpoolOptions& options);

// Names of the sinks that have a spool in this state folder, sorted; empty when there is none.
std::vector<std::string> spools_in(const std::filesystem::path& state_dir);

}  // namespace sluice
