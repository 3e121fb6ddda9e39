// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/sink_driver.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <set>
#include <utility>

#include "runtime/base/text.h"
#include "runtime/conform/guarded.h"
#include "runtime/conform/outcome.h"

namespace sluice::conform {

namespace {

constexpr size_t kStride = sizeof(sluice_record) + 16;
constexpr int kUnknownTail = 0xA5;
constexpr uint64_t kCanary = 0xC5C5C5C5C5C5C5C5;
constexpr size_t kCanaries = 4;  // outcomes' worth of canaries in front
constexpr size_t kMaxDetail = 4096;
constexpr const char* kOrigin = "conform-source";

// All of a batch in memory of its own: records, values, the struct itself, the outcomes.
class BatchMemory {
 public:
  BatchMemory(const std::vector<Value>& values, uint64_t first_position)
      : records_(values.size() * kStride),
        texts_(joined(values)),
        origin_(std::string_view(kOrigin, std::strlen(kOrigin) + 1)),
        batch_(sizeof(sluice_batch) + sizeof kCanary) {
    std::memset(records_.data(), kUnknownTail, records_.size());
    char* text = texts_.data();
    for (size_t i = 0; i < values.size(); ++i) {
      sluice_record record{};
      record.position = first_position + i;
      record.lane = 1;
      record.time_us = 1'700'000'000'000'000;
      if (values[i]) {
        record.value = {text, values[i]->size()};
        text += values[i]->size();
      } else {
        record.flags = SLUICE_RECORDF_DELETE;
      }
      std::memcpy(records_.data() + i * kStride, &record, sizeof record);
    }
    sluice_batch batch{};
    batch.struct_size = static_cast<uint32_t>(batch_.size());
    batch.stride = kStride;
    batch.count = static_cast<uint32_t>(values.size());
    batch.records = reinterpret_cast<const sluice_record*>(records_.data());
    batch.origin = origin_.data();
    std::memcpy(batch_.data(), &batch, sizeof batch);
    std::memcpy(batch_.data() + sizeof batch, &kCanary, sizeof kCanary);
    image_ = batch;
  }

  [[nodiscard]] const sluice_batch* batch() const {
    return reinterpret_cast<const sluice_batch*>(batch_.data());
  }
  [[nodiscard]] bool untouched() const {
    return std::memcmp(batch_.data(), &image_, sizeof image_) == 0;
  }
  std::vector<GuardedBlock> take_back(AfterWrite after) {
    std::vector<GuardedBlock> blocks;
    for (GuardedBlock* block : {&records_, &texts_, &origin_, &batch_}) {
      if (after == AfterWrite::kRevoke) {
        block->revoke();
      } else {
        block->poison();
      }
      blocks.push_back(std::move(*block));
    }
    return blocks;
  }

 private:
  static std::string joined(const std::vector<Value>& values) {
    std::string all;
    for (const auto& value : values) all += value.value_or("");
    return all;
  }

  GuardedBlock records_;
  GuardedBlock texts_;
  GuardedBlock origin_;
  GuardedBlock batch_;
  sluice_batch image_{};
};

// Pre-filled outcomes that end at an unreadable page, with canaries in front.
class OutcomeMemory {
 public:
  explicit OutcomeMemory(size_t count)
      : count_(count), block_((count + kCanaries) * sizeof(sluice_outcome)) {
    std::memset(block_.data(), 0xC5, kCanaries * sizeof(sluice_outcome));
    for (size_t i = 0; i < count; ++i) get()[i].reason = SLUICE_REASON_NONE;
  }
  [[nodiscard]] sluice_outcome* get() const {
    return reinterpret_cast<sluice_outcome*>(block_.data()) + kCanaries;
  }
  [[nodiscard]] bool canaries_intact() const {
    const auto* bytes = reinterpret_cast<const unsigned char*>(block_.data());
    for (size_t i = 0; i < kCanaries * sizeof(sluice_outcome); ++i) {
      if (bytes[i] != 0xC5) return false;
    }
    return true;
  }
  // Details are plugin memory, valid now.
  [[nodiscard]] Result<std::vector<WrittenOutcome>> take() const {
    std::vector<WrittenOutcome> all;
    for (size_t i = 0; i < count_; ++i) {
      const sluice_outcome& outcome = get()[i];
      if (outcome.detail.data != nullptr && outcome.detail.size >= kMaxDetail) {
        return fail(fmt::format("record {}: a detail of {} bytes; expected fewer than {}", i,
                                outcome.detail.size, kMaxDetail));
      }
      std::string detail = outcome.detail.data == nullptr
                               ? std::string()
                               : std::string(outcome.detail.data, outcome.detail.size);
      all.push_back({outcome.verdict, outcome.reason, outcome.flags, std::move(detail)});
    }
    return all;
  }

