// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/store/dead_letter_store.h"
#include "runtime/store/letter_class.h"
#include "runtime/store/pair_list.h"
#include "runtime/store/redrive_plan.h"

// What the databases that hold dead letters have in common: which columns there are, and how what
// stands in them is a letter, a class or a plan. A Row has text(), optional_text(), int64() and
// u64(), each of a column.
namespace sluice::store {

inline constexpr int64_t kHourUs = 3'600'000'000;

// Columns of letters (as l) and of their classes (as c), in the order letter_of() wants.
inline constexpr const char* kLetterColumns =
    "l.id, c.tenant, c.pipeline, c.source, c.reason, c.stage, c.sink, l.position, l.part, "
    "l.attempts, l.first_at_us, l.last_at_us, l.event_time_us, c.schema_version, c.script_hash, "
    "c.bundle_hash, l.pointer, l.detail, l.lane, l.record_key, l.headers, l.fields, l.raw, "
    "l.rendered, l.seq, l.redrives, l.flags, l.no_value, l.answered, l.first_reason, "
    "l.rendered_key, l.done_sinks";

// `place`: of the database, for messages.
template <typename Row>
Result<DeadLetter> letter_of(const Row& row, const std::string& place) {
  DeadLetter letter;
  int column = 0;
  for (std::string* text : {&letter.id, &letter.tenant, &letter.pipeline, &letter.source,
                            &letter.reason, &letter.stage, &letter.sink}) {
    *text = row.text(column++);
  }
  letter.position = row.u64(7);
  letter.part = static_cast<uint32_t>(row.u64(8));
  letter.attempts = static_cast<uint32_t>(row.u64(9));
  letter.first_at_us = row.int64(10);
  letter.last_at_us = row.int64(11);
  letter.event_time_us = row.int64(12);
  column = 13;
  for (std::string* text : {&letter.schema_version, &letter.script_hash, &letter.bundle_hash,
                            &letter.pointer, &letter.detail, &letter.lane}) {
    *text = row.text(column++);
  }
  letter.key = row.optional_text(19);
  auto headers = decode_pairs(row.text(20));
  auto fields = decode_pairs(row.text(21));
  auto done = decode_pairs(row.text(31));
  if (!headers || !fields || !done) {
    return Status(Code::kCorrupt, place + ": letter " + letter.id +
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

// Columns of a class, as "c.grp, c.tenant" with `prefix` "c.", in the order class_of_row() wants
// them from `column` on.
std::string class_columns(std::string_view prefix = {});

template <typename Row>
LetterClass class_of_row(const Row& row, int column) {
  LetterClass of;
  for (std::string* text :
       {&of.group, &of.tenant, &of.pipeline, &of.source, &of.reason, &of.stage, &of.sink, &of.path,
        &of.shape, &of.schema_version, &of.script_hash, &of.bundle_hash}) {
    *text = row.text(column++);
  }
  return of;
}

// Of "id, pipeline, state, who, options, created_us, updated_us, chosen, committed, duplicate,
// filtered, failed, gone" and how many letters are left.
template <typename Row>
RedrivePlan plan_of(const Row& row) {
  RedrivePlan plan;
  plan.id = row.u64(0);
  plan.pipeline = row.text(1);
  plan.state = row.text(2);
  plan.who = row.text(3);
  plan.options = row.text(4);
  plan.created_us = row.int64(5);
  plan.updated_us = row.int64(6);
  int column = 7;
  for (uint64_t* count : {&plan.chosen, &plan.committed, &plan.duplicate, &plan.filtered,
                          &plan.failed, &plan.gone, &plan.left}) {
    *count = row.u64(column++);
  }
  return plan;
}

// The column of a plan that counts letters of this fate.
const char* plan_column(RedrivenLetter::Fate fate);

// What a letter holds of a store, about.
uint64_t letter_bytes(const DeadLetter& letter);
// What is to be put into pipelines that have a limit, in bytes.
struct ComingBytes {
  std::string pipeline;
  uint64_t bytes = 0;
  LetterLimit limit;
};
std::vector<ComingBytes> coming_under_limits(const std::vector<DeadLetter>& letters,
                                             const std::map<std::string, LetterLimit>& limits);
// Lists of names in one column.
std::string encode_names(const std::vector<std::string>& names);
// The pipeline's letters hold all they may.
Status letters_are_full(const std::string& pipeline, uint64_t used, uint64_t most);
// More than one letter's id begins like this.
Status ambiguous_id(const std::string& id);

// Counts a value of a summary, with the others once there are too many values.
template <typename Key>
void add_count(std::map<Key, uint64_t>& counts, const Key& key, const Key& others, uint64_t n) {
  const auto at = counts.find(key);
  if (at != counts.end()) {
    at->second += n;
  } else if (counts.size() < LetterSummary::kMostValues) {
    counts.emplace(key, n);
  } else {
    counts[others] += n;
  }
}

}  // namespace sluice::store
