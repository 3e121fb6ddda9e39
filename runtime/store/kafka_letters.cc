// SPDX-License-Identifier: Apache-2.0
// Dead letters in a topic: opening it, and the view that follows.
#include "runtime/store/kafka_letters.h"

#include <stdlib.h>

#include <algorithm>
#include <limits>

#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "runtime/base/sha256.h"

namespace sluice::store {
namespace {

// What is put into the view in one transaction.
constexpr size_t kApplyMessages = 1000;
constexpr size_t kApplyBytes = 8 << 20;
// The view notes that it is up to date no more often, where nothing else has changed.
constexpr int64_t kNoteEveryUs = 60'000'000;
// Partitions are counted no more often.
constexpr int64_t kLookEveryUs = 60'000'000;
// After a failure.
constexpr int64_t kRestUs = 30'000'000;

}  // namespace

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Status ScratchFolder::make() {
  std::error_code error;
  const auto root = std::filesystem::temp_directory_path(error);
  std::string name = (error ? "/tmp" : root.string()) + "/sluice-letters-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    return unavailable(name +
                       ": a folder for what was read of the topic cannot be made; set "
                       "TMPDIR to one that can be written");
  }
  path_ = name;
  return Status::ok();
}

Result<std::unique_ptr<DeadLetterStore>> TopicDeadLetterStore::open(
    const std::filesystem::path& dir, const std::string& address, bool read_only) {
  SLUICE_ASSIGN_OR_RETURN(KafkaTarget target, KafkaTarget::parse(address));
  std::unique_ptr<TopicDeadLetterStore> store(
      new TopicDeadLetterStore(std::move(target), read_only));
  SLUICE_RETURN_IF_ERROR(store->start(dir));
  return std::unique_ptr<DeadLetterStore>(std::move(store));
}

Status TopicDeadLetterStore::start(const std::filesystem::path& dir) {
  MutexLock lock(mutex_);
  SLUICE_ASSIGN_OR_RETURN(writer_, KafkaWriter::open(target_));
  SLUICE_ASSIGN_OR_RETURN(const std::string cluster, writer_->cluster_id());
  SLUICE_ASSIGN_OR_RETURN(topic_, find_letter_topic(*writer_, target_, !read_only_));
  SLUICE_RETURN_IF_ERROR(fit_batches());
  SLUICE_ASSIGN_OR_RETURN(reader_, KafkaReader::open(target_));
  // A folder may have seen several topics; the address of one cluster may change.
  const std::string of_topic = sha256_hex(cluster + "/" + target_.topic).substr(0, 16);
  SLUICE_RETURN_IF_ERROR(open_view(dir, "letters_" + of_topic + ".db"));
  return catch_up();
}

// The topic's limit is on what comes at once, so letters that fit one by one must not come
// together.
Status TopicDeadLetterStore::fit_batches() {
  constexpr size_t kLargestBatch = 1'000'000;  // the client's
  const size_t most = topic_.largest_message() * 9 / 10;
  if (most >= kLargestBatch) return Status::ok();
  KafkaTarget target = target_;
  target.properties.emplace_back("batch.size", std::to_string(std::max<size_t>(most, 1)));
  SLUICE_ASSIGN_OR_RETURN(writer_, KafkaWriter::open(target));
  return Status::ok();
}

// Looking at letters leaves nothing behind where no process keeps a view; and uses the one that is
// there, which saves reading all of the topic.
Status TopicDeadLetterStore::open_view(const std::filesystem::path& dir, const std::string& file) {
  std::error_code ignored;
  const auto path = (dir.empty() ? std::filesystem::path(".") : dir) / file;
  const bool shared = !read_only_ || std::filesystem::exists(path, ignored);
  if (shared) {
    auto view = TopicView::open(dir, file, target_.topic);
    if (!view && !read_only_) return view.status();
    if (view) view_ = std::move(view).value();
  }
  if (!view_) {
    SLUICE_RETURN_IF_ERROR(scratch_.make());
    SLUICE_ASSIGN_OR_RETURN(view_, TopicView::open(scratch_.path(), file, target_.topic));
  }
  letters_ = &view_->store();
  return Status::ok();
}