 private:
  size_t count_;
  GuardedBlock block_;
};

// Marks and their texts; overwritten at the end of the call they were made for.
class MarkMemory {
 public:
  explicit MarkMemory(const std::vector<Move>& moves)
      : texts_(joined(moves)), marks_(2 * moves.size() * sizeof(sluice_named_mark)) {
    const char* text = texts_.data();
    auto* at = reinterpret_cast<sluice_named_mark*>(marks_.data());
    for (const Move& move : moves) {
      const sluice_str scope{text, move.scope.size()};
      const sluice_str lane{text + move.scope.size(), move.lane.size()};
      text += move.scope.size() + move.lane.size();
      for (const auto& [position, list] :
           {std::pair(move.expect, &expect_), std::pair(move.set, &set_)}) {
        *at = {sizeof(sluice_named_mark), move.epoch,         scope, lane,
               position.value_or(0),      position ? 1U : 0U, 0};
        list->push_back(at++);
      }
    }
  }
  ~MarkMemory() {
    texts_.poison();
    marks_.poison();
  }
  MarkMemory(const MarkMemory&) = delete;
  MarkMemory& operator=(const MarkMemory&) = delete;

  [[nodiscard]] const sluice_named_mark* const* expect() const { return expect_.data(); }
  [[nodiscard]] const sluice_named_mark* const* set() const { return set_.data(); }

 private:
  static std::string joined(const std::vector<Move>& moves) {
    std::string all;
    for (const Move& move : moves) all += move.scope + move.lane;
    return all;
  }

