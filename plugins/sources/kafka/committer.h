// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <sluice/context.hpp>
#include <string>

#include "plugins/common/kafka_handles.h"
#include "plugins/common/stop_signal.h"
#include "plugins/sources/kafka/options.h"
#include "plugins/sources/kafka/partitions.h"

namespace sluice::kafka_source {

// Carries what is settled to the group's committed offsets, and nothing else. At most one commit is
// under way; what is settled meanwhile goes with the next one. A failure is told and counted, and
// what it was to commit goes with the next one too. On the source's thread.
class Committer {
 public:
  Committer(Context context, const Options& options, PartitionTable& table,
            const common::StopSignal& stop, const std::atomic<bool>& steady);

  void open(rd_kafka_t* client);
  // Answers that have come, and what is due by now.
  void serve();
  // Something was settled.
  void settled();
  // Commits all that is settled and waits for the answer, at most so long. False: it did not come.
  bool flush(std::chrono::milliseconds limit);
  // Lets go of the answers; before the client goes.
  void close();

  // An answer that came on another way. Takes note and tells.
  void note_answer(rd_kafka_event_t* event);

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kAnswerLimit{10'000};

  void ask_epoch();
  void begin();
  void take_answers(std::chrono::milliseconds wait);
  void tell_failure(rd_kafka_resp_err_t error, const std::string& what);

  Context context_;
  const Options& options_;
  PartitionTable& table_;
  const common::StopSignal& stop_;
  // While the group shares its partitions anew, a commit may carry a number of the group that is
  // past; librdkafka then takes all partitions for lost. So nothing is begun but what has to be.
  const std::atomic<bool>& steady_;
  rd_kafka_t* client_ = nullptr;
  common::kafka::Queue answers_;
  std::optional<Epochs> epochs_;  // nothing: the host does not count them
  std::uint32_t epoch_ = 0;       // as of the last call in which it could be asked
  bool under_way_ = false;
  Clock::time_point begun_{};
  Clock::time_point due_{};
  Clock::time_point not_before_{};  // after a failure
  Clock::time_point told_{};        // the last failure told
};

}  // namespace sluice::kafka_source
