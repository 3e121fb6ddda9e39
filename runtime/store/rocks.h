// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace sluice::store {

// How a database is opened. The defaults are for a process that has several of them: each takes at
// most cache_bytes + 2 * write_buffer_bytes of memory.
struct RocksOptions {
  std::filesystem::path dir;  // its folder; the parent must exist; created with mode 0700
  // What setting the folder aside costs, a clause for error messages: "its records are then ...".
  std::string loss;
  // The command that repairs it, when there is one; else the advice is to move the folder.
  std::string repair;
  uint64_t cache_bytes = 8 << 20;
  uint64_t write_buffer_bytes = 8 << 20;
  uint64_t file_bytes = 16 << 20;   // of one table
  uint64_t block_bytes = 16 << 10;  // read, checked and cached together; small ones for single gets
  bool compress = true;             // LZ4; false for what does not shrink, such as hashes
  int bloom_bits = 0;               // bits a key; 10 makes a get() of an absent key cheap
  // Keys are written in rising order, by and large.
  bool rising_keys = false;
  // For single keys all over, none asked for twice: filters and indexes stay in memory, beyond
  // cache_bytes if need be (some two bytes a key with 10 bits), and blocks that are read leave the
  // cache alone.
  bool point_lookups = false;
  // Keys that begin with one of these letters lie in files of their own, a letter each, so that
  // what is written in the order of its keys there never has to be merged with the rest. Fixed once
  // it is made.
  std::string apart;
  // True: this entry may vanish. Asked in a background thread whenever entries are rewritten, so
  // it must be thread-safe; nothing is promised about when, so readers must ask it themselves.
  std::function<bool(std::string_view key, std::string_view value)> obsolete;
  // Creates and changes nothing; for looking beside a running process (what that one has not yet
  // written to its files is read from its log). kNotFound when there is no database.
  bool read_only = false;
  // With read_only: damaged entries are passed over instead of ending the walk with kCorrupt.
  bool skip_damage = false;
  // A copy of a log whose end is torn is kept here before the end is dropped; empty: no copy.
  std::filesystem::path keep_torn_in;
};

// Changes that are applied together or not at all. One thread. For a database with keys apart it
// has to come from RocksDb::batch() of that object.
class RocksBatch {
 public:
  RocksBatch();
  ~RocksBatch();
  RocksBatch(RocksBatch&&) noexcept;
  RocksBatch& operator=(RocksBatch&&) noexcept;

  void put(std::string_view key, std::string_view value);
  // The value in two pieces, to spare the caller from joining them.
  void put(std::string_view key, std::string_view value, std::string_view rest);
  void remove(std::string_view key);
  void remove_range(std::string_view from, std::string_view until);  // until not included
  void clear();
  [[nodiscard]] bool empty() const;
  [[nodiscard]] uint64_t bytes() const;

 private:
  friend class RocksDb;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A walk over the entries in the order of their keys, over the state at the moment it was made
// (of keys apart, which are a walk of their own: of the seek() to them). Lives no longer than its
// database. One thread.
class RocksCursor {
 public:
  ~RocksCursor();
  RocksCursor(RocksCursor&&) noexcept;
  RocksCursor& operator=(RocksCursor&&) noexcept;

  void seek(std::string_view key);  // to the first entry at or behind it
  void next();
  [[nodiscard]] bool valid() const;  // false: at the end, or failed: ask status()
  // Valid until the cursor moves.
  [[nodiscard]] std::string_view key() const;
  [[nodiscard]] std::string_view value() const;
  // kCorrupt: what follows cannot be read; seek() behind it may succeed.
  [[nodiscard]] Status status() const;

 private:
  friend class RocksDb;
  struct Impl;
  explicit RocksCursor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A RocksDB database; nothing else speaks to RocksDB. Any thread; writes of several threads are
// grouped into one sync. All databases of the process share two background threads.
//
// Errors: full disk or quota kExhausted; another process (or object) has it open kExists; cannot be
// read or written kUnavailable; fails its checks kCorrupt, with what to do. After a write failed
// the database refuses every later one: whether the failed one is there is unknown until it was
// opened anew.
class RocksDb {
 public:
  // A log whose last write was torn (power went, the process was killed) loses that write, which
  // nobody was told of as durable; torn_tail() says so. Damage before the end is kCorrupt.
  static Result<std::unique_ptr<RocksDb>> open(RocksOptions options);
  // Rebuilds what can be rebuilt of a database that open() calls damaged: its list of files is made
  // anew, what cannot be read is moved to `<dir>/lost`. Entries removed lately may come back.
  static Status repair(const RocksOptions& options);

  ~RocksDb();
  RocksDb(const RocksDb&) = delete;
  RocksDb& operator=(const RocksDb&) = delete;

  [[nodiscard]] RocksBatch batch() const;
  // sync: on disk when it returns. Without, a kill -9 loses nothing, power loss the latest writes.
  Status write(RocksBatch& batch, bool sync);
  Result<std::optional<std::string>> get(std::string_view key);
  // values[i] belongs to keys[i]. Much cheaper than as many get() when keys are sorted. Keys apart
  // are asked for with others of their letter only.
  Status get_many(std::span<const std::string_view> keys,
                  std::vector<std::optional<std::string>>& values, bool sorted = false);
  // sequential: reads ahead and leaves the cache alone; for walks over everything.
  [[nodiscard]] RocksCursor cursor(bool sequential = false);

  // Writes what is in memory to files, so that opening again is quick. Idempotent.
  Status flush();
  // Rewrites everything; drops what is obsolete. May take long.
  Status compact();
  // Gives back the disk space of whole files that hold nothing but keys in this range, whose
  // entries the caller knows to be removed.
  Status drop_files(std::string_view from, std::string_view until);
  // Reads every file and compares its checksums.
  Status verify();

  // Rises with every change; what it was after a synced write it never falls below again.
  [[nodiscard]] uint64_t last_sequence() const;
  [[nodiscard]] uint64_t disk_bytes() const;    // of tables, the log not counted
  [[nodiscard]] uint64_t memory_bytes() const;  // of buffers and cache, now
  [[nodiscard]] uint64_t estimated_keys() const;
  [[nodiscard]] bool torn_tail() const;
  [[nodiscard]] const RocksOptions& options() const;

 private:
  struct Impl;
  explicit RocksDb(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::store
