// SPDX-License-Identifier: Apache-2.0
// Letters into the topic. A message holds all of its letter, since compaction keeps the last one
// alone: what an update keeps of the letter before is taken from the view.
#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/base/log.h"
#include "runtime/store/kafka_letters.h"
#include "runtime/store/letter_message.h"

namespace sluice::store {
namespace {

// Of a pipeline that is full so much more than needed is dropped, so that not each put() drops.
constexpr uint64_t kDropMore = 1 << 20;

// The letter from now on: what failed this time, and of the one before what DeadLetterStore::put()
// keeps.
DeadLetter updated(DeadLetter before, const DeadLetter& now, bool redriven) {
  DeadLetter out = now;
  out.id = std::move(before.id);
  out.lane = std::move(before.lane);
  out.position = before.position;
  out.raw = std::move(before.raw);
  out.no_value = before.no_value;
  out.key = std::move(before.key);
  out.headers = std::move(before.headers);
  out.flags = before.flags;
  out.event_time_us = before.event_time_us;
  out.first_at_us = before.first_at_us;
  out.answered = before.answered || now.answered;
  if (redriven) return out;
  out.part = before.part;
  out.redrives = before.redrives;
  out.first_reason = std::move(before.first_reason);
  return out;
}

}  // namespace

Status TopicDeadLetterStore::send(const std::vector<Coming>& messages) {
  if (messages.empty()) return Status::ok();
  // A message that the topic does not take holds back all that come with it, so that what is tried
  // again and again does not fill the topic meanwhile.
  std::vector<KafkaWriter::Outgoing> out;
  std::vector<KafkaWriter::Outgoing> large;
  const size_t most = topic_.largest_message();
  for (const Coming& coming : messages) {
    const bool doubtful = coming.message.value && message_bytes(coming.message) > most;
    (doubtful ? large : out).push_back({&coming.message, coming.partition});
  }
  for (const auto* list : {&large, &out}) {
    if (list->empty()) continue;
    std::vector<KafkaPlace> places;
    const Status written = writer_->write(target_.topic, *list, &places);
    for (const KafkaPlace& place : places) {
      if (place.offset < 0) continue;
      know_partitions(static_cast<uint32_t>(place.partition) + 1);
      int64_t& end = ours_[place.partition];
      end = std::max(end, place.offset + 1);
    }
    SLUICE_RETURN_IF_ERROR(written);
  }
  return Status::ok();
}

Result<TopicDeadLetterStore::Coming> TopicDeadLetterStore::update_of(const DeadLetter& letter,
                                                                     bool redriven) {
  const std::string id = letter.id.empty() ? letter_id(letter) : letter.id;
  SLUICE_ASSIGN_OR_RETURN(auto before, view_->find_whole(id));
  Coming out;
  if (!before) {
    out.message = message_of(letter);
    return out;
  }
  out.message = message_of(updated(std::move(before->letter), letter, redriven));
  out.message.key = std::move(before->key);
  // Where it lies already: partitions that were added meanwhile would put it elsewhere.
  out.partition = before->partition;
  return out;
}

Result<std::vector<TopicDeadLetterStore::Coming>> TopicDeadLetterStore::updates_of(
    const std::vector<DeadLetter>& letters) {
  std::vector<Coming> out;
  out.reserve(letters.size());
  for (const DeadLetter& letter : letters) {
    SLUICE_ASSIGN_OR_RETURN(Coming coming, update_of(letter, false));
    out.push_back(std::move(coming));
  }
  return out;
}

Status TopicDeadLetterStore::put(const std::vector<DeadLetter>& letters) {
  SLUICE_RETURN_IF_ERROR(may_write());
  if (letters.empty()) return Status::ok();
  MutexLock lock(mutex_);
  SLUICE_RETURN_IF_ERROR(catch_up_with_ours());
  SLUICE_RETURN_IF_ERROR(keep_limits(letters));
  SLUICE_ASSIGN_OR_RETURN(const auto messages, updates_of(letters));
  return send(messages);
}

Status TopicDeadLetterStore::keep_limits(const std::vector<DeadLetter>& letters) {
  for (const auto& [pipeline, bytes, limit] : coming_under_limits(letters, limits_)) {
    const uint64_t most = limit.max_bytes;
    SLUICE_ASSIGN_OR_RETURN(uint64_t used, view_->used_bytes(pipeline));
    if (used + bytes > most && limit.drop_oldest && bytes < most) {
      SLUICE_RETURN_IF_ERROR(
          drop_oldest(pipeline, used + bytes - most + std::min(kDropMore, most / 16)));
      SLUICE_ASSIGN_OR_RETURN(used, view_->used_bytes(pipeline));
    }
    if (used + bytes > most) return letters_are_full(pipeline, used, most);
  }
  return Status::ok();
}

Status TopicDeadLetterStore::drop_oldest(const std::string& pipeline, uint64_t bytes) {
  LetterFilter filter;
  filter.pipeline = pipeline;
  SLUICE_ASSIGN_OR_RETURN(auto letters, view_->oldest(filter, kPurgeBatch));
  uint64_t freed = 0;
  size_t n = 0;
  while (n < letters.size() && freed < bytes) freed += letters[n++].bytes;
  letters.resize(n);
  return bury(letters, LetterEnd::kDropped);
}

Status TopicDeadLetterStore::bury(const std::vector<ViewedLetter>& letters, LetterEnd how) {
  std::vector<Coming> messages;
  messages.reserve(letters.size());
  for (const ViewedLetter& letter : letters) {
    messages.push_back({tombstone_of(letter.key, how), letter.partition});
  }
  SLUICE_RETURN_IF_ERROR(send(messages));
  SLUICE_RETURN_IF_ERROR(catch_up_with_ours());
  delete_what_nobody_needs();
  return Status::ok();
}

Result<uint64_t> TopicDeadLetterStore::remove(const LetterFilter& filter) {
  SLUICE_RETURN_IF_ERROR(may_write());
  MutexLock lock(mutex_);
  SLUICE_RETURN_IF_ERROR(catch_up());
  SLUICE_ASSIGN_OR_RETURN(const auto letters, view_->oldest(filter, kPurgeBatch));
  if (letters.empty()) {
    delete_what_nobody_needs();
    SLUICE_RETURN_IF_ERROR(view_->tidy());
    return uint64_t{0};
  }
  SLUICE_RETURN_IF_ERROR(bury(letters, LetterEnd::kPurged));
  SLUICE_RETURN_IF_ERROR(view_->tidy());
  return static_cast<uint64_t>(letters.size());
}

// Tombstones say what is gone; this gives the room back at once, where the brokers allow it.
void TopicDeadLetterStore::delete_what_nobody_needs() {
  const auto needed = view_->lowest_needed();
  const auto progress = view_->progress();
  if (!needed || !progress) return;
  std::map<int32_t, int64_t> before;
  for (const auto& [partition, at] : *progress) {
    const auto lowest = needed->find(partition);
    const int64_t keep_from = lowest == needed->end() ? at.next : lowest->second;
    const auto low = low_.find(partition);
    if (low != low_.end() && keep_from > low->second) before[partition] = keep_from;
  }
  if (before.empty()) return;
  const Status deleted = writer_->delete_records(target_.topic, before);
  if (!deleted) {
    log::warn("dead_letters.delete_records",
              deleted.message() +
                  "; the letters are gone all the same, and their room comes back "
                  "with the topic's compaction or retention");
    return;
  }
  for (const auto& [partition, offset] : before) low_[partition] = offset;
}

Status TopicDeadLetterStore::settle_redriven(const std::vector<RedrivenLetter>& letters,
                                             int64_t now_us) {
  SLUICE_RETURN_IF_ERROR(may_write());
  if (letters.empty()) return Status::ok();
  MutexLock lock(mutex_);
  SLUICE_RETURN_IF_ERROR(catch_up_with_ours());
  // First the failures that stand for themselves: a letter that has left its plan without them
  // would have lost them.
  std::vector<Coming> more;
  std::vector<Coming> settled;
  std::vector<RedrivenLetter> elsewhere;  // gone meanwhile: only the plan is to be told
  for (const RedrivenLetter& letter : letters) {
    SLUICE_ASSIGN_OR_RETURN(auto updates, updates_of(letter.more));
    std::move(updates.begin(), updates.end(), std::back_inserter(more));
    SLUICE_ASSIGN_OR_RETURN(auto before, view_->find_whole(letter.seq));
    Coming coming;
    if (letter.letter) {
      SLUICE_ASSIGN_OR_RETURN(coming, update_of(*letter.letter, true));
    } else if (before) {
      coming = {tombstone_of(before->key, LetterEnd::kRedriven), before->partition};
    }
    if (before) {
      add_redrive_mark(coming.message, {view_->id(), letter.redrive, letter.fate, now_us});
    } else {
      elsewhere.push_back(letter);
      elsewhere.back().letter.reset();
      elsewhere.back().more.clear();
    }
    if (coming.message.key) settled.push_back(std::move(coming));
  }
  SLUICE_RETURN_IF_ERROR(send(more));
  SLUICE_RETURN_IF_ERROR(send(settled));
  return letters_->settle_redriven(elsewhere, now_us);
}

}  // namespace sluice::store
