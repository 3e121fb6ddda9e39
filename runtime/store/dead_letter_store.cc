// SPDX-License-Identifier: Apache-2.0
// The SQLite store: what writes goes to the one writer, under its lock.
#include "runtime/store/dead_letter_store.h"

#include "runtime/store/sqlite_letters.h"

namespace sluice {

namespace store {

Result<std::unique_ptr<SqliteDeadLetterStore>> SqliteDeadLetterStore::open(
    const std::filesystem::path& dir, bool read_only, const DatabaseFormat& format) {
  SLUICE_ASSIGN_OR_RETURN(Database database, open_database(dir, format, read_only));
  std::unique_ptr<SqliteDeadLetterStore> store(new SqliteDeadLetterStore(database.name()));
  if (!read_only) {
    SLUICE_ASSIGN_OR_RETURN(auto writer, LetterWriter::open(std::move(database)));
    MutexLock lock(store->mutex_);
    store->writer_ = std::move(writer);
  }
  return store;
}

Status SqliteDeadLetterStore::opened_read_only() const {
  return invalid(name_.path + ": opened for reading only; the running process writes it");
}

Status SqliteDeadLetterStore::put(const std::vector<DeadLetter>& letters) {
  if (letters.empty()) return Status::ok();
  MutexLock lock(mutex_);
  return writer_ ? writer_->put(letters) : opened_read_only();
}

void SqliteDeadLetterStore::set_limits(std::map<std::string, LetterLimit> limits) {
  MutexLock lock(mutex_);
  if (writer_) writer_->set_limits(std::move(limits));
}

Result<uint64_t> SqliteDeadLetterStore::remove(const LetterFilter& filter) {
  MutexLock lock(mutex_);
  if (!writer_) return opened_read_only();
  return writer_->remove(filter);
}

Result<uint64_t> SqliteDeadLetterStore::create_redrive(const RedrivePlan& plan) {
  MutexLock lock(mutex_);
  if (!writer_) return opened_read_only();
  return writer_->create_redrive(plan);
}

Status SqliteDeadLetterStore::choose(uint64_t redrive, const LetterFilter& filter,
                                     bool answered_too) {
  MutexLock lock(mutex_);
  return writer_ ? writer_->choose(redrive, filter, answered_too) : opened_read_only();
}

Status SqliteDeadLetterStore::choose(uint64_t redrive, const std::vector<uint64_t>& seqs) {
  MutexLock lock(mutex_);
  return writer_ ? writer_->choose(redrive, seqs) : opened_read_only();
}

Status SqliteDeadLetterStore::set_redrive_state(uint64_t redrive, const std::string& state,
                                                int64_t now_us) {
  MutexLock lock(mutex_);
  return writer_ ? writer_->set_redrive_state(redrive, state, now_us) : opened_read_only();
}

Status SqliteDeadLetterStore::settle_redriven(const std::vector<RedrivenLetter>& letters,
                                              int64_t now_us) {
  if (letters.empty()) return Status::ok();
  MutexLock lock(mutex_);
  return writer_ ? writer_->settle_redriven(letters, now_us) : opened_read_only();
}

}  // namespace store

Result<std::unique_ptr<DeadLetterStore>> open_dead_letter_store(const std::filesystem::path& dir,
                                                                bool read_only) {
  SLUICE_ASSIGN_OR_RETURN(auto store, store::SqliteDeadLetterStore::open(dir, read_only));
  return std::unique_ptr<DeadLetterStore>(std::move(store));
}

Result<std::unique_ptr<DeadLetterStore>> open_dead_letters(const std::filesystem::path& dir,
                                                           const std::string& dsn, bool read_only) {
  if (dsn.empty()) return open_dead_letter_store(dir, read_only);
  return names_dead_letter_topic(dsn) ? open_topic_dead_letters(dir, dsn, read_only)
                                      : open_postgres_dead_letters(dsn, read_only);
}

}  // namespace sluice
