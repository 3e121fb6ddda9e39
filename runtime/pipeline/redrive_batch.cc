// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/redrive_batch.h"

#include <algorithm>
#include <optional>

namespace sluice {
namespace {

// Lanes of redriven records: enough that one which is tried again holds few others up, and few
// enough that a batch settles in a few pieces.
constexpr uint64_t kLanes = 64;

sluice_str str_of(const std::string& text) { return {text.data(), text.size()}; }

uint32_t lane_of(const DeadLetter& letter) {
  const uint64_t hash =
      std::hash<std::string>{}(letter.lane) * 31 + std::hash<std::string>{}(letter.source);
  return static_cast<uint32_t>(1 + hash % kLanes);
}

std::optional<uint16_t> sink_index(const std::vector<SinkConfig>& sinks, const std::string& name) {
  for (size_t i = 0; i < sinks.size(); ++i) {
    if (sinks[i].name == name) return static_cast<uint16_t>(i);
  }
  return std::nullopt;
}

bool is_done(const DeadLetter& letter, const std::string& sink) {
  return std::find(letter.done_sinks.begin(), letter.done_sinks.end(), sink) !=
         letter.done_sinks.end();
}

// The letter stands for a sink that was taken out of the configuration.
LetterRequest sink_is_gone(const DeadLetter& letter, uint32_t record) {
  LetterRequest request;
  request.record = record;
  request.part = letter.part;
  request.stage = letter.stage;
  request.sink = letter.sink;
  request.reason = letter.reason;
  request.detail = "the pipeline has no sink '" + letter.sink +
                   "' any more: give it back to the pipeline, or purge this letter";
  request.rendered = letter.rendered;
  request.rendered_key = letter.rendered_key;
  return request;
}

// Which parts of one record go where, now that some sinks have it.
class Narrowing {
 public:
  Narrowing(const DeadLetter& letter, const std::vector<SinkConfig>& sinks,
            std::span<const Part> parts)
      : letter_(letter), sinks_(sinks) {
    has_own_part_ = std::any_of(parts.begin(), parts.end(),
                                [&](const Part& part) { return part.part == letter.part; });
  }

  // The letter stands for a part that the script does not make any more.
  [[nodiscard]] bool lacks_its_part() const { return !letter_.sink.empty() && !has_own_part_; }

  void add(const Part& part, std::vector<Part>& out) const {
    for (size_t i = 0; i < sinks_.size(); ++i) {
      const bool all = part.sink == Part::kAllSinks;
      if (!all && part.sink != i) continue;
      // An optional sink is offered what all sinks get; a part of its own would oblige it.
      const bool own = sinks_[i].name == letter_.sink;
      if (all && !own && !sinks_[i].required) continue;
      if (is_done(letter_, sinks_[i].name)) continue;
      // Other parts are there already, or have letters of their own; unless the script does not
      // number them as it did.
      if (own && has_own_part_ && part.part != letter_.part) continue;
      Part copy = part;
      copy.sink = static_cast<uint16_t>(i);
      out.push_back(copy);
    }
  }