Status TopicDeadLetterStore::may_write() const {
  if (!read_only_) return Status::ok();
  return invalid(target_.shown + ": opened for reading only; the running process writes it");
}

// Each try to reach brokers that are away takes seconds, and a scrape of metrics asks for several
// things: those that ask soon after a failure are told of it at once.
Status TopicDeadLetterStore::follow() {
  MutexLock lock(mutex_);
  const int64_t now_us = Clock::real().wall_us();
  if (!failure_ && now_us - failed_at_us_ < kRestUs) return failure_;
  failure_ = catch_up();
  failed_at_us_ = Clock::real().wall_us();
  return failure_;
}

Status TopicDeadLetterStore::catch_up() {
  // Once more where another process, or the brokers, changed something in between.
  constexpr int kTries = 3;
  Status status;
  for (int i = 0; i < kTries; ++i) {
    status = catch_up_once();
    if (status) return status;
    reading_ = false;
    if (status.code() != Code::kNotFound && status.code() != Code::kCancelled) return status;
    SLUICE_ASSIGN_OR_RETURN(topic_, find_letter_topic(*writer_, target_, !read_only_));
  }
  return unavailable(status.message() + "; the topic changes while it is read");
}

Status TopicDeadLetterStore::catch_up_once() {
  const int64_t now_us = Clock::real().wall_us();
  if (now_us - looked_at_us_ > kLookEveryUs) {
    SLUICE_ASSIGN_OR_RETURN(const auto partitions, writer_->partitions(target_.topic));
    if (!partitions) return not_found(target_.shown + ": the topic is gone");
    know_partitions(*partitions);
    looked_at_us_ = now_us;
  }
  SLUICE_ASSIGN_OR_RETURN(const auto ranges, writer_->ranges(target_.topic, topic_.partitions));
  SLUICE_RETURN_IF_ERROR(compare(ranges, now_us));
  if (!reading_) SLUICE_RETURN_IF_ERROR(start_reader());
  std::map<int32_t, int64_t> ends;
  for (size_t i = 0; i < ranges.size(); ++i) ends[static_cast<int32_t>(i)] = ranges[i].end;
  SLUICE_ASSIGN_OR_RETURN(const auto before, view_->progress());
  SLUICE_RETURN_IF_ERROR(read_into_view(ends));
  const bool news = std::any_of(ends.begin(), ends.end(), [&](const auto& end) {
    const auto at = before.find(end.first);
    return at == before.end() || at->second.next < end.second || at->second.reread_to.has_value();
  });
  if (!news && now_us - reached_at_us_ < kNoteEveryUs) return Status::ok();
  SLUICE_RETURN_IF_ERROR(view_->reached(ends, now_us));
  reached_at_us_ = now_us;
  return Status::ok();
}

// What happened to the topic since the view was written, other than new messages.
Status TopicDeadLetterStore::compare(const std::vector<KafkaRange>& ranges, int64_t now_us) {
  SLUICE_ASSIGN_OR_RETURN(const auto progress, view_->progress());
  // Half of it, for clocks that differ and cleaners that are early.
  const int64_t rest_us = topic_.tombstones_kept() == std::chrono::milliseconds::max()
                              ? std::numeric_limits<int64_t>::max()
                              : topic_.tombstones_kept().count() * 500;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const auto partition = static_cast<int32_t>(i);
    const KafkaRange& range = ranges[i];
    const auto at = progress.find(partition);
    const auto low = low_.find(partition);
    const bool first = low == low_.end();
    if (at != progress.end() && at->second.next > range.end) {
      log::warn("dead_letters.topic_shorter",
                "the topic of dead letters ends before what was read of it, so it was made anew or "
                "lost messages; it is read again, and letters it does not hold are gone",
                {{"topic", target_.shown}, {"partition", partition}});
      SLUICE_RETURN_IF_ERROR(view_->read_again(partition, range));
      reading_ = false;
    } else if (at != progress.end() && at->second.read_at_us != 0 && !at->second.reread_to &&
               now_us - at->second.read_at_us > rest_us) {
      // Tombstones may have come and gone unseen.
      SLUICE_RETURN_IF_ERROR(view_->read_again(partition, range));
      reading_ = false;
    }
    if (first || low->second != range.low) {
      if (at != progress.end() && at->second.next < range.low) reading_ = false;
      SLUICE_RETURN_IF_ERROR(view_->forget_below(partition, range.low));
    }
    low_[partition] = range.low;
    // What we wrote went with a topic that was made anew.
    if (const auto our = ours_.find(partition); our != ours_.end()) {
      our->second = std::min(our->second, range.end);
    }
  }
  return Status::ok();
}

