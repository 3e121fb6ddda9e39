// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/committer.h"

#include <algorithm>

#include "plugins/common/kafka_errors.h"
#include "plugins/sources/kafka/commit_note.h"
#include "plugins/sources/kafka/metrics.h"

namespace sluice::kafka_source {
namespace {

using common::kafka::Event;
using common::kafka::Partitions;
using common::kafka::sentence;
using std::chrono::milliseconds;

constexpr milliseconds kTellEvery{10'000};
constexpr milliseconds kPause{1000};  // after a failure

}  // namespace

Committer::Committer(Context context, const Options& options, PartitionTable& table,
                     const common::StopSignal& stop, const std::atomic<bool>& steady)
    : context_(context), options_(options), table_(table), stop_(stop), steady_(steady) {}

void Committer::open(rd_kafka_t* client) {
  client_ = client;
  answers_.reset(rd_kafka_queue_new(client));
  under_way_ = false;
  epochs_ = context_.try_epochs();
}

void Committer::close() {
  answers_.reset();
  client_ = nullptr;
}

// Not where it is put into a commit: a source that closes may not ask any more.
void Committer::ask_epoch() {
  if (epochs_) epoch_ = epochs_->current();
}

void Committer::settled() {
  ask_epoch();
  if (options_.commit != CommitWhen::kOnSettled || !steady_) return;
  if (!options_.commit_async) {
    flush(kAnswerLimit);
    return;
  }
  take_answers(milliseconds(0));
  begin();
}

void Committer::serve() {
  ask_epoch();
  take_answers(milliseconds(0));
  if (!steady_) return;
  if (options_.commit == CommitWhen::kOnSettled) {
    begin();
    return;
  }
  const auto now = Clock::now();
  if (now < due_) return;
  due_ = now + options_.commit_interval;
  if (options_.commit_async) {
    begin();
  } else {
    flush(kAnswerLimit);
  }
}

bool Committer::flush(milliseconds limit) {
  // A stop leaves its callers little time.
  if (stop_.stopped()) limit = std::min(limit, milliseconds(1500));
  const auto until = Clock::now() + limit;
  // What was under way was begun with less; and one that failed is tried once more.
  for (int round = 0; round < 3; ++round) {
    while (under_way_) {
      const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
      if (left.count() <= 0) {
        tell_failure(RD_KAFKA_RESP_ERR__TIMED_OUT, "the commit of offsets was not answered");
        return false;
      }
      take_answers(std::min(left, milliseconds(100)));
    }
    if (round == 2) break;
    not_before_ = {};
    begin();
  }
  return true;
}

void Committer::begin() {
  if (client_ == nullptr || under_way_ || Clock::now() < not_before_) return;
  Partitions list;
  table_.each([&](Partition& partition) {
    if (!partition.to_commit()) return;
    if (!list) list = common::kafka::new_partitions(table_.size());
    auto* entry =
        rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number);
    entry->offset = partition.settled_to();
    put_note(*entry, {std::max(epoch_, partition.note.epoch), partition.note.start});
  });
  if (!list) return;
  const auto error = rd_kafka_commit_queue(client_, list.get(), answers_.get(), nullptr, nullptr);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    tell_failure(error, "the commit of offsets could not be sent");
    return;
  }
  under_way_ = true;
  begun_ = Clock::now();
}

void Committer::take_answers(milliseconds wait) {
  if (!answers_) return;
  const Event event(rd_kafka_queue_poll(answers_.get(), static_cast<int>(wait.count())));
  if (!event) return;
  under_way_ = false;
  note_answer(event.get());
}

void Committer::note_answer(rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_OFFSET_COMMIT) return;
  const auto error = rd_kafka_event_error(event);
  const auto* list = rd_kafka_event_topic_partition_list(event);
  rd_kafka_resp_err_t first = error;
  std::string what = "the group's offsets were not committed";
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    const auto& entry = list->elems[i];
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (first == RD_KAFKA_RESP_ERR_NO_ERROR || first == entry.err) {
        what = "the offset of " + lane_name(entry.topic, entry.partition) + " was not committed";
        first = entry.err;
      }
      continue;
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    Partition* partition = table_.find(entry.topic, entry.partition);
    // An answer that lies ahead is from before the partition was put back.
    if (partition != nullptr && entry.offset <= partition->passed) {
      partition->committed = std::max(partition->committed, entry.offset);
    }
  }
  if (first == RD_KAFKA_RESP_ERR_NO_ERROR) {
    context_.metric(Metric::kCommits, 1);
    context_.metric(Metric::kCommitSeconds,
                    std::chrono::duration<double>(Clock::now() - begun_).count());
    return;
  }
  // Nothing to commit is no failure: the partition went meanwhile.
  if (first == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
  tell_failure(first, what);
}

void Committer::tell_failure(rd_kafka_resp_err_t error, const std::string& what) {
  context_.metric(Metric::kCommitFailures, 1);
  const auto now = Clock::now();
  not_before_ = now + kPause;
  if (told_.time_since_epoch().count() != 0 && now - told_ < kTellEvery) return;
  told_ = now;
  std::string text = sentence(what, error);
  text += "; nothing is lost: it goes with the next commit, or the records are read again";
  context_.warn(text);
}

}  // namespace sluice::kafka_source
