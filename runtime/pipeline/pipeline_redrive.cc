// SPDX-License-Identifier: Apache-2.0
// The pipeline's side of redrives: letters in as records, and out as what became of them.
#include <algorithm>

#include "runtime/pipeline/pipeline.h"

namespace sluice {

bool Pipeline::inject(std::shared_ptr<RedriveBatch> letters, StopSource& stop) {
  constexpr std::chrono::milliseconds kRoomLook{100};
  uint64_t bytes = 0;
  for (const DeadLetter& letter : letters->letters) bytes += letter.raw.size();
  while (!flow_.open() || !budget_.wait_room(3 * bytes, context_.clock->now() + kRoomLook)) {
    if (stop.requested() || draining_) return false;
    if (!flow_.open()) stop.wait_for(kRoomLook);
  }
  if (stop.requested() || draining_) return false;
  MutexLock lock(inject_mutex_);  // batches are numbered in the order they go in
  auto batch = std::make_shared<Batch>(letters->records(), buffers_, *this);
  batch->source = redriven_source();
  batch->redrive = std::move(letters);
  receive(*batch);
  to_versions(std::move(batch));
  return true;
}

bool Pipeline::has_room() {
  constexpr uint64_t kSome = 1 << 20;
  return flow_.open() && budget_.wait_room(kSome, context_.clock->now());
}

// What became of the records of a settled segment, as their letters are from now on.
void Pipeline::redriven(Batch& batch, uint32_t segment, std::vector<RedrivenLetter>& out) {
  if (!batch.redrive) return;
  for (uint32_t i = 0; i < batch.count(); ++i) {
    if (batch.segment_of(i) != segment) continue;
    RedrivenLetter& letter = out.emplace_back();
    letter.redrive = batch.redrive->redrive;
    letter.seq = batch.redrive->letters[i].seq;
    switch (batch.outcome(i)) {
      case Outcome::kDeferred:
      case Outcome::kDeadLettered:
        fail_again(batch, i, letter);
        break;
      case Outcome::kDuplicate:
        letter.fate = RedrivenLetter::Fate::kDuplicate;
        break;
      case Outcome::kFiltered:
        letter.fate = RedrivenLetter::Fate::kFiltered;
        break;
      case Outcome::kNone:
      case Outcome::kShed:
      case Outcome::kCommitted:
        letter.fate = RedrivenLetter::Fate::kCommitted;
        break;
    }
  }
}

// The first failure goes into the letter that was redriven, whose id stays; others of the same
// record get letters of their own.
void Pipeline::fail_again(const Batch& batch, uint32_t record, RedrivenLetter& out) {
  const DeadLetter& before = batch.redrive->letters[record];
  const std::vector<LetterRequest> failures = batch.redrive->failures(record);
  SLUICE_CHECK(!failures.empty(), "a redriven record failed without a failure");
  out.fate = RedrivenLetter::Fate::kFailed;
  for (const LetterRequest& failure : failures) {
    DeadLetter letter = before;
    describe_failure(batch, failure, letter);
    // At an earlier stage than the sink's it is still for that sink alone.
    const bool delivered = failure.stage == "deliver";
    letter.sink = delivered ? failure.sink : before.sink;
    letter.part = delivered ? failure.part : before.part;
    for (std::string& name : sinks_of(parts_of(batch, record), config_.sinks)) {
      const auto& done = letter.done_sinks;
      if (std::find(done.begin(), done.end(), name) == done.end()) {
        letter.done_sinks.push_back(std::move(name));
      }
    }
    std::erase(letter.done_sinks, letter.sink);
    letter.last_at_us = context_.clock->wall_us();
    letter.fields.clear();
    add_shown_fields(letter, redriven_.shown);
    if (!out.letter && batch.redrive->from_topic) {
      letter.attempts += before.attempts;
      out.letter = std::move(letter);
    } else if (!out.letter) {
      letter.redrives = before.redrives + 1;
      letter.first_reason = before.first_reason.empty() ? before.reason : before.first_reason;
      out.letter = std::move(letter);
    } else {
      letter.seq = 0;
      letter.redrives = 0;
      letter.first_reason.clear();
      letter.first_at_us = letter.last_at_us;
      letter.id = letter_id(letter);
      out.more.push_back(std::move(letter));
    }
  }
}

// The letters are as redriven() said, durably.
void Pipeline::account_redriven(const Batch& batch, uint32_t segment) {
  uint64_t letters = 0;
  for (uint32_t i = 0; i < batch.count(); ++i) {
    if (batch.segment_of(i) != segment) continue;
    ++letters;
    bool first = true;
    for (const LetterRequest& failure : batch.redrive->failures(i)) {
      if (failure.waits) continue;
      accounting_.letter(batch.source, first ? failure.reason : std::string());
      first = false;
    }
  }
  if (batch.redrive->settled) batch.redrive->settled(letters);
}

}  // namespace sluice
