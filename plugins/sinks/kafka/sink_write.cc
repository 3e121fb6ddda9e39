// SPDX-License-Identifier: Apache-2.0
//
// A batch on its way, and what became of each record.
#include <algorithm>
#include <utility>

#include "plugins/sinks/kafka/errors.h"
#include "plugins/sinks/kafka/sink.h"

namespace sluice::kafka_sink {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice{50};  // between two looks whether to go on
// Once stop was asked a write may go on for so long: half of the grace the host gives.
constexpr milliseconds kFinishLimit{1000};

bool written(const Report& report) {
  return report.state == Report::State::kDone && report.error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool blamed(const Report& report) {
  return report.state == Report::State::kDone && !report.at_home &&
         blames_batch(fate_of(report.error));
}

}  // namespace

void KafkaSink::write(const Batch& batch, Outcomes out) {
  if (batch.empty()) return;
  if (!opened_) throw Fatal("write before open");
  if (stopping()) throw Cancelled();
  need_client();
  const auto began = Clock::now();
  deadline_ = began + options_.delivery_timeout;
  stop_seen_.reset();
  cut_ = Cut::kNone;
  producer_.forget_troubles();
  plan(batch, out);
  if (wanted_.empty()) return;
  if (options_.transactional()) {
    write_transaction(batch, out);
  } else {
    send(batch, wanted_);
    isolate(batch);
    answer(batch, out);
  }
  const std::chrono::duration<double> took = Clock::now() - began;
  context_.metric(Metric::kDeliverySeconds, took.count());
}

// What can be told before anything is sent.
void KafkaSink::plan(const Batch& batch, Outcomes out) {
  reports_.assign(batch.size(), Report{});
  wanted_.clear();
  cells_.reset();
  if (columns_) cells_.emplace(columns_->cells(batch));
  choose_topics(batch, out);
  const bool pointed = options_.key == KeyFrom::kPointer;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (where_[i] == nullptr) continue;
    const bool has_key = message(batch, i).key.data() != nullptr;
    if (has_key || !(is_delete(batch[i]) || pointed || where_[i]->limits.needs_key)) {
      wanted_.push_back(i);
    } else if (is_delete(batch[i])) {
      out.reject(i, Reason::kKeyMissing, "a deletion without a key would delete nothing");
    } else if (pointed) {
      out.reject(i, Reason::kKeyMissing,
                 "no text, number or boolean at " + options_.key_pointer + ", where /key points");
    } else {
      out.reject(i, Reason::kKeyMissing,
                 "topic " + where_[i]->name +
                     " is compacted and takes no message without a key; set /key");
    }
  }
}

Message KafkaSink::message(const Batch& batch, std::size_t i) const {
  Message out = message_of(batch[i], options_);
  if (options_.key == KeyFrom::kPointer && !is_delete(batch[i])) out.key = key_of(cells_->at(i, 0));
  return out;
}

// Hands the records over and waits until all are done, or cut_ says why not.
void KafkaSink::send(const Batch& batch, std::span<const std::size_t> wanted) {
  for (const std::size_t i : wanted) {
    const Message next = message(batch, i);
    while (producer_.send(where_[i]->handle, next, reports_[i]) == RD_KAFKA_RESP_ERR__QUEUE_FULL &&
           go_on()) {
      context_.metric(Metric::kQueueFull, 1);
      producer_.poll(kSlice);
    }
    if (cut_ != Cut::kNone) break;
  }
  while (cut_ == Cut::kNone && !producer_.flush(kSlice) && go_on()) {
  }
  if (cut_ != Cut::kNone) producer_.purge();
}

bool KafkaSink::go_on() {
  const auto now = Clock::now();
  if (stopping() && !stop_seen_) stop_seen_ = now;
  if (producer_.fatal()) {
    cut_ = Cut::kFatal;
  } else if (producer_.for_operator() != RD_KAFKA_RESP_ERR_NO_ERROR) {
    cut_ = Cut::kOperator;
  } else if (options_.transactional() && producer_.failed() != 0) {
    cut_ = Cut::kFailed;
  } else if (stop_seen_ && now - *stop_seen_ >= kFinishLimit) {
    cut_ = Cut::kStop;
  } else if (now >= deadline_) {
    cut_ = Cut::kDeadline;
  }
  return cut_ == Cut::kNone;
}

// Whose fault it is that a batch was refused: halves are sent alone, the left one first, until one
// record is left. Its neighbours are written on the way.
void KafkaSink::isolate(const Batch& batch) {
  wanted_.erase(std::remove_if(wanted_.begin(), wanted_.end(),
                               [&](std::size_t i) { return !blamed(reports_[i]); }),
                wanted_.end());
  if (wanted_.size() < 2 || cut_ != Cut::kNone) return;
  context_.metric(Metric::kCulpritSearches, 1);
  limits_stale_ = true;
  std::vector<std::pair<std::size_t, std::size_t>> todo;
  const auto halve = [&](std::size_t first, std::size_t last) {
    for (std::size_t k = first; k < last; ++k) reports_[wanted_[k]] = Report{};
    const std::size_t middle = first + (last - first) / 2;
    todo.emplace_back(middle, last);
    todo.emplace_back(first, middle);
  };
  halve(0, wanted_.size());
  while (!todo.empty() && cut_ == Cut::kNone) {
    const auto [first, last] = todo.back();
    todo.pop_back();
    send(batch, std::span(wanted_).subspan(first, last - first));
    const std::size_t end = still_blamed(first, last);
    // One alone is at fault itself.
    if (end - first > 1) halve(first, end);
  }
}

