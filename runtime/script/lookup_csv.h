// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/script/lookup_table.h"

namespace sluice::script {

// Reads a CSV text into a LookupTable, in one pass.
class CsvReader {
 public:
  CsvReader(LookupTable& table, const std::string& name);
  Status read();
  [[nodiscard]] const std::vector<uint32_t>& lines() const { return lines_; }  // by row

 private:
  Status read_header();
  Status read_row();
  // One field; the separator or end of line behind it is passed over.
  Status read_field(LookupTable::Cell* cell);
  Status read_quoted(LookupTable::Cell* cell);
  Status end_field();
  bool at_line_end(size_t* length) const;
  [[nodiscard]] Status wrong(const std::string& what) const { return wrong(line_, what); }
  [[nodiscard]] Status wrong(uint32_t line, const std::string& what) const;

  LookupTable& table_;
  std::string& text_;
  const std::string& name_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  bool row_ended_ = false;
  std::vector<uint32_t> lines_;
};

}  // namespace sluice::script
