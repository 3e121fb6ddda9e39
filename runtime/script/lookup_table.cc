// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/lookup_table.h"

#include <lua.hpp>

#include <algorithm>
#include <bit>
#include <functional>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/lookup_csv.h"
#include "runtime/script/state.h"

namespace sluice::script {

LookupTable::LookupTable(std::string text) : text_(std::move(text)), hash_(sha256_hex(text_)) {}

Result<std::shared_ptr<const LookupTable>> LookupTable::load(const std::filesystem::path& file,
                                                             const std::string& name) {
  const bool csv = file.extension() == ".csv";
  SLUICE_ASSIGN_OR_RETURN(std::string text, read_file(file, csv ? kLargestCsv : kLargestJson));
  return csv ? from_csv(std::move(text), name) : from_json(std::move(text), name);
}

Result<std::shared_ptr<const LookupTable>> LookupTable::from_csv(std::string text,
                                                                 const std::string& name) {
  std::shared_ptr<LookupTable> table(new LookupTable(std::move(text)));
  CsvReader reader(*table, name);
  SLUICE_RETURN_IF_ERROR(reader.read());
  const auto rows = static_cast<uint32_t>(reader.lines().size());
  table->keys_.reserve(rows);
  for (uint32_t row = 0; row < rows; ++row) table->keys_.push_back(table->cell(row, 0));
  SLUICE_RETURN_IF_ERROR(table->index(name, reader.lines()));
  return std::shared_ptr<const LookupTable>(std::move(table));
}

Result<std::shared_ptr<const LookupTable>> LookupTable::from_json(std::string text,
                                                                  const std::string& name) {
  std::shared_ptr<LookupTable> table(new LookupTable(std::move(text)));
  SLUICE_RETURN_IF_ERROR(table->read_json(name));
  return std::shared_ptr<const LookupTable>(std::move(table));
}

uint32_t LookupTable::line_of(NodeIndex node) const {
  const auto end = text_.begin() + document_.node(node).offset;
  return static_cast<uint32_t>(std::count(text_.begin(), end, '\n')) + 1;
}

Status LookupTable::read_json(const std::string& name) {
  const ParseResult parsed = document_.parse(text_, ParseLimits{kLargestJson, 128});
  if (!parsed) {
    const auto end = text_.begin() + std::min<std::ptrdiff_t>(
                                         parsed.offset, static_cast<std::ptrdiff_t>(text_.size()));
    return invalid(name + ":" + std::to_string(std::count(text_.begin(), end, '\n') + 1) + ": " +
                   parsed.message);
  }
  const NodeIndex root = Document::root();
  if (document_.kind(root) == JsonKind::kArray) return read_json_list(name);
  if (document_.kind(root) != JsonKind::kObject) {
    return invalid(name + ": expected an object of key and value, or a list of objects");
  }
  for (NodeIndex at = root + 1; at < document_.next(root); at = document_.next(at + 1)) {
    keys_.push_back(document_.string(at, decoded_));
    values_.push_back(at + 1);
  }
  return index(name, {});  // the parser saw to it that no name is there twice
}

Status LookupTable::read_json_list(const std::string& name) {
  const NodeIndex root = Document::root();
  std::string_view column;
  std::vector<uint32_t> lines;
  for (NodeIndex at = root + 1; at < document_.next(root); at = document_.next(at)) {
    const auto refuse = [&](const std::string& what) {
      return invalid(name + ":" + std::to_string(line_of(at)) + ": element " +
                     std::to_string(values_.size() + 1) + ": " + what);
    };
    if (document_.kind(at) != JsonKind::kObject || document_.count(at) == 0) {
      return refuse("expected an object, whose first member is the key");
    }
    if (values_.empty()) column = document_.string(at + 1, decoded_);
    const NodeIndex key = document_.find(at, column);
    if (key == kNoNode) return refuse("it lacks the key \"" + shorten(column, 60) + "\"");
    const bool whole = document_.kind(key) == JsonKind::kNumber &&
                       (document_.node(key).info & TapeNode::kInteger) != 0;
    if (!whole && document_.kind(key) != JsonKind::kString) {
      return refuse("the key \"" + shorten(column, 60) + "\" must be text or a whole number");
    }
    keys_.push_back(whole ? document_.slice(key) : document_.string(key, decoded_));
    values_.push_back(at);
    lines.push_back(document_.node(at).offset);  // made a line only when one is named
  }
  return index(name, lines);
}

Status LookupTable::index(const std::string& name, const std::vector<uint32_t>& lines) {
  slots_.assign(std::bit_ceil(keys_.size() * 2 + 2), 0);
  const auto line = [&](uint32_t row) {
    if (!columns_.empty()) return std::to_string(lines[row]);
    const auto end = text_.begin() + lines[row];
    return std::to_string(std::count(text_.begin(), end, '\n') + 1);
  };
  for (uint32_t row = 0; row < rows(); ++row) {
    size_t at = std::hash<std::string_view>()(keys_[row]) & (slots_.size() - 1);
    for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
      const uint32_t other = slots_[at] - 1;
      if (keys_[other] != keys_[row] || lines.empty()) continue;
      return invalid(name + ":" + line(row) + ": the key \"" + shorten(keys_[row], 60) +
                     "\" is in line " + line(other) + " already");
    }
    slots_[at] = row + 1;
  }
  return Status::ok();
}

uint32_t LookupTable::find(std::string_view key) const {
  size_t at = std::hash<std::string_view>()(key) & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (keys_[slots_[at] - 1] == key) return slots_[at] - 1;
  }
  return kNoRow;
}

void LookupTable::push_row(lua_State* L, State& state, uint32_t row) const {
  if (columns_.empty()) return push_json(L, state, document_, values_[row]);
  state.guard.spend(columns_.size() * 50);
  lua_createtable(L, 0, static_cast<int>(columns_.size()));
  for (size_t i = 0; i < columns_.size(); ++i) {
    push_bytes(L, columns_[i]);
    push_bytes(L, cell(row, i));
    lua_rawset(L, -3);
  }
}

void LookupTable::push_column(lua_State* L, State& state, uint32_t row,
                              std::string_view column) const {
  if (columns_.empty()) {
    const bool object = document_.kind(values_[row]) == JsonKind::kObject;
    state.guard.spend(object ? document_.count(values_[row]) : 1);
    const NodeIndex node = object ? document_.find(values_[row], column) : kNoNode;
    if (node == kNoNode) {
      lua_pushnil(L);
    } else {
      push_json(L, state, document_, node);
    }
    return;
  }
  state.guard.spend(columns_.size() * 5);
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found == columns_.end()) {
    std::string all;
    for (const std::string& name : columns_) all += (all.empty() ? "" : ", ") + name;
    raise_error(L, "sluice.lookup: no column \"" + shorten(column, 60) + "\"; there is " +
                       shorten(all, 300));
  }
  push_bytes(L, cell(row, static_cast<size_t>(found - columns_.begin())));
}

}  // namespace sluice::script