  GuardedBlock texts_;
  GuardedBlock marks_;
  std::vector<const sluice_named_mark*> expect_;
  std::vector<const sluice_named_mark*> set_;
};

}  // namespace

Result<Written> SinkDriver::write(const std::vector<Value>& values, AfterWrite after) {
  return call_write("write", values, after,
                    [&](const sluice_batch* batch, sluice_outcome* outcomes, sluice_error* error) {
                      return instance_.sink_ops().write(instance_.sink(), batch, outcomes, error);
                    });
}

const sluice_sink_marks* SinkDriver::marks_table() {
  return static_cast<const sluice_sink_marks*>(instance_.extension(SLUICE_EXT_SINK_MARKS));
}

Result<Written> SinkDriver::write_marked(const std::vector<Value>& values,
                                         const std::vector<Move>& moves) {
  const MarkMemory memory(moves);
  const sluice_sink_marks* table = marks_table();  // a call of its own
  return call_write("write_marked", values, AfterWrite::kOverwrite,
                    [&](const sluice_batch* batch, sluice_outcome* outcomes, sluice_error* error) {
                      return table->write_marked(instance_.sink(), batch, outcomes, memory.expect(),
                                                 memory.set(), static_cast<uint32_t>(moves.size()),
                                                 error);
                    });
}

Result<std::string> SinkDriver::marks(const std::string& scope) {
  const GuardedBlock text{std::string_view(scope)};
  std::set<std::string> found;
  const auto each = [](void* ctx, const sluice_named_mark* mark) {
    const std::string lane(mark->lane.data, static_cast<size_t>(mark->lane.size));
    static_cast<std::set<std::string>*>(ctx)->insert(
        fmt::format("{}@{}={}", lane, mark->epoch, mark->position));
  };
  const sluice_sink_marks* table = marks_table();
  ErrorBox error;
  const sluice_rc rc = [&] {
    const CallScope call(instance_, "read_marks");
    return table->read_marks(instance_.sink(), {text.data(), scope.size()}, each, &found,
                             error.get());
  }();
  const Answer answer = error.take(rc, instance_.breaches());
  SLUICE_EXPECT(answer.ok(), answer.text("read_marks"));
  return fmt::format("{}", fmt::join(found, " "));
}

Answer SinkDriver::reset_marks(const std::string& scope, uint32_t epoch) {
  const GuardedBlock text{std::string_view(scope)};
  const sluice_sink_marks* table = marks_table();
  ErrorBox error;
  const CallScope call(instance_, "reset_marks");
  const sluice_rc rc =
      table->reset_marks(instance_.sink(), {text.data(), scope.size()}, epoch, error.get());
  return error.take(rc, instance_.breaches());
}

Result<Written> SinkDriver::call_write(const char* name, const std::vector<Value>& values,
                                       AfterWrite after, const Call& call) {
  BatchMemory memory(values, position_ + 1);
  position_ += values.size();
  const OutcomeMemory outcomes(values.size());
  Written written;
  {
    ErrorBox error;
    sluice_rc rc = SLUICE_OK;
    {
      const CallScope scope(instance_, name);
      rc = call(memory.batch(), outcomes.get(), error.get());
    }
    written.answer = error.take(rc, instance_.breaches());
  }
  SLUICE_EXPECT(outcomes.canaries_intact(),
                std::string(name) + ": wrote in front of the outcomes array");
  SLUICE_EXPECT(memory.untouched(), std::string(name) + ": changed the batch, which is the host's");
  SLUICE_ASSIGN_OR_RETURN(written.outcomes, outcomes.take());
  past_.push_back(memory.take_back(after));
  instance_.host().columns().take_back(after == AfterWrite::kRevoke);
  return written;
}

Status SinkDriver::close() {
  const Answer answer = instance_.close();
  if (!answer.ok() && answer.rc != SLUICE_CANCELLED) return fail(answer.text("close"));
  return Status::ok();
}

Status check_outcome(const sluice_component& component, const WrittenOutcome& outcome,
                     size_t index) {
  const auto verdict = outcome.verdict;
  SLUICE_EXPECT(verdict >= SLUICE_REC_OK && verdict <= SLUICE_REC_UNTRIED,
                verdict == SLUICE_REC_UNSET
                    ? fmt::format("record {}: its outcome was left unset", index)
                    : fmt::format("record {}: unknown verdict {}", index, verdict));
  if (outcome.reason != SLUICE_REASON_NONE) {
    SLUICE_EXPECT(outcome.reason < component.reason_count,
                  fmt::format("record {}: reason {}, but only {} are declared", index,
                              outcome.reason, component.reason_count));
    const sluice_reason& reason = *component.reasons[outcome.reason];
    SLUICE_EXPECT(reason.verdict == verdict,
                  fmt::format("record {}: reason {} is declared for verdict {}, used with {}",
                              index, reason.code, reason.verdict, verdict));
  }
  SLUICE_EXPECT(is_utf8(outcome.detail), fmt::format("record {}: detail is not UTF-8", index));
  const bool ok_flag = (outcome.flags & (SLUICE_RECF_DUPLICATE | SLUICE_RECF_SUPERSEDED)) != 0;
  SLUICE_EXPECT(
      !ok_flag || verdict == SLUICE_REC_OK,
      fmt::format("record {}: flags {:#x} go with verdict OK only", index, outcome.flags));
  const bool maybe = (outcome.flags & SLUICE_RECF_MAYBE_APPLIED) != 0;
  SLUICE_EXPECT(!maybe || verdict == SLUICE_REC_RETRY,
                fmt::format("record {}: MAYBE_APPLIED goes with verdict RETRY only", index));
  return Status::ok();
}

Status check_outcomes(const sluice_component& component, const Written& written) {
  const sluice_rc rc = written.answer.rc;
  const bool known =
      rc == SLUICE_OK || rc == SLUICE_CANCELLED || (rc <= SLUICE_E_RETRY && rc >= SLUICE_E_BATCH);
  SLUICE_EXPECT(known, written.answer.text("write") + ", which is not a result of write");
  for (size_t i = 0; i < written.outcomes.size(); ++i) {
    // A failed call may leave records without verdict.
    if (rc != SLUICE_OK && written.outcomes[i].verdict == SLUICE_REC_UNSET) continue;
    SLUICE_RETURN_IF_ERROR(check_outcome(component, written.outcomes[i], i));
  }
  return Status::ok();
}

}  // namespace sluice::conform