// There may be more of them than before.
void TopicDeadLetterStore::know_partitions(uint32_t count) {
  if (count <= topic_.partitions) return;
  topic_.partitions = count;
  reading_ = false;
}

Status TopicDeadLetterStore::start_reader() {
  SLUICE_ASSIGN_OR_RETURN(const auto progress, view_->progress());
  std::map<int32_t, int64_t> from;
  for (uint32_t i = 0; i < topic_.partitions; ++i) {
    const auto partition = static_cast<int32_t>(i);
    const auto at = progress.find(partition);
    from[partition] = at == progress.end() ? low_[partition] : at->second.next;
  }
  SLUICE_RETURN_IF_ERROR(reader_->start(from));
  reading_ = true;
  return Status::ok();
}

Status TopicDeadLetterStore::read_into_view(const std::map<int32_t, int64_t>& ends) {
  std::vector<KafkaReader::Incoming> batch;
  size_t bytes = 0;
  TopicView& view = *view_;
  const auto apply = [&]() -> Status {
    if (batch.empty()) return Status::ok();
    SLUICE_RETURN_IF_ERROR(view.apply(batch));
    batch.clear();
    bytes = 0;
    return Status::ok();
  };
  SLUICE_RETURN_IF_ERROR(reader_->read_to(ends, [&](KafkaReader::Incoming incoming) -> Status {
    bytes += message_bytes(incoming.message);
    batch.push_back(std::move(incoming));
    if (batch.size() < kApplyMessages && bytes < kApplyBytes) return Status::ok();
    return apply();
  }));
  return apply();
}

Status TopicDeadLetterStore::catch_up_with_ours() {
  if (!reading_) return catch_up();
  Status status = read_into_view(ours_);
  if (status) return status;
  reading_ = false;
  return catch_up();
}

void TopicDeadLetterStore::set_limits(std::map<std::string, LetterLimit> limits) {
  MutexLock lock(mutex_);
  limits_ = std::move(limits);
}

}  // namespace sluice::store

namespace sluice {

Result<std::unique_ptr<DeadLetterStore>> open_topic_dead_letters(const std::filesystem::path& dir,
                                                                 const std::string& address,
                                                                 bool read_only) {
  return store::TopicDeadLetterStore::open(dir, address, read_only);
}

bool names_dead_letter_topic(const std::string& dsn) { return store::KafkaTarget::names_one(dsn); }

Result<std::vector<std::string>> check_topic_dead_letters(const std::string& address,
                                                          std::chrono::milliseconds keep,
                                                          bool connect) {
  using Sentences = std::vector<std::string>;
  SLUICE_ASSIGN_OR_RETURN(const store::KafkaTarget target, store::KafkaTarget::parse(address));
  if (!connect) return Sentences();
  SLUICE_ASSIGN_OR_RETURN(const auto writer, store::KafkaWriter::open(target));
  const auto topic = store::find_letter_topic(*writer, target, false);
  if (topic) return warnings_of(*topic, target, keep);
  if (topic.status().code() != Code::kNotFound) return topic.status();
  return Sentences{target.shown + ": the topic is not there; it is made when a pipeline starts"};
}

}  // namespace sluice
