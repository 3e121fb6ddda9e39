// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/rocks_parts.h"

#include <utility>

namespace sluice::store {

std::vector<rocksdb::ColumnFamilyDescriptor> RocksParts::names(const RocksOptions& options,
                                                               const rocksdb::Options& set) {
  const rocksdb::ColumnFamilyOptions each(set);
  std::vector<rocksdb::ColumnFamilyDescriptor> out{{rocksdb::kDefaultColumnFamilyName, each}};
  for (const char letter : options.apart) out.emplace_back(std::string(1, letter), each);
  return out;
}

rocksdb::Status RocksParts::open(const RocksOptions& options, const rocksdb::Options& set,
                                 bool read_only) {
  close().PermitUncheckedError();
  rocksdb::DB* raw = nullptr;
  const std::string dir = options.dir.string();
  const auto all = names(options, set);
  rocksdb::Status opened = read_only ? rocksdb::DB::OpenForReadOnly(set, dir, all, &parts_, &raw)
                                     : rocksdb::DB::Open(set, dir, all, &parts_, &raw);
  db_.reset(raw);
  return opened;
}

rocksdb::Status RocksParts::close() {
  if (!db_) return rocksdb::Status::OK();
  for (rocksdb::ColumnFamilyHandle* part : parts_) {
    db_->DestroyColumnFamilyHandle(part).PermitUncheckedError();  // fails for no handle of ours
  }
  parts_.clear();
  return std::exchange(db_, nullptr)->Close();
}

}  // namespace sluice::store
