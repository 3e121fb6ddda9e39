// SPDX-License-Identifier: Apache-2.0
// What is asked of the view, once it has followed the topic; nothing is locked while it answers.
#include "runtime/store/kafka_letters.h"

namespace sluice::store {

// As of the last look at the topic: metrics ask for it beside what looks.
Result<uint64_t> TopicDeadLetterStore::dropped() { return letters_->dropped(); }

Result<std::map<std::string, uint64_t>> TopicDeadLetterStore::count_by_reason(
    const LetterFilter& filter) {
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->count_by_reason(filter);
}

Result<LetterSummary> TopicDeadLetterStore::summarize(const LetterFilter& filter) {
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->summarize(filter);
}

Status TopicDeadLetterStore::each_class(
    const LetterFilter& filter, int64_t now_us,
    const std::function<void(const LetterClassCounts&)>& visit) {
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->each_class(filter, now_us, visit);
}

Status TopicDeadLetterStore::each(const LetterFilter& filter, uint64_t limit,
                                  const std::function<void(const DeadLetter&)>& visit) {
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->each(filter, limit, visit);
}

Result<LetterPage> TopicDeadLetterStore::page(const LetterFilter& filter,
                                              const LetterCursor& after) {
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->page(filter, after);
}

Result<std::optional<DeadLetter>> TopicDeadLetterStore::find(const std::string& id) {
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->find(id);
}

Result<uint64_t> TopicDeadLetterStore::count() {
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->count();
}

Result<uint64_t> TopicDeadLetterStore::create_redrive(const RedrivePlan& plan) {
  SLUICE_RETURN_IF_ERROR(may_write());
  return letters_->create_redrive(plan);
}

Status TopicDeadLetterStore::choose(uint64_t redrive, const LetterFilter& filter,
                                    bool answered_too) {
  SLUICE_RETURN_IF_ERROR(may_write());
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->choose(redrive, filter, answered_too);
}

Status TopicDeadLetterStore::choose(uint64_t redrive, const std::vector<uint64_t>& seqs) {
  SLUICE_RETURN_IF_ERROR(may_write());
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->choose(redrive, seqs);
}

Status TopicDeadLetterStore::set_redrive_state(uint64_t redrive, const std::string& state,
                                               int64_t now_us) {
  SLUICE_RETURN_IF_ERROR(may_write());
  return letters_->set_redrive_state(redrive, state, now_us);
}

Result<std::vector<DeadLetter>> TopicDeadLetterStore::next_chosen(uint64_t redrive, uint64_t after,
                                                                  uint64_t limit) {
  SLUICE_RETURN_IF_ERROR(may_write());
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->next_chosen(redrive, after, limit);
}

Result<std::vector<RedrivePlan>> TopicDeadLetterStore::redrives(uint64_t limit) {
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->redrives(limit);
}

Result<std::optional<RedrivePlan>> TopicDeadLetterStore::find_redrive(uint64_t redrive) {
  SLUICE_RETURN_IF_ERROR(follow());
  return letters_->find_redrive(redrive);
}

}  // namespace sluice::store
