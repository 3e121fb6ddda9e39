// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/store/dead_letter_store.h"
#include "tests/unit/store/temp_dir.h"
#ifdef SLUICE_LETTERS_IN_POSTGRES
#include "runtime/base/sha256.h"
#include "tests/unit/store/postgres_server.h"
#endif
#ifdef SLUICE_LETTERS_IN_KAFKA
#include "runtime/base/sha256.h"
#include "tests/unit/store/kafka_server.h"
#endif

namespace sluice {

// The same tests run against every store of letters (see CMakeLists.txt): this is where a store
// that belongs to a folder comes from.
#ifdef SLUICE_LETTERS_IN_POSTGRES
inline Result<std::unique_ptr<DeadLetterStore>> try_letters(const TempDir& dir, bool read_only) {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) return unavailable("no server");
  const std::string database = "d" + sha256_hex(dir.path().string()).substr(0, 16);
  return open_postgres_dead_letters(server->dsn(database), read_only);
}
#elif defined(SLUICE_LETTERS_IN_KAFKA)
inline std::string topic_of(const TempDir& dir) {
  return "d" + sha256_hex(dir.path().string()).substr(0, 16);
}
inline Result<std::unique_ptr<DeadLetterStore>> try_letters(const TempDir& dir, bool read_only) {
  return open_topic_dead_letters(dir.path(), "kafka://" + kafka_brokers() + "/" + topic_of(dir),
                                 read_only);
}
#else
inline Result<std::unique_ptr<DeadLetterStore>> try_letters(const TempDir& dir, bool read_only) {
  return open_dead_letter_store(dir.path(), read_only);
}
#endif

inline std::unique_ptr<DeadLetterStore> open_letters(const TempDir& dir, bool read_only = false) {
  auto store = try_letters(dir, read_only);
  EXPECT_TRUE(store.is_ok()) << store.status().message();
  return store.is_ok() ? std::move(store).value() : nullptr;
}

inline DeadLetter make_letter(uint64_t position, std::string reason, int64_t at_us) {
  DeadLetter out;
  out.tenant = "acme";
  out.pipeline = "orders";
  out.source = "s3-main";
  out.lane = "a.jsonl";
  out.position = position;
  out.stage = "validate";
  out.reason = std::move(reason);
  out.raw = "{\"n\":" + std::to_string(position) + "}";
  out.first_at_us = out.last_at_us = at_us;
  out.id = letter_id(out);
  return out;
}

inline std::vector<uint64_t> positions_of(const std::vector<DeadLetter>& letters) {
  std::vector<uint64_t> out;
  for (const DeadLetter& letter : letters) out.push_back(letter.position);
  return out;
}

// All letters of a walk, page by page.
inline std::vector<DeadLetter> walk(DeadLetterStore& store, const LetterFilter& filter) {
  std::vector<DeadLetter> out;
  LetterCursor at;
  for (;;) {
    auto page = store.page(filter, at);
    EXPECT_TRUE(page.is_ok()) << page.status().message();
    if (!page) return out;
    for (DeadLetter& letter : page->letters) out.push_back(std::move(letter));
    if (!page->next) return out;
    at = *page->next;
  }
}

}  // namespace sluice
