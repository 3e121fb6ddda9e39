// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/failure_tally.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/base/text.h"

namespace sluice {
namespace {

std::string unescape(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    const bool pair = token[i] == '~' && i + 1 < token.size();
    out += !pair ? token[i] : (token[++i] == '0' ? '~' : '/');
  }
  return out;
}

// The child that a token names; `*item` says whether it is one of an array.
NodeIndex child(const Document& record, NodeIndex at, std::string_view token, bool* item) {
  *item = at != kNoNode && record.kind(at) == JsonKind::kArray;
  if (at == kNoNode) return kNoNode;
  if (record.kind(at) == JsonKind::kObject) return record.find(at, unescape(token));
  uint32_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (!*item || error != std::errc{} || index >= record.count(at)) return kNoNode;
  NodeIndex found = record.first_child(at);
  for (; index > 0; --index) found = record.next(found);
  return found;
}

}  // namespace

std::string fold_items(const Document* record, std::string_view pointer) {
  if (record == nullptr) return std::string(pointer);
  std::string out;
  NodeIndex at = Document::root();
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    bool item = false;
    at = child(*record, at, token, &item);
    out += '/';
    out += item ? std::string_view("*") : token;
  }
  return out;
}

void FailureTally::add(uint64_t line, const Document* record, const SchemaFailure& failure) {
  std::string path = shorten(fold_items(record, failure.instance), kMaxPathBytes);
  // Where the schema speaks twice of a place, each keeps its own row.
  auto key = std::make_tuple(path, failure.keyword, shorten(failure.schema, kMaxPathBytes));
  auto at = rows_.find(key);
  if (at == rows_.end()) {
    if (rows_.size() == kMaxRows) {
      ++elsewhere_;
      return;
    }
    Row row{0, std::move(path), failure.keyword, failure.expected, failure.found, line};
    if (row.expected.empty()) row.found = failure.message;
    at = rows_.emplace(std::move(key), std::move(row)).first;
  }
  ++at->second.count;
}

std::vector<FailureTally::Row> FailureTally::rows(size_t limit) const {
  std::vector<Row> out;
  out.reserve(rows_.size());
  for (const auto& [key, row] : rows_) out.push_back(row);
  std::stable_sort(out.begin(), out.end(),
                   [](const Row& a, const Row& b) { return a.count > b.count; });
  if (out.size() > limit) out.resize(limit);
  return out;
}

}  // namespace sluice
