// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/store/spool.h"
#include "tests/unit/store/temp_dir.h"

namespace sluice {

// A record of a test with the texts it points to.
struct OwnedRecord {
  std::string source = "kafka-main";
  std::string lane = "orders/3";
  std::string value;
  uint64_t position = 0;
  uint32_t part = 0;

  [[nodiscard]] SpoolRecord view() const {
    SpoolRecord record;
    record.source = source;
    record.lane = lane;
    record.position = position;
    record.part = part;
    record.value = value;
    record.raw = value;
    record.schema_version = "3";
    return record;
  }
};

inline std::string spool_value(uint64_t n, size_t size = 100) {
  std::string value = "{\"n\":" + std::to_string(n) + ",\"pad\":\"";
  if (value.size() + 2 < size)
    value.append(size - value.size() - 2, static_cast<char>('a' + n % 26));
  return value + "\"}";
}

// `count` records of one lane, positions rising from `first`.
inline std::vector<OwnedRecord> run_of(uint64_t first, size_t count, size_t size = 100,
                                       const std::string& lane = "orders/3") {
  std::vector<OwnedRecord> records(count);
  for (size_t i = 0; i < count; ++i) {
    records[i].lane = lane;
    records[i].position = first + i;
    records[i].value = spool_value(first + i, size);
  }
  return records;
}

inline Status append_all(Spool& spool, const std::vector<OwnedRecord>& records) {
  std::vector<SpoolRecord> views;
  views.reserve(records.size());
  for (const OwnedRecord& record : records) views.push_back(record.view());
  return spool.append(views);
}

inline SpoolOptions spool_in(const TempDir& dir, uint64_t limit = 64 << 20) {
  SpoolOptions options;
  options.state_dir = dir.path();
  options.sink = "pg";
  options.limit_bytes = limit;
  return options;
}

inline std::unique_ptr<Spool> opened_spool(const SpoolOptions& options) {
  auto spool = open_spool(options);
  EXPECT_TRUE(spool.is_ok()) << spool.status().message();
  return spool.is_ok() ? std::move(spool).value() : nullptr;
}

// Positions of everything inside, front to back; peeked in small steps.
inline std::vector<uint64_t> positions_in(Spool& spool, size_t step = 7) {
  std::vector<uint64_t> out;
  SpoolItems items;
  uint64_t after = 0;
  for (;;) {
    const Status peeked = spool.peek(after, step, 1 << 20, items);
    EXPECT_TRUE(peeked) << peeked.message();
    if (!peeked || items.empty()) return out;
    for (const SpoolItem& item : items.items()) out.push_back(item.record.position);
    after = items.items().back().id;
  }
}

// The file of the spool's database with this ending that holds the most.
inline std::filesystem::path spool_file(const TempDir& dir, const std::string& ending) {
  std::filesystem::path found;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "spool/pg/records")) {
    if (entry.path().extension() != ending) continue;
    if (found.empty() || entry.file_size() > std::filesystem::file_size(found)) {
      found = entry.path();
    }
  }
  return found;
}

}  // namespace sluice
