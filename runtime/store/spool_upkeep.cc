// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "runtime/base/log.h"
#include "runtime/store/durable_spool.h"

namespace sluice {

using store::SpoolEntry;

namespace {

// So much has to be removed before files are looked at for space to give back.
constexpr uint64_t kDropAfterBytes = 64 << 20;
constexpr uint64_t kDropAfterShare = 8;  // or this part of the limit, if that is less

}  // namespace

Status DurableSpool::open_files() {
  const std::filesystem::path folder = store::spool_folder(options_.state_dir, options_.sink);
  SLUICE_RETURN_IF_ERROR(store::make_spool_folder(folder));
  SLUICE_RETURN_IF_ERROR(store::finish_salvage(folder));
  SLUICE_ASSIGN_OR_RETURN(auto mark, store::AcknowledgedMark::open(folder, false));
  SLUICE_ASSIGN_OR_RETURN(
      db_, store::open_spool_database(store::spool_options(options_.state_dir, options_.sink),
                                      options_.sink));
  batch_ = db_->batch();
  mark_.emplace(std::move(mark));
  SLUICE_RETURN_IF_ERROR(store::check_acknowledged(*mark_, *db_));
  SLUICE_RETURN_IF_ERROR(store::check_spool_format(*db_, options_.sink));
  SLUICE_RETURN_IF_ERROR(forget_unsure());
  SLUICE_ASSIGN_OR_RETURN(auto index, store::SpoolIndex::load(*db_));
  next_id_ = std::max(next_id_, index.next_id());
  {
    MutexLock lock(mutex_);
    index_ = std::move(index);
    front_ = {};
  }
  return find_front();
}

// An append that failed may be there all the same. It was not acknowledged, so it comes again.
Status DurableSpool::forget_unsure() {
  if (unsure_until_ == 0) return Status::ok();
  batch_.clear();
  for (const char space : {store::kRecordSpace, store::kIndexSpace}) {
    batch_.remove_range(store::spool_key(space, next_id_), store::spool_key(space, unsure_until_));
  }
  SLUICE_RETURN_IF_ERROR(db_->write(batch_, true));
  next_id_ = unsure_until_;
  unsure_until_ = 0;
  return Status::ok();
}

Status DurableSpool::failed(const Status& status) {
  broken_ = true;
  return Status(status).with_context("the spool of " + options_.sink);
}

// After a failed write nobody knows what the files hold, so they are read anew.
Status DurableSpool::make_ready() {
  if (!broken_) return Status::ok();
  db_.reset();
  if (const Status opened = open_files(); !opened) return failed(opened);
  broken_ = false;
  return Status::ok();
}

Status DurableSpool::contradiction(const std::string& what) const {
  return {Code::kCorrupt, db_->options().dir.string() + ": " + what +
                              "; stop the runtime and run `" + db_->options().repair + "`"};
}

// Records that fail their check go to a place of their own, in the step that takes them out.
Status DurableSpool::set_aside(Damaged& damaged) {
  std::vector<uint64_t> ids;
  for (const store::DamagedRecord& record : damaged) ids.push_back(record.id);
  SLUICE_ASSIGN_OR_RETURN(const Found found, find(ids));
  const std::map<uint64_t, SpoolEntry> entries(found.begin(), found.end());
  batch_.clear();
  for (store::DamagedRecord& record : damaged) {
    if (const auto at = entries.find(record.id); at != entries.end()) {
      MutexLock lock(mutex_);
      if (const SpoolLane* lane = index_.find(at->second.lane); lane != nullptr) {
        record.source = lane->source;
        record.lane = lane->lane;
      }
      record.position = at->second.position;
      record.part = at->second.part;
    } else {
      batch_.remove(store::spool_key(store::kRecordSpace, record.id));  // and nothing else is known
    }
    record.found_us = options_.clock->wall_us();
    batch_.put(store::spool_key(store::kDamagedSpace, record.id), store::encode_damaged(record));
    log::error("spool.damaged", record.why + "; it is set aside and not delivered",
               {{"sink", options_.sink},
                {"source", record.source},
                {"lane", record.lane},
                {"position", record.position}});
  }
  if (!found.empty()) {
    SLUICE_RETURN_IF_ERROR(take(found, true));
  } else if (const Status written = db_->write(batch_, true); !written) {
    return failed(written);
  }
  MutexLock lock(mutex_);
  index_.set_damaged(index_.damaged() + damaged.size());
  return Status::ok();
}

uint64_t DurableSpool::front_id() const {
  MutexLock lock(mutex_);
  return front_.id;
}

Status DurableSpool::find_front() {
  Front front{next_id_, 0};
  store::RocksCursor cursor = db_->cursor();
  cursor.seek(store::spool_key(store::kIndexSpace, front_id()));
  if (cursor.valid()) {
    const auto id = store::spool_key_number(store::kIndexSpace, cursor.key());
    const auto entry = store::decode_spool_entry(cursor.value());
    if (id && entry) front = {*id, entry->spooled_us};
  }
  SLUICE_RETURN_IF_ERROR(cursor.status());
  MutexLock lock(mutex_);
  front_ = front;
  disk_bytes_ = db_->disk_bytes();
  return Status::ok();
}

// Files that hold nothing but removed records go as a whole, which spares rewriting them.
Status DurableSpool::give_space_back() {
  if (removed_bytes_ < std::min(kDropAfterBytes, options_.limit_bytes / kDropAfterShare)) {
    return Status::ok();
  }
  removed_bytes_ = 0;
  const uint64_t front = front_id();
  // Else a file with removals might go before the file with what they remove.
  batch_.clear();
  for (const char space : {store::kRecordSpace, store::kIndexSpace}) {
    batch_.remove_range(store::spool_key(space, 0), store::spool_key(space, front));
  }
  if (const Status written = db_->write(batch_, false); !written) return failed(written);
  for (const char space : {store::kRecordSpace, store::kIndexSpace}) {
    SLUICE_RETURN_IF_ERROR(
        db_->drop_files(store::spool_key(space, 0), store::spool_key(space, front)));
  }
  MutexLock lock(mutex_);
  disk_bytes_ = db_->disk_bytes();
  return Status::ok();
}

}  // namespace sluice
