// SPDX-License-Identifier: Apache-2.0
// What a filter is in SQL.
#include <utility>

#include "runtime/base/text.h"
#include "runtime/store/sqlite_letters.h"

namespace sluice::store {
namespace {

// A JSON array, which json_each() turns into rows: any number of values in one parameter.
std::string json_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    append_json_string(out, text);
  }
  return out + "]";
}

}  // namespace

LetterCondition::LetterCondition(const LetterFilter& filter) {
  if (!filter.ids.empty()) {
    add("id IN (SELECT value FROM json_each(?))", json_list(filter.ids));
    by_name_ = true;
  }
  if (!filter.keys.empty()) {
    // Keys are bytes, which JSON cannot hold.
    std::string list;
    for (const std::string& key : filter.keys) {
      list += list.empty() ? "?" : ",?";
      values_.push_back({key, 0, Value::Kind::kBytes});
    }
    add("record_key IN (" + list + ")");
    by_name_ = true;
  }
  add_classes(filter);
  if (filter.since_us != 0) {
    add("last_at_us >= ?");
    values_.push_back({"", filter.since_us, Value::Kind::kNumber});
  }
  if (filter.until_us != 0) {
    add("last_at_us < ?");
    values_.push_back({"", filter.until_us, Value::Kind::kNumber});
  }
}

void LetterCondition::add_classes(const LetterFilter& filter) {
  const std::pair<const char*, const std::string*> texts[] = {
      {"reason", &filter.reason}, {"tenant", &filter.tenant}, {"pipeline", &filter.pipeline},
      {"source", &filter.source}, {"stage", &filter.stage},   {"sink", &filter.sink},
      {"grp", &filter.group}};
  std::string of_class;
  std::vector<Value> values;
  for (const auto& [column, text] : texts) {
    if (text->empty()) continue;
    of_class += (of_class.empty() ? "" : " AND ") + std::string(column) + " = ?";
    values.push_back({*text, 0, Value::Kind::kText});
  }
  if (of_class.empty()) return;
  add("class IN (SELECT id FROM classes WHERE " + of_class + ")");
  for (Value& value : values) values_.push_back(std::move(value));
}

void LetterCondition::add(const std::string& term) { sql_ += (sql_.empty() ? "" : " AND ") + term; }

void LetterCondition::add(const std::string& term, std::string text) {
  add(term);
  values_.push_back({std::move(text), 0, Value::Kind::kText});
}

std::string LetterCondition::where_and(std::string_view more) const {
  return " WHERE " + (sql_.empty() ? std::string() : sql_ + " AND ") + std::string(more);
}

std::string LetterCondition::indexed_by(std::string_view index) const {
  return by_name_ ? std::string() : " INDEXED BY " + std::string(index);
}

int LetterCondition::bind(Statement& statement) const {
  int index = 1;
  for (const Value& value : values_) {
    switch (value.kind) {
      case Value::Kind::kText:
        statement.bind_text(index++, value.text);
        break;
      case Value::Kind::kBytes:
        statement.bind_blob(index++, std::string_view(value.text));
        break;
      case Value::Kind::kNumber:
        statement.bind(index++, value.number);
        break;
    }
  }
  return index;
}

}  // namespace sluice::store
