// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/base/stop.h"
#include "runtime/retry/retry_reader.h"
#include "runtime/retry/retry_route.h"
#include "runtime/store/dead_letter_store.h"
#include "runtime/store/kafka.h"

namespace sluice {

// Records whose attempts at a sink are spent, in Kafka topics until they are due: a writer of
// letters that puts those into topics that wait (`waits`), and all others into the store behind it.
// What comes out of a topic is delivered as a redrive without a plan (redrive 0): settled, its
// offset may be committed; failed again, it is put into the next topic, or becomes a dead letter.
// Thread-safe.
class RetryTopics final : public FailureStore {
 public:
  // The pipelines that records come back to; see RetryReader::Options.
  class Pipelines {
   public:
    virtual ~Pipelines() = default;
    virtual bool room(const std::string& pipeline) = 0;
    virtual bool deliver(const std::string& pipeline, std::vector<DeadLetter> letters,
                         StopSource& stop) = 0;
  };
  static constexpr uint64_t kNoPlan = 0;  // redrives have numbers from 1

  // For the sinks of these pipelines that have retry topics; nullptr where none has. Talks to no
  // broker yet. `store` and `clock` outlive it.
  static Result<std::unique_ptr<RetryTopics>> create(
      const std::vector<const PipelineConfig*>& pipelines, FailureStore& store, const Clock& clock);
  ~RetryTopics() override;

  sluice::Status put(const std::vector<DeadLetter>& letters) override;
  sluice::Status settle_redriven(const std::vector<RedrivenLetter>& letters,
                                 int64_t now_us) override;

  // Reads the topics from now on. `pipelines` outlives finish().
  void start(Pipelines& pipelines);
  // Delivers no more; what is out may still be settled.
  void stop();
  // Once nothing is settled any more: commits, and ends.
  void finish();

  struct Status {
    std::string pipeline;
    std::string sink;
    uint64_t put = 0;  // into topics
    RetryReader::Status reader;
  };
  [[nodiscard]] std::vector<Status> status() const;

 private:
  // One sink's.
  struct Branch {
    RetryRoute route;
    Mutex mutex;  // a writer serves one thread at a time
    std::unique_ptr<store::KafkaWriter> writer SLUICE_GUARDED_BY(mutex);
    std::atomic<uint64_t> put{0};
    std::unique_ptr<RetryReader> reader;  // from start() on
  };

  RetryTopics(FailureStore& store, const Clock& clock);
  [[nodiscard]] Branch* branch_of(const DeadLetter& letter) const;
  sluice::Status write(Branch& branch, const std::vector<const DeadLetter*>& letters);
  static sluice::Status make_topics(Branch& branch);

  FailureStore& store_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Branch>> branches_;
};

}  // namespace sluice
