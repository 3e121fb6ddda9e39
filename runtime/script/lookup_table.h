// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/record/arena.h"
#include "runtime/record/document.h"

struct lua_State;

namespace sluice::script {

struct State;

// A table of a file that scripts look rows up in by a key, loaded once and shared by all states of
// all threads. Immutable.
//
// CSV (RFC 4180): the first line names the columns, the first column is the key, rows are tables of
// column -> text. JSON: an object of key -> value, or a list of objects, whose first member (of the
// first one) is the key. Keys are text; no key may occur twice.
class LookupTable {
 public:
  static constexpr uint64_t kLargestCsv = 64ULL << 20;
  static constexpr uint64_t kLargestJson = 32ULL << 20;  // nodes take up to eight times as much
  static constexpr uint32_t kMostCells = 8'000'000;
  static constexpr uint32_t kNoRow = UINT32_MAX;

  // By the suffix of the file. `name` stands in errors, with the line.
  static Result<std::shared_ptr<const LookupTable>> load(const std::filesystem::path& file,
                                                         const std::string& name);
  static Result<std::shared_ptr<const LookupTable>> from_csv(std::string text,
                                                             const std::string& name);
  static Result<std::shared_ptr<const LookupTable>> from_json(std::string text,
                                                              const std::string& name);
  LookupTable(const LookupTable&) = delete;
  LookupTable& operator=(const LookupTable&) = delete;

  [[nodiscard]] uint32_t rows() const { return static_cast<uint32_t>(keys_.size()); }
  [[nodiscard]] std::string_view key(uint32_t row) const { return keys_[row]; }
  [[nodiscard]] uint32_t find(std::string_view key) const;
  // Pushes the row as a new value of its own.
  void push_row(lua_State* L, State& state, uint32_t row) const;
  // Pushes the row's value in a column, or nil. Raises for a column that no row of a CSV file has.
  void push_column(lua_State* L, State& state, uint32_t row, std::string_view column) const;

  [[nodiscard]] const std::string& hash() const { return hash_; }  // hex SHA-256 of the file
  [[nodiscard]] uint64_t bytes() const { return text_.size(); }

 private:
  friend class CsvReader;
  struct Cell {
    uint32_t offset = 0;
    uint32_t length = 0;
  };

  explicit LookupTable(std::string text);
  Status read_json(const std::string& name);
  Status read_json_list(const std::string& name);
  // Makes slots_ of keys_; `lines` tells the line of each row.
  Status index(const std::string& name, const std::vector<uint32_t>& lines);
  [[nodiscard]] uint32_t line_of(NodeIndex node) const;
  [[nodiscard]] std::string_view cell(uint32_t row, size_t column) const {
    const Cell& at = cells_[row * columns_.size() + column];
    return std::string_view(text_).substr(at.offset, at.length);
  }

  std::string text_;  // of a CSV file with quotes taken away in place
  std::string hash_;
  std::vector<std::string> columns_;  // CSV
  std::vector<Cell> cells_;           // CSV, row by row
  Document document_;                 // JSON
  std::vector<NodeIndex> values_;     // JSON, by row
  Arena decoded_{4096};               // JSON: keys with escapes
  std::vector<std::string_view> keys_;
  std::vector<uint32_t> slots_;  // row + 1, found by the hash of its key
};

}  // namespace sluice::script
