// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/lookup_csv.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace sluice::script {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(LookupTable& table, const std::string& name)
    : table_(table), text_(table.text_), name_(name) {}

Status CsvReader::wrong(uint32_t line, const std::string& what) const {
  return invalid(name_ + ":" + std::to_string(line) + ": " + what);
}

Status CsvReader::read() {
  if (const size_t valid = utf8_valid_prefix(text_); valid != text_.size()) {
    line_ += static_cast<uint32_t>(
        std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(valid), '\n'));
    return wrong("a byte that is not UTF-8; convert the file");
  }
  if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  SLUICE_RETURN_IF_ERROR(read_header());
  while (at_ < text_.size()) {
    size_t length = 0;
    if (at_line_end(&length)) {  // a blank line
      at_ += length;
      ++line_;
      continue;
    }
    SLUICE_RETURN_IF_ERROR(read_row());
  }
  return Status::ok();
}

Status CsvReader::read_header() {
  if (at_ >= text_.size())
    return wrong("expected a line with the names of the columns, found nothing");
  std::vector<std::string>& columns = table_.columns_;
  row_ended_ = false;
  while (!row_ended_) {
    const uint32_t line = line_;
    LookupTable::Cell cell;
    SLUICE_RETURN_IF_ERROR(read_field(&cell));
    std::string column = text_.substr(cell.offset, cell.length);
    if (column.empty())
      return wrong(line, "column " + std::to_string(columns.size() + 1) + " has no name");
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      return wrong(line, "two columns have the name \"" + shorten(column, 60) + "\"");
    }
    columns.push_back(std::move(column));
    if (columns.size() > 1000) return wrong(line, "more than 1000 columns");
  }
  return Status::ok();
}

Status CsvReader::read_row() {
  const size_t width = table_.columns_.size();
  lines_.push_back(line_);
  row_ended_ = false;
  size_t found = 0;
  while (!row_ended_) {
    LookupTable::Cell cell;
    SLUICE_RETURN_IF_ERROR(read_field(&cell));
    if (++found > width) continue;
    if (table_.cells_.size() >= LookupTable::kMostCells) {
      return wrong("more than " + std::to_string(LookupTable::kMostCells) + " cells");
    }
    table_.cells_.push_back(cell);
  }
  if (found == width) return Status::ok();
  return wrong(lines_.back(), "expected " + std::to_string(width) +
                                  " fields as in the first line, found " + std::to_string(found));
}

bool CsvReader::at_line_end(size_t* length) const {
  if (at_ >= text_.size()) return false;
  if (text_[at_] == '\n') {
    *length = 1;
    return true;
  }
  if (text_[at_] != '\r') return false;
  if (at_ + 1 == text_.size()) {
    *length = 1;
    return true;
  }
  *length = 2;
  return text_[at_ + 1] == '\n';
}

Status CsvReader::end_field() {
  size_t length = 0;
  if (at_ >= text_.size()) {
    row_ended_ = true;
  } else if (text_[at_] == ',') {
    ++at_;
  } else if (at_line_end(&length)) {
    row_ended_ = true;
    at_ += length;
    ++line_;
  } else {
    return wrong("text behind the closing quote of a field; a quote inside is written twice");
  }
  return Status::ok();
}

Status CsvReader::read_field(LookupTable::Cell* cell) {
  if (at_ < text_.size() && text_[at_] == '"') return read_quoted(cell);
  cell->offset = static_cast<uint32_t>(at_);
  for (size_t length = 0; at_ < text_.size() && text_[at_] != ',' && !at_line_end(&length); ++at_) {
    if (text_[at_] == '"') {
      return wrong(
          "a quote inside a field without quotes around it; write \"...\" with quotes "
          "inside doubled");
    }
  }
  cell->length = static_cast<uint32_t>(at_) - cell->offset;
  return end_field();
}

// Doubled quotes become one in place: what is written lies before what is read.
Status CsvReader::read_quoted(LookupTable::Cell* cell) {
  const uint32_t began = line_;
  size_t to = ++at_;
  cell->offset = static_cast<uint32_t>(to);
  for (;; ++at_) {
    if (at_ >= text_.size()) {
      return wrong(began, "the quote that begins here is never closed");
    }
    if (text_[at_] == '"') {
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
      ++at_;
    }
    line_ += text_[at_] == '\n' ? 1 : 0;
    text_[to++] = text_[at_];
  }
  ++at_;
  cell->length = static_cast<uint32_t>(to) - cell->offset;
  return end_field();
}

}  // namespace sluice::script
