// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/letter_row.h"

#include "runtime/base/text.h"

namespace sluice::store {

std::string class_columns(std::string_view prefix) {
  std::string out;
  for (const char* column : {"grp", "tenant", "pipeline", "source", "reason", "stage", "sink",
                             "path", "shape", "schema_version", "script_hash", "bundle_hash"}) {
    out.append(out.empty() ? "" : ", ").append(prefix).append(column);
  }
  return out;
}

const char* plan_column(RedrivenLetter::Fate fate) {
  switch (fate) {
    case RedrivenLetter::Fate::kCommitted:
      return "committed";
    case RedrivenLetter::Fate::kDuplicate:
      return "duplicate";
    case RedrivenLetter::Fate::kFiltered:
      return "filtered";
    case RedrivenLetter::Fate::kFailed:
      return "failed";
  }
  return "failed";
}

uint64_t letter_bytes(const DeadLetter& letter) {
  constexpr uint64_t kOfEach = 600;  // columns, indices, what is free in pages
  uint64_t bytes = kOfEach + letter.raw.size() + letter.rendered.size() + letter.detail.size() +
                   2 * (letter.key ? letter.key->size() : 0);
  for (const auto& [name, value] : letter.headers) bytes += 8 + name.size() + value.size();
  for (const auto& [name, value] : letter.fields) bytes += 8 + name.size() + value.size();
  return bytes;
}

std::string encode_names(const std::vector<std::string>& names) {
  PairList pairs;
  for (const std::string& name : names) pairs.emplace_back(name, "");
  return encode_pairs(pairs);
}

std::vector<ComingBytes> coming_under_limits(const std::vector<DeadLetter>& letters,
                                             const std::map<std::string, LetterLimit>& limits) {
  std::map<std::string, uint64_t> coming;
  if (limits.empty()) return {};
  for (const DeadLetter& letter : letters) coming[letter.pipeline] += letter_bytes(letter);
  std::vector<ComingBytes> out;
  for (const auto& [pipeline, bytes] : coming) {
    const auto limit = limits.find(pipeline);
    if (limit == limits.end() || limit->second.max_bytes == 0) continue;
    out.push_back({pipeline, bytes, limit->second});
  }
  return out;
}

Status letters_are_full(const std::string& pipeline, uint64_t used, uint64_t most) {
  return {Code::kExhausted,
          "the dead letters of pipeline " + pipeline + " are at their limit: " + format_size(used) +
              " of " + format_size(most) +
              " are used; redrive or purge some (sluice dlq redrive, sluice dlq purge), raise "
              "dead_letters.max_bytes, or let the oldest go with dead_letters.when_full: "
              "drop_oldest"};
}

Status ambiguous_id(const std::string& id) {
  return invalid("several dead letters have ids that begin with " + id +
                 "; give more of the one you mean");
}

}  // namespace sluice::store
