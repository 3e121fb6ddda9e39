// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/transaction.h"

#include "plugins/common/kafka_handles.h"
#include "plugins/sinks/kafka/errors.h"

namespace sluice::kafka_sink {
namespace {

constexpr int kSlice = 100;  // milliseconds

Step step_of(const char* what, const rd_kafka_error_t* error) {
  if (error == nullptr) return {};
  const auto code = rd_kafka_error_code(error);
  std::string text = told(what, code, rd_kafka_error_string(error));
  const Fate fate = fate_of(code);
  if (fate == Fate::kOperator) return {Step::Result::kOperator, std::move(text)};
  if (rd_kafka_error_is_fatal(error) != 0 || fate == Fate::kFatal) {
    return {Step::Result::kFatal, std::move(text)};
  }
  if (rd_kafka_error_txn_requires_abort(error) != 0) {
    return {Step::Result::kAborted, std::move(text)};
  }
  return {Step::Result::kUnknown, std::move(text)};
}

}  // namespace

Step Transaction::init(const GiveUp& give_up) {
  return in_slices("the transactional producer cannot begin", rd_kafka_init_transactions, give_up);
}

Step Transaction::begin() {
  const common::kafka::ErrorHandle error(rd_kafka_begin_transaction(client_));
  return step_of("no transaction can be begun", error.get());
}

Step Transaction::commit(const GiveUp& give_up) {
  return in_slices("the transaction cannot be committed", rd_kafka_commit_transaction, give_up);
}

Step Transaction::abort(const GiveUp& give_up) {
  return in_slices("the transaction cannot be aborted", rd_kafka_abort_transaction, give_up);
}

// A call that ran out of time goes on in the background, and is taken up by calling it again.
Step Transaction::in_slices(const char* what, rd_kafka_error_t* (*call)(rd_kafka_t*, int),
                            const GiveUp& give_up) {
  for (;;) {
    const common::kafka::ErrorHandle error(call(client_, kSlice));
    const bool again = error && rd_kafka_error_is_retriable(error.get()) != 0;
    if (!again || give_up()) return step_of(what, error.get());
  }
}

}  // namespace sluice::kafka_sink
