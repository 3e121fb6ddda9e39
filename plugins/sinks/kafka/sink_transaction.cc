// SPDX-License-Identifier: Apache-2.0
//
// A write as one transaction: all of it, or nothing.
#include <algorithm>

#include "plugins/sinks/kafka/errors.h"
#include "plugins/sinks/kafka/sink.h"

namespace sluice::kafka_sink {
namespace {

using std::chrono::milliseconds;

// An abort that takes longer is left to the cluster, which knows it by the next client of this id.
constexpr milliseconds kAbortLimit{1000};
constexpr milliseconds kAbortLimitAtStop{300};

// Which of several errors says most: what comes of another one last.
int weight(Fate fate) {
  if (fate == Fate::kTimeout) return 0;
  return fate == Fate::kAgain ? 1 : 2;
}

}  // namespace

void KafkaSink::write_transaction(const Batch& batch, Outcomes out) {
  const Step begun = Transaction(producer_.client()).begin();
  if (begun.result != Step::Result::kDone) {
    producer_.end();
    raise(begun);
  }
  send(batch, wanted_);
  check_all_sent();
  commit(out);
  answer(batch, out);
}

// Throws when a message was not written; those the client itself refused are in no transaction.
void KafkaSink::check_all_sent() {
  rd_kafka_resp_err_t worst = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string topic = options_.topic;  // that of the worst
  for (const std::size_t i : wanted_) {
    const Report& report = reports_[i];
    if (report.error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const Fate fate = fate_of(report.error);
    static_cast<void>(blames_topic(i));  // so that it is asked for anew
    if (report.at_home && blames_batch(fate)) continue;
    if (worst == RD_KAFKA_RESP_ERR_NO_ERROR || weight(fate) > weight(fate_of(worst))) {
      worst = report.error;
      topic = where_[i]->name;
    }
  }
  if (cut_ == Cut::kNone && worst == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  abort();
  if (cut_ == Cut::kStop) throw Cancelled();
  if (cut_ != Cut::kNone && cut_ != Cut::kFailed) fail_call();
  const std::string text = told("topic " + topic, worst);
  switch (fate_of(worst)) {
    case Fate::kTooLarge:
      limits_stale_ = true;
      throw BatchRefused(text, Reason::kTooLarge);
    case Fate::kRefused:
      limits_stale_ = true;
      throw BatchRefused(text, Reason::kRefused);
    case Fate::kOperator:
      throw BadConfig(text);
    case Fate::kFatal:
      throw Fatal(text);
    case Fate::kTimeout:
      throw Transient(text, Reason::kDeliveryTimeout);
    case Fate::kWritten:
    case Fate::kAgain:
    case Fate::kMissing:
      break;
  }
  throw Transient(text, Reason::kBrokerError);
}

void KafkaSink::commit(Outcomes out) {
  const Step step = Transaction(producer_.client()).commit([&] { return !go_on(); });
  if (step.result == Step::Result::kDone) {
    context_.metric(Metric::kTransactions, 1);
    // What went wrong meanwhile does not undo it.
    cut_ = Cut::kNone;
    return;
  }
  if (step.result == Step::Result::kAborted) abort();
  if (step.result == Step::Result::kUnknown) {
    for (const std::size_t i : wanted_) {
      if (reports_[i].at_home) continue;
      out.retry(i, Reason::kDeliveryTimeout, step.text, {}, true);
    }
    // The next client of this id ends what this one began, by commit or by abort.
    spent_ = true;
  }
  raise(step);
}

// The client goes with it: librdkafka 2.0 counts on where a refused message left off, and the
// broker would refuse the next one as out of order.
void KafkaSink::abort() {
  context_.metric(Metric::kTransactionsAborted, 1);
  if (!producer_.running()) return;  // it had to be given up; the next one of this id aborts
  const auto limit = Clock::now() + (cut_ == Cut::kStop ? kAbortLimitAtStop : kAbortLimit);
  const Step step = Transaction(producer_.client()).abort([&] { return Clock::now() >= limit; });
  if (step.result == Step::Result::kFatal) throw Fatal(producer_.fatal_text());
  spent_ = true;
}

}  // namespace sluice::kafka_sink
