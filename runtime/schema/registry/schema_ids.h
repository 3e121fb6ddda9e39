// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/schema/registry/answers.h"

namespace sluice {

// What is known of schema ids at one moment. Immutable, so that workers read it without a lock; a
// batch keeps the one that knows all its ids.
class SchemaIds {
 public:
  using Answer = registry::SchemaAnswer;
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Entry {
    Answer answer;
    TimePoint asked{};  // when the registry said so; of what was read from a file: none
  };

  // More than a batch can hold records, so that one batch's answers never displace each other.
  static constexpr size_t kMost = 10'000;

  SchemaIds() = default;

  // What the registry answered, or nullptr: nothing is known. Allocates nothing.
  [[nodiscard]] const Entry* find(uint32_t id) const;
  [[nodiscard]] size_t size() const { return entries_.size(); }
  // The same with this answer. Past kMost the one that was asked for longest ago goes, first those
  // that do not last.
  [[nodiscard]] std::shared_ptr<const SchemaIds> with(uint32_t id, Entry entry) const;

  // A file that outlives the process: the answers that last, of one registry. write() replaces it;
  // read() knows nothing when the file is not there, is of another registry or subject (`origin`),
  // or is damaged, and says so then in `trouble`.
  [[nodiscard]] Status write(const std::filesystem::path& file, const std::string& origin) const;
  static std::shared_ptr<const SchemaIds> read(const std::filesystem::path& file,
                                               const std::string& origin, std::string& trouble);

 private:
  using Row = std::pair<uint32_t, std::shared_ptr<const Entry>>;
  std::vector<Row> entries_;  // by id
};

}  // namespace sluice
