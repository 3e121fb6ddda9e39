// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

// A sink with marks, linked into a test: a database in memory whose transactions are all or
// nothing, with levers for what goes wrong. Component id "marked"; one database for all of its
// instances.
namespace sluice::test {

struct MarkedDatabase {
  using Name = std::tuple<std::string, std::string, uint32_t>;  // scope, lane, epoch

  std::mutex mutex;
  std::vector<std::string> rows;  // values, in the order of their commits
  std::map<Name, uint64_t> marks;
  std::vector<std::vector<std::string>> writes;  // all that were tried
  // Decides the verdict of each record of a write; empty: OK.
  std::function<sluice_verdict(const std::string& value)> verdict;
  // Told of each record that is committed; may be empty.
  std::function<void(const std::string& value)> committed;
  // The next write commits and says that it failed; the next read fails.
  bool lose_answer = false;
  bool fail_read = false;
  uint32_t fenced = 0;

  [[nodiscard]] std::map<std::string, uint64_t> lanes() {
    const std::lock_guard lock(mutex);
    std::map<std::string, uint64_t> out;
    for (const auto& [name, position] : marks) out[std::get<1>(name)] = position;
    return out;
  }
};

MarkedDatabase& marked_database();
// An empty one; at the beginning of a test.
void reset_marked_database();
const sluice_plugin_entry* marked_plugin();

}  // namespace sluice::test