 private:
  const DeadLetter& letter_;
  const std::vector<SinkConfig>& sinks_;
  bool has_own_part_ = false;
};

}  // namespace

std::string_view redrive_from_name(RedriveFrom from) {
  switch (from) {
    case RedriveFrom::kRaw:
      return "raw";
    case RedriveFrom::kTransform:
      return "transform";
    case RedriveFrom::kSink:
      return "sink";
  }
  return "raw";
}

sluice_batch RedriveBatch::records() {
  size_t headers = 0;
  for (const DeadLetter& letter : letters) headers += letter.headers.size();
  headers_.reserve(headers);  // records point into it
  records_.reserve(letters.size());
  for (const DeadLetter& letter : letters) {
    sluice_record record{};
    if (!letter.no_value) record.value = str_of(letter.raw);
    if (letter.key) record.key = str_of(*letter.key);
    record.header_count = static_cast<uint32_t>(letter.headers.size());
    for (const auto& [name, value] : letter.headers) {
      headers_.push_back({str_of(name), str_of(value)});
    }
    record.headers = headers_.data() + headers_.size() - letter.headers.size();
    record.lane = lane_of(letter);
    record.position = letter.seq;
    record.time_us = letter.event_time_us;
    record.flags = letter.flags;
    records_.push_back(record);
  }
  sluice_batch raw{};
  raw.struct_size = sizeof raw;
  raw.stride = sizeof(sluice_record);
  raw.count = static_cast<uint32_t>(records_.size());
  raw.records = records_.data();
  return raw;
}

void RedriveBatch::fail(LetterRequest request) {
  // A failure that kept its batch, which keeps its failures, would keep both for ever.
  request.batch.reset();
  MutexLock lock(mutex_);
  failures_[request.record].push_back(std::move(request));
}

std::vector<LetterRequest> RedriveBatch::failures(uint32_t record) const {
  MutexLock lock(mutex_);
  const auto at = failures_.find(record);
  return at == failures_.end() ? std::vector<LetterRequest>() : at->second;
}

std::span<const Part> parts_of(const Batch& batch, uint32_t record) {
  const std::vector<Part>& parts = batch.parts();
  const auto first =
      std::lower_bound(parts.begin(), parts.end(), record,
                       [](const Part& part, uint32_t wanted) { return part.record < wanted; });
  const auto last =
      std::upper_bound(first, parts.end(), record,
                       [](uint32_t wanted, const Part& part) { return wanted < part.record; });
  return {first, last};
}

std::vector<std::string> sinks_of(std::span<const Part> parts,
                                  const std::vector<SinkConfig>& sinks) {
  std::vector<std::string> out;
  for (size_t i = 0; i < sinks.size(); ++i) {
    const bool goes = std::any_of(parts.begin(), parts.end(), [&](const Part& part) {
      return part.sink == i || part.sink == Part::kAllSinks;
    });
    if (goes) out.push_back(sinks[i].name);
  }
  return out;
}

void narrow_parts(Batch& batch, const std::vector<SinkConfig>& sinks,
                  std::vector<LetterRequest>& letters) {
  const std::vector<DeadLetter>& from = batch.redrive->letters;
  const bool nothing_done = std::all_of(from.begin(), from.end(), [](const DeadLetter& letter) {
    return letter.sink.empty() && letter.done_sinks.empty();
  });
  if (nothing_done) return;
  std::vector<Part> all;
  all.swap(batch.parts());
  for (size_t i = 0; i < all.size();) {
    size_t end = i;
    while (end < all.size() && all[end].record == all[i].record) ++end;
    const std::span<const Part> parts(all.data() + i, end - i);
    i = end;
    const uint32_t record = parts.front().record;
    const DeadLetter& letter = from[record];
    if (letter.sink.empty() && letter.done_sinks.empty()) {
      batch.parts().insert(batch.parts().end(), parts.begin(), parts.end());
      continue;
    }
    if (!letter.sink.empty() && !sink_index(sinks, letter.sink)) {
      letters.push_back(sink_is_gone(letter, record));
      continue;
    }
    const size_t before = batch.parts().size();
    const Narrowing narrowing(letter, sinks, parts);
    for (const Part& part : parts) narrowing.add(part, batch.parts());
    if (batch.parts().size() == before) batch.note(record, Outcome::kDuplicate);
    // Marks that other parts left say nothing of what goes in its place.
    if (narrowing.lacks_its_part()) batch.drop_key(record);
  }
}

void stored_parts(Batch& batch, const std::vector<SinkConfig>& sinks,
                  std::vector<LetterRequest>& letters) {
  for (uint32_t i = 0; i < batch.count(); ++i) {
    const DeadLetter& letter = batch.redrive->letters[i];
    const auto sink = sink_index(sinks, letter.sink);
    if (!sink) {
      letters.push_back(sink_is_gone(letter, i));
      continue;
    }
    Part part;
    part.flags = letter.flags;
    const bool tombstone = letter.rendered.empty() && (letter.no_value || letter.flags != 0);
    if (tombstone) {
      part.flags |= SLUICE_RECORDF_DELETE;
    } else {
      part.value = letter.rendered;
    }
    if (letter.rendered_key) {
      part.key = *letter.rendered_key;
    } else if (letter.key) {
      part.key = *letter.key;
    }
    part.record = i;
    part.part = letter.part;
    part.sink = *sink;
    batch.parts().push_back(part);
  }
}

}  // namespace sluice
