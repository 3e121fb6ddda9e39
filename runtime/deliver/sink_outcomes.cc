// SPDX-License-Identifier: Apache-2.0
// What a sink answered, turned into outcomes, letters and waits.
#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/deliver/sink_driver.h"
#include "runtime/plugin_host/registry.h"

namespace sluice {

// Settles what is final; returns, in order, what must be tried again.
SinkDriver::Group SinkDriver::apply_outcomes(Group& group, const CallResult& result) {
  Group left;
  const bool call_failed = result.rc < 0;
  for (size_t i = 0; i < group.size(); ++i) {
    Entry& entry = group[i];
    const sluice_outcome& outcome = outcomes_[i];
    const std::string_view detail(outcome.detail.data, outcome.detail.size);
    switch (outcome.verdict) {
      case SLUICE_REC_OK:
        ++written_;
        settle(entry, (outcome.flags & SLUICE_RECF_DUPLICATE) != 0 ? Outcome::kDuplicate
                                                                   : Outcome::kCommitted);
        break;
      case SLUICE_REC_REJECT: {
        const std::string code = reason_code(outcome.reason, "CONSTRAINT_VIOLATION");
        if (code == "OLDER_REVISION" && options_.config.older_is_duplicate) {
          settle(entry, Outcome::kDuplicate);
        } else {
          reject(entry, code, describe(outcome.reason, detail));
        }
        break;
      }
      case SLUICE_REC_RETRY:
      case SLUICE_REC_UNSET: {
        if (outcome.verdict == SLUICE_REC_UNSET && call_failed) {
          // The call failed before this record had a verdict: no record is at fault.
          if (give_up_on(entry, true)) {
            reject(entry, reason_code(result.reason, "CONNECTION_ERROR"), result.message);
            break;
          }
        } else {
          if (entry.attempts == 0) entry.written_before = written_;
          ++entry.attempts;
          const std::string code = reason_code(outcome.reason, "CONNECTION_ERROR");
          count_retry(code, 1);
          if (give_up_on(entry, false)) {
            reject(entry, code, describe(outcome.reason, detail));
            break;
          }
        }
        left.push_back(entry);
        break;
      }
      default:  // UNTRIED: offered again, no attempt counted
        left.push_back(entry);
        break;
    }
  }
  return left;
}

// Attempts are spent and the failure is this record's own (others went through meanwhile), or the
// sink is configured to give up while it is unavailable.
bool SinkDriver::give_up_on(const Entry& entry, bool call_failed) const {
  const bool dead_letter = options_.config.on_unavailable == OnUnavailable::kDeadLetter;
  if (call_failed) return dead_letter && retry_.spent(failures_);
  return retry_.spent(entry.attempts) && (dead_letter || written_ > entry.written_before);
}

// Obligations are met in runs of one batch and segment: two atomics a run, not a record.
void SinkDriver::settle(const Entry& entry, Outcome outcome) {
  if (!obliged(*entry.part)) return;
  entry.batch->note(entry.part->record, outcome);
  const uint32_t segment = entry.batch->segment_of(entry.part->record);
  if (settling_ != entry.batch || settling_segment_ != segment) flush_settled();
  settling_ = entry.batch;
  settling_segment_ = segment;
  ++settling_count_;
}

void SinkDriver::flush_settled() {
  if (settling_ != nullptr) settling_->meet(settling_segment_, settling_count_);
  settling_ = nullptr;
  settling_count_ = 0;
}

void SinkDriver::reject(const Entry& entry, std::string reason, std::string detail) {
  if (!obliged(*entry.part)) {
    ++skipped_;
    log::warn("sink.rejected", "an optional sink refused a record: " + detail,
              {{"sink", options_.config.name}, {"reason", reason}});
    return;
  }
  LetterRequest letter;
  letter.batch = entry.batch->shared_from_this();
  letter.record = entry.part->record;
  letter.part = entry.part->part;
  letter.stage = "deliver";
  letter.sink = options_.config.name;
  letter.reason = std::move(reason);
  letter.detail = std::move(detail);
  letter.rendered = std::string(entry.part->value);
  letter.attempts = std::max(1U, entry.attempts);
  letters_.post(std::move(letter));
}

std::string SinkDriver::reason_code(uint16_t reason, std::string_view fallback) const {
  const sluice_component& component = *component_.component;
  if (reason < component.reason_count && component.reasons[reason]->maps_to != nullptr) {
    return component.reasons[reason]->maps_to;
  }
  return std::string(fallback);
}

// The plugin's own reason rides along as detail: "revision_older: stored 7, found 5".
std::string SinkDriver::describe(uint16_t reason, std::string_view text) const {
  const sluice_component& component = *component_.component;
  if (reason >= component.reason_count) return std::string(text);
  std::string out = component.reasons[reason]->code;
  if (!text.empty()) out.append(": ").append(text);
  return out;
}

void SinkDriver::count_retry(const std::string& reason, uint64_t n) {
  MutexLock lock(mutex_);
  for (auto& [code, count] : retries_) {
    if (code == reason) {
      count += n;
      return;
    }
  }
  retries_.emplace_back(reason, n);
}

void SinkDriver::note_call(const CallResult& result) {
  const bool failed = result.rc < 0 && result.rc != SLUICE_E_BATCH;
  if (failed) {
    ++failures_;
    count_retry(reason_code(result.reason, "CONNECTION_ERROR"), 1);
  } else {
    failures_ = 0;
  }
  MutexLock lock(mutex_);
  if (failed) {
    // One line when it begins, not one an attempt.
    if (state_ != "holding") {
      log::error("sink.unavailable", "the sink fails; its records are held: " + result.message,
                 {{"sink", options_.config.name}});
    }
    if (failing_since_us_ == 0) failing_since_us_ = clock_.wall_us();
    state_ = "holding";
    last_error_ = result.message;
    return;
  }
  if (state_ == "holding") {
    log::info("sink.recovered", "the sink answers again", {{"sink", options_.config.name}});
  }
  state_ = "ok";
  failing_since_us_ = 0;
}

// The instance is unusable: a new one takes its place. False: stop was asked meanwhile.
bool SinkDriver::recover(const CallResult& result) {
  log::warn("sink.restart", "the sink asked to be made anew: " + result.message,
            {{"sink", options_.config.name}});
  for (;;) {
    back_off(failures_, 0);
    if (stop_.requested()) return false;
    const CallResult closed = instance_->close();
    if (closed.rc < 0) log::warn("sink.close", closed.message, {{"sink", options_.config.name}});
    auto made = SinkInstance::create(component_, options_.config.name, options_.config.config_json,
                                     services_);
    // It was created with this very configuration before; if that fails now the process is ill.
    SLUICE_CHECK(made.is_ok(), made.status().message().c_str());
    {
      MutexLock lock(instance_mutex_);
      std::swap(instance_, made.value());
    }
    made.value().reset();  // the old one
    if (stop_.requested()) return false;
    const CallResult opened = instance_->open();
    note_call(opened);
    if (opened.rc == SLUICE_OK) return true;
  }
}

void SinkDriver::back_off(uint32_t tries, uint32_t retry_after_ms) {
  stop_.wait_for(retry_.delay(std::max<uint32_t>(1, tries), Millis(retry_after_ms)));
}

SinkStatus SinkDriver::status() const {
  SinkStatus out;
  out.name = options_.config.name;
  out.kind = options_.config.use;
  out.required = options_.config.required;
  out.queue_batches = queue_.size();
  out.queue_bytes = queue_.bytes();
  out.written = written_;
  out.skipped = skipped_;
  out.seconds = seconds_.snapshot();
  out.batch_records = batch_records_.snapshot();
  out.metrics = services_.metrics().snapshot();
  MutexLock lock(mutex_);
  out.state = state_;
  out.last_error = last_error_;
  out.failing_since_us = failing_since_us_;
  out.retries = retries_;
  // A thread inside a call cannot be ended; that it is stuck must show all the same.
  const int64_t began = call_began_us_;
  const int64_t limit_us = options_.config.timeout.count() * 1000;
  if (began != 0 && clock_.wall_us() - began > limit_us) {
    out.state = "holding";
    out.last_error = "a write has been running for longer than its timeout of " +
                     format_duration(options_.config.timeout);
    if (out.failing_since_us == 0) out.failing_since_us = began;
  }
  return out;
}

}  // namespace sluice
