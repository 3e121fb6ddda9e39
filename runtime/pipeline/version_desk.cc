// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/version_desk.h"

#include <algorithm>

#include "runtime/base/log.h"
#include "runtime/pipeline/redrive_batch.h"
#include "runtime/schema/lineage/version_finder.h"

namespace sluice {
namespace {

constexpr Millis kOldestOfRedrive{1'000};

RetryConfig registry_retry() {
  RetryConfig out;
  out.base = Millis(200);
  out.cap = Millis(5'000);
  return out;
}

// Whose answers a file holds.
std::string origin_of(const RegistryConfig& registry) {
  return registry.url + "\n" + registry.subject;
}

}  // namespace

VersionDesk::VersionDesk(Options options)
    : options_(std::move(options)),
      origin_(origin_of(options_.registry)),
      backoff_(registry_retry(), static_cast<uint64_t>(options_.clock->wall_us())),
      ids_(std::make_shared<SchemaIds>()) {}

VersionDesk::~VersionDesk() { stop(); }

Result<std::unique_ptr<VersionDesk>> VersionDesk::create(Options options) {
  std::unique_ptr<VersionDesk> desk(new VersionDesk(std::move(options)));
  if (!desk->options_.ask) {
    SLUICE_ASSIGN_OR_RETURN(
        desk->client_, registry::RegistryClient::create(desk->options_.registry, &desk->stop_));
  }
  if (!desk->options_.file.empty()) {
    std::string trouble;
    auto ids = SchemaIds::read(desk->options_.file, desk->origin_, trouble);
    if (!trouble.empty()) {
      log::warn("registry.cache", trouble, {{"pipeline", desk->options_.pipeline}});
    }
    MutexLock lock(desk->mutex_);
    desk->ids_ = std::move(ids);
  }
  return desk;
}

std::filesystem::path VersionDesk::file_of(const std::filesystem::path& state_dir,
                                           std::string_view pipeline) {
  return state_dir / "registry" / (std::string(pipeline) + ".json");
}

std::shared_ptr<const SchemaIds> VersionDesk::stored(const std::filesystem::path& state_dir,
                                                     const PipelineConfig& pipeline) {
  if (!wanted(pipeline)) return nullptr;
  std::string trouble;  // a run says it
  return SchemaIds::read(file_of(state_dir, pipeline.name),
                         origin_of(*pipeline.schema->version.registry), trouble);
}

void VersionDesk::start() {
  thread_ = std::thread([this] { run(); });
}

void VersionDesk::stop() {
  {
    // Under the lock, or the thread could look just before and wait just after.
    MutexLock lock(mutex_);
    stop_.request();
  }
  wanted_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::list<Waiting> dropped;
  {
    MutexLock lock(mutex_);
    dropped.swap(waiting_);
    held_.clear();
  }
}

std::shared_ptr<const SchemaIds> VersionDesk::ids() const {
  MutexLock lock(mutex_);
  return ids_;
}

VersionDesk::Status VersionDesk::status() const {
  MutexLock lock(mutex_);
  Status out = status_;
  out.waiting_batches = waiting_.size();
  for (const Waiting& waiting : waiting_) out.waiting_records += waiting.batch->count();
  out.known_ids = ids_->size();
  return out;
}

bool VersionDesk::known(const SchemaIds& ids, uint32_t id, Age oldest) const {
  const SchemaIds::Entry* entry = ids.find(id);
  if (entry == nullptr) return false;
  return !oldest || entry->answer.lasting() || options_.clock->now() - entry->asked < *oldest;
}

// Neighbours have mostly the same id, so it is looked up once a run of them.
std::vector<uint32_t> VersionDesk::missing_of(const Batch& batch, const SchemaIds& ids,
                                              Age oldest) const {
  std::vector<uint32_t> out;
  // Stored output is delivered as it is.
  if (batch.redrive && batch.redrive->from == RedriveFrom::kSink) return out;
  std::optional<uint32_t> last;
  for (uint32_t i = 0; i < batch.count(); ++i) {
    const sluice_str& value = batch.record(i).value;
    if (value.data == nullptr) continue;
    const auto id = VersionFinder::schema_id({value.data, static_cast<size_t>(value.size)});
    if (!id || id == last) continue;
    last = id;
    if (!known(ids, *id, oldest)) out.push_back(*id);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void VersionDesk::submit(BatchPtr batch) {
  std::shared_ptr<const SchemaIds> before = ids();
  // A redrive is an operator's word that something has changed.
  const Millis oldest = batch->redrive ? std::min(kOldestOfRedrive, options_.registry.refresh)
                                       : options_.registry.refresh;
  Waiting waiting{std::move(batch), {}};
  waiting.missing = missing_of(*waiting.batch, *before, oldest);
  MutexLock lock(mutex_);
  if (waiting.missing.empty() && !blocked(*waiting.batch)) {
    // What it was looked up in, since a later one may have forgotten some.
    waiting.batch->schema_ids = std::move(before);
    return options_.pass(std::move(waiting.batch));
  }
  for (const uint32_t id : waiting.missing) want(id);
  hold(std::move(waiting));
  // Its ids may have been answered since they were looked up.
  if (ids_ != before) release();
}

bool VersionDesk::blocked(Batch& batch) const {
  if (held_.empty()) return false;
  for (const Batch::Segment& segment : batch.segments()) {
    if (held_.contains({batch.source, segment.lane})) return true;
  }
  return false;
}

void VersionDesk::hold(Waiting waiting) {
  for (const Batch::Segment& segment : waiting.batch->segments()) {
    held_.insert({waiting.batch->source, segment.lane});
  }
  waiting_.push_back(std::move(waiting));
}

void VersionDesk::want(uint32_t id) {
  if (!wanted_set_.insert(id).second) return;
  wanted_.push_back(id);
  wanted_changed_.notify_one();
}

// Lets go, in order, what is known completely and has nothing of its lanes before it.
void VersionDesk::release() {
  held_.clear();
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->batch->all_left() || (!blocked(*at->batch) && ready(*at))) {
      BatchPtr batch = std::move(at->batch);
      at = waiting_.erase(at);
      batch->schema_ids = ids_;
      options_.pass(std::move(batch));
      continue;
    }
    for (const Batch::Segment& segment : at->batch->segments()) {
      held_.insert({at->batch->source, segment.lane});
    }
    ++at;
  }
}

// An answer that came while it waits counts, however long the others took. What was forgotten
// meanwhile is asked for again: one batch's answers are not enough to displace each other.
bool VersionDesk::ready(Waiting& waiting) {
  for (; !waiting.missing.empty(); waiting.missing.pop_back()) {
    if (wanted_set_.contains(waiting.missing.back())) return false;
  }
  waiting.missing = missing_of(*waiting.batch, *ids_, std::nullopt);
  for (const uint32_t id : waiting.missing) want(id);
  return waiting.missing.empty();
}

void VersionDesk::lanes_left() {
  MutexLock lock(mutex_);
  release();
}

void VersionDesk::run() {
  for (;;) {
    uint32_t id = 0;
    {
      MutexLock lock(mutex_);
      while (wanted_.empty() && !stop_.requested()) wanted_changed_.wait(mutex_);
      if (stop_.requested()) return;
      id = wanted_.front();
    }
    auto answer = client_ ? client_->ask(id) : options_.ask(id);
    if (answer) {
      answered(id, std::move(answer).value());
    } else if (!failed(id, answer.status())) {
      return;
    }
  }
}

void VersionDesk::answered(uint32_t id, registry::SchemaAnswer answer) {
  backoff_.succeed();
  const bool lasts = answer.lasting();
  bool news = false;
  {
    MutexLock lock(mutex_);
    ++status_.answers;
    news = status_.away_since_us != 0;
    status_.away_since_us = 0;
    ids_ = ids_->with(id, {std::move(answer), options_.clock->now()});
  }
  // Before anything is read with it: what a restart finds must not be less than what was used.
  if (lasts) keep();
  {
    MutexLock lock(mutex_);
    std::erase(wanted_, id);
    wanted_set_.erase(id);
    release();
  }
  if (news) {
    log::info("registry.recovered", "the schema registry answers again",
              {{"pipeline", options_.pipeline}, {"url", options_.registry.url}});
  }
}

// What cannot be kept is asked for again after a restart.
void VersionDesk::keep() {
  if (options_.file.empty()) return;
  const sluice::Status written = ids()->write(options_.file, origin_);
  if (!written) {
    log::warn("registry.cache", written.message() + "; after a restart the registry is asked again",
              {{"pipeline", options_.pipeline}});
  }
}

// False: stop was asked.
bool VersionDesk::failed(uint32_t id, const sluice::Status& why) {
  if (stop_.requested()) return false;
  bool news = false;
  {
    MutexLock lock(mutex_);
    ++status_.failures;
    news = status_.away_since_us == 0;
    if (news) status_.away_since_us = options_.clock->wall_us();
    status_.last_error = why.message();
    // One id that the registry stumbles over does not keep the others from being asked for.
    std::erase(wanted_, id);
    wanted_.push_back(id);
  }
  if (news) {
    log::error("registry.unavailable",
               why.message() +
                   "; records with schema ids that are not known yet wait, with what comes after "
                   "them of their lanes, until it answers",
               {{"pipeline", options_.pipeline}, {"schema_id", id}});
  }
  return !stop_.wait_for(backoff_.fail());
}

}  // namespace sluice