// Moves those of a range of wanted_ that were refused again to its front; their end.
std::size_t KafkaSink::still_blamed(std::size_t first, std::size_t last) {
  const auto begin = wanted_.begin();
  const auto end = std::stable_partition(begin + static_cast<std::ptrdiff_t>(first),
                                         begin + static_cast<std::ptrdiff_t>(last),
                                         [&](std::size_t i) { return blamed(reports_[i]); });
  return static_cast<std::size_t>(end - begin);
}

void KafkaSink::answer(const Batch& batch, Outcomes out) {
  bool call_fails = cut_ != Cut::kNone && cut_ != Cut::kStop;
  bool moved = false;
  double bytes = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (out.is_set(i)) continue;
    if (answer_one(i, out)) {
      moved = true;
      if (written(reports_[i])) {
        const Message sent = message(batch, i);
        bytes += static_cast<double>(sent.key.size() + sent.value.size());
      }
      continue;
    }
    if (blames_topic(i)) continue;
    const Fate fate = fate_of(reports_[i].error);
    call_fails |= fate == Fate::kMissing || fate == Fate::kOperator || fate == Fate::kFatal;
  }
  context_.metric(Metric::kBytes, bytes);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!out.is_set(i)) answer_undone(i, out, call_fails);
    moved |= out.is_set(i) && reports_[i].maybe_written;
  }
  if (call_fails) fail_call();
  if (cut_ != Cut::kStop) return;
  // What is purged leaves gaps in what the broker expects; a new client has none. Letting this one
  // go can take a second, which a stop does not have.
  spent_ = true;
  if (!moved) throw Cancelled();
}

// True: the record is settled, one way or the other.
bool KafkaSink::answer_one(std::size_t i, Outcomes out) {
  const Report& report = reports_[i];
  if (report.state != Report::State::kDone) return false;
  const Fate fate = fate_of(report.error);
  if (fate == Fate::kWritten) {
    out.ok(i);
  } else if (fate == Fate::kTooLarge) {
    const std::uint64_t limit = where_[i]->limits.batch;
    const std::string most = limit == 0 ? " takes no record of that size"
                                        : " takes at most " + std::to_string(limit) + " bytes";
    out.reject(i, Reason::kTooLarge,
               told("topic " + where_[i]->name + most + " (max.message.bytes)", report.error));
  } else if (fate == Fate::kRefused) {
    out.reject(i, Reason::kRefused, told("topic " + where_[i]->name, report.error));
  } else {
    return false;
  }
  return true;
}

// A record of which nothing final is known. Where the call fails it needs no verdict, unless it may
// have been written.
void KafkaSink::answer_undone(std::size_t i, Outcomes out, bool call_fails) {
  const Report& report = reports_[i];
  // One whose report never came was with a thread that was stuck.
  const bool maybe = report.maybe_written || report.state == Report::State::kUnderWay;
  if (call_fails && !maybe) return;
  if (cut_ == Cut::kStop && !maybe) {
    out.untried(i);
    return;
  }
  const bool timeout = cut_ != Cut::kNone || fate_of(report.error) == Fate::kTimeout;
  const std::string topic = "topic " + where_[i]->name;
  if (timeout) {
    out.retry(i, Reason::kDeliveryTimeout,
              told(topic, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, producer_.trouble()), {}, maybe);
  } else {
    out.retry(i, Reason::kBrokerError, told(topic, report.error), {}, maybe);
  }
}

// No record is at fault.
void KafkaSink::fail_call() {
  const Cut cut = cut_;
  const std::string brokers = options_.connection.brokers;
  if (cut == Cut::kFatal) throw Fatal(producer_.fatal_text());
  const auto for_operator = producer_.for_operator();
  const std::string trouble(producer_.trouble());
  if (cut != Cut::kNone) producer_.end();
  if (cut == Cut::kOperator) {
    throw BadConfig(told("the brokers " + brokers + " do not let us in", for_operator, trouble));
  }
  if (cut == Cut::kDeadline) {
    throw Transient(
        told("topic " + options_.topic + " at " + brokers + " acknowledged not everything within " +
                 std::to_string(options_.delivery_timeout.count()) + " ms (/delivery_timeout)",
             RD_KAFKA_RESP_ERR__TIMED_OUT, trouble),
        Reason::kDeliveryTimeout);
  }
  for (const Report& report : reports_) {
    const Fate fate = fate_of(report.error);
    const std::string text = told("topic " + options_.topic, report.error);
    if (fate == Fate::kFatal) throw Fatal(producer_.fatal() ? producer_.fatal_text() : text);
    if (fate != Fate::kOperator && fate != Fate::kMissing) continue;
    // The client would remember the topic's trouble for a while; a new one asks again.
    producer_.end();
    if (fate == Fate::kOperator) throw BadConfig(text);
    throw Transient(text, Reason::kBrokerError);
  }
  throw Transient("topic " + options_.topic + " could not be written to", Reason::kBrokerError);
}

}  // namespace sluice::kafka_sink
