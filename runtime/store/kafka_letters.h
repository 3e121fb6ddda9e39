// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/store/dead_letter_store.h"
#include "runtime/store/kafka_letter_topic.h"
#include "runtime/store/kafka_view.h"

// Inside of the store that keeps dead letters in a topic; see docs/dead-letters.md.
namespace sluice::store {

// A folder that goes with its owner; none unless made.
class ScratchFolder {
 public:
  ScratchFolder() = default;
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  Status make();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What is written goes to the topic and is done when the brokers have it; the view (kafka_view.h)
// follows by reading the topic, before each read and each write.
class TopicDeadLetterStore final : public DeadLetterStore {
 public:
  static Result<std::unique_ptr<DeadLetterStore>> open(const std::filesystem::path& dir,
                                                       const std::string& address, bool read_only);

  Status put(const std::vector<DeadLetter>& letters) override SLUICE_EXCLUDES(mutex_);
  void set_limits(std::map<std::string, LetterLimit> limits) override SLUICE_EXCLUDES(mutex_);
  Result<uint64_t> dropped() override;
  Result<std::map<std::string, uint64_t>> count_by_reason(const LetterFilter& filter) override;
  Result<LetterSummary> summarize(const LetterFilter& filter) override;
  Status each_class(const LetterFilter& filter, int64_t now_us,
                    const std::function<void(const LetterClassCounts&)>& visit) override;
  Status each(const LetterFilter& filter, uint64_t limit,
              const std::function<void(const DeadLetter&)>& visit) override;
  Result<LetterPage> page(const LetterFilter& filter, const LetterCursor& after) override;
  Result<std::optional<DeadLetter>> find(const std::string& id) override;
  Result<uint64_t> count() override;
  Result<uint64_t> remove(const LetterFilter& filter) override SLUICE_EXCLUDES(mutex_);

  Result<uint64_t> create_redrive(const RedrivePlan& plan) override;
  Status choose(uint64_t redrive, const LetterFilter& filter, bool answered_too) override;
  Status choose(uint64_t redrive, const std::vector<uint64_t>& seqs) override;
  Status set_redrive_state(uint64_t redrive, const std::string& state, int64_t now_us) override;
  Result<std::vector<DeadLetter>> next_chosen(uint64_t redrive, uint64_t after,
                                              uint64_t limit) override;
  Status settle_redriven(const std::vector<RedrivenLetter>& letters, int64_t now_us) override
      SLUICE_EXCLUDES(mutex_);
  Result<std::vector<RedrivePlan>> redrives(uint64_t limit) override;
  Result<std::optional<RedrivePlan>> find_redrive(uint64_t redrive) override;

 private:
  // A message on its way, and where to: -1, by its key.
  struct Coming {
    TopicMessage message;
    int32_t partition = -1;
  };

  TopicDeadLetterStore(KafkaTarget target, bool read_only)
      : target_(std::move(target)), read_only_(read_only) {}

  Status start(const std::filesystem::path& dir) SLUICE_EXCLUDES(mutex_);
  Status open_view(const std::filesystem::path& dir, const std::string& file)
      SLUICE_REQUIRES(mutex_);
  Status fit_batches() SLUICE_REQUIRES(mutex_);
  [[nodiscard]] Status may_write() const;

  // Up to what the topic holds now.
  Status follow() SLUICE_EXCLUDES(mutex_);
  Status catch_up() SLUICE_REQUIRES(mutex_);
  // Up to what this process wrote, which asks no broker for offsets.
  Status catch_up_with_ours() SLUICE_REQUIRES(mutex_);
  Status catch_up_once() SLUICE_REQUIRES(mutex_);
  Status compare(const std::vector<KafkaRange>& ranges, int64_t now_us) SLUICE_REQUIRES(mutex_);
  void know_partitions(uint32_t count) SLUICE_REQUIRES(mutex_);
  Status start_reader() SLUICE_REQUIRES(mutex_);
  Status read_into_view(const std::map<int32_t, int64_t>& ends) SLUICE_REQUIRES(mutex_);

  Status send(const std::vector<Coming>& messages) SLUICE_REQUIRES(mutex_);
  Result<Coming> update_of(const DeadLetter& letter, bool redriven) SLUICE_REQUIRES(mutex_);
  Result<std::vector<Coming>> updates_of(const std::vector<DeadLetter>& letters)
      SLUICE_REQUIRES(mutex_);
  Status keep_limits(const std::vector<DeadLetter>& letters) SLUICE_REQUIRES(mutex_);
  Status drop_oldest(const std::string& pipeline, uint64_t bytes) SLUICE_REQUIRES(mutex_);
  Status bury(const std::vector<ViewedLetter>& letters, LetterEnd how) SLUICE_REQUIRES(mutex_);
  void delete_what_nobody_needs() SLUICE_REQUIRES(mutex_);

  const KafkaTarget target_;
  const bool read_only_;
  ScratchFolder scratch_;  // of a view that nobody else needs
  Mutex mutex_;
  std::unique_ptr<KafkaWriter> writer_ SLUICE_GUARDED_BY(mutex_);
  std::unique_ptr<KafkaReader> reader_ SLUICE_GUARDED_BY(mutex_);
  std::unique_ptr<TopicView> view_ SLUICE_GUARDED_BY(mutex_);
  SqliteDeadLetterStore* letters_ = nullptr;  // the view's; any thread
  LetterTopic topic_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, LetterLimit> limits_ SLUICE_GUARDED_BY(mutex_);
  bool reading_ SLUICE_GUARDED_BY(mutex_) = false;  // the reader stands where the view does
  std::map<int32_t, int64_t> ours_ SLUICE_GUARDED_BY(mutex_);  // behind what we wrote
  std::map<int32_t, int64_t> low_ SLUICE_GUARDED_BY(mutex_);   // where partitions begin
  int64_t reached_at_us_ SLUICE_GUARDED_BY(mutex_) = 0;        // noted in the view
  int64_t looked_at_us_ SLUICE_GUARDED_BY(mutex_) = 0;         // how many partitions there are
  Status failure_ SLUICE_GUARDED_BY(mutex_);                   // of the last one that followed
  int64_t failed_at_us_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice::store
