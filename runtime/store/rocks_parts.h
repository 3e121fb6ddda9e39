// SPDX-License-Identifier: Apache-2.0
#pragma once

// Of the rocks*.cc files only, as it shows RocksDB's own types.
#include <rocksdb/db.h>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/store/rocks.h"

namespace sluice::store {

// Which part of a database a key belongs to: RocksOptions::apart.
struct RocksRoute {
  std::string_view apart;
  std::span<rocksdb::ColumnFamilyHandle* const> handles;  // empty: RocksDB's default

  [[nodiscard]] rocksdb::ColumnFamilyHandle* of(std::string_view key) const {
    if (handles.empty()) return nullptr;
    const size_t at = key.empty() ? std::string_view::npos : apart.find(key.front());
    return handles[at == std::string_view::npos ? 0 : at + 1];
  }
};

// An open database and its parts, RocksDB's column families: `default`, and one for each letter of
// keys apart, with that name.
class RocksParts {
 public:
  RocksParts() = default;
  ~RocksParts() { close().PermitUncheckedError(); }
  RocksParts(const RocksParts&) = delete;
  RocksParts& operator=(const RocksParts&) = delete;

  static std::vector<rocksdb::ColumnFamilyDescriptor> names(const RocksOptions& options,
                                                            const rocksdb::Options& set);
  // Closes what was open before.
  rocksdb::Status open(const RocksOptions& options, const rocksdb::Options& set, bool read_only);
  // Background work ends here. What was written without sync is in the log already.
  rocksdb::Status close();

  [[nodiscard]] bool is_open() const { return db_ != nullptr; }
  [[nodiscard]] rocksdb::DB* operator->() const { return db_.get(); }
  [[nodiscard]] rocksdb::DB& operator*() const { return *db_; }
  [[nodiscard]] const std::vector<rocksdb::ColumnFamilyHandle*>& parts() const { return parts_; }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> parts_;
};

}  // namespace sluice::store
