// SPDX-License-Identifier: Apache-2.0
// What a filter is in SQL, and a row as a letter.
#include <utility>

#include "runtime/base/text.h"
#include "runtime/store/pair_list.h"
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

const char* const kLetterColumns =
    "l.id, c.tenant, c.pipeline, c.source, c.reason, c.stage, c.sink, l.position, l.part, "
    "l.attempts, l.first_at_us, l.last_at_us, l.event_time_us, c.schema_version, c.script_hash, "
    "c.bundle_hash, l.pointer, l.detail, l.lane, l.record_key, l.headers, l.fields, l.raw, "
    "l.rendered, l.seq, l.redrives, l.flags, l.no_value, l.answered, l.first_reason, "
    "l.rendered_key, l.done_sinks";

Result<DeadLetter> read_letter(const Statement& row, const std::string& path) {
  DeadLetter letter;
  letter.id = row.text(0);
  letter.tenant = row.text(1);
  letter.pipeline = row.text(2);
  letter.source = row.text(3);
  letter.reason = row.text(4);
  letter.stage = row.text(5);
  letter.sink = row.text(6);
  letter.position = row.u64(7);
  letter.part = static_cast<uint32_t>(row.u64(8));
  letter.attempts = static_cast<uint32_t>(row.u64(9));
  letter.first_at_us = row.int64(10);
  letter.last_at_us = row.int64(11);
  letter.event_time_us = row.int64(12);
  letter.schema_version = row.text(13);
  letter.script_hash = row.text(14);
  letter.bundle_hash = row.text(15);
  letter.pointer = row.text(16);
  letter.detail = row.text(17);
  letter.lane = row.text(18);
  letter.key = row.optional_text(19);
  auto headers = decode_pairs(row.text(20));
  auto fields = decode_pairs(row.text(21));
  auto done = decode_pairs(row.text(31));
  if (!headers || !fields || !done) {
    return Status(Code::kCorrupt, path + ": letter " + letter.id +
                                      " has headers that cannot be read; the others are not "
                                      "affected, remove it with its id");
  }
  letter.headers = std::move(*headers);
  letter.fields = std::move(*fields);
  for (auto& [name, nothing] : *done) letter.done_sinks.push_back(std::move(name));
  letter.raw = row.text(22);
  letter.rendered = row.text(23);
  letter.seq = row.u64(24);
  letter.redrives = static_cast<uint32_t>(row.u64(25));
  letter.flags = static_cast<uint32_t>(row.u64(26));
  letter.no_value = row.int64(27) != 0;
  letter.answered = row.int64(28) != 0;
  letter.first_reason = row.text(29);
  letter.rendered_key = row.optional_text(30);
  return letter;
}

std::string encode_names(const std::vector<std::string>& names) {
  PairList pairs;
  for (const std::string& name : names) pairs.emplace_back(name, "");
  return encode_pairs(pairs);
}

uint64_t letter_bytes(const DeadLetter& letter) {
  constexpr uint64_t kOfEach = 600;  // columns, indices, what is free in pages
  uint64_t bytes = kOfEach + letter.raw.size() + letter.rendered.size() + letter.detail.size() +
                   2 * (letter.key ? letter.key->size() : 0);
  for (const auto& [name, value] : letter.headers) bytes += 8 + name.size() + value.size();
  for (const auto& [name, value] : letter.fields) bytes += 8 + name.size() + value.size();
  return bytes;
}

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
