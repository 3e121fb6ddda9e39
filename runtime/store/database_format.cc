// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/database_format.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "runtime/base/fault.h"
#include "runtime/base/file.h"
#include "runtime/base/log.h"
#include "runtime/base/unique_fd.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// Larger files get SQLite's own checks of header and size only, so that a start stays quick.
constexpr off_t kQuickCheckLimit = 32 << 20;

Status file_error(const fs::path& path, std::string_view doing, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return {full ? Code::kExhausted : Code::kUnavailable,
          path.string() + ": " + std::string(doing) + ": " + errno_text(error) +
              (full ? "; free space on the disk and try again"
                    : "; check that the folder exists and is writable by this user, or set "
                      "runtime.state.dir to another one")};
}

Status sync_path(const fs::path& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!fd || ::fsync(fd.get()) != 0) return file_error(path, "syncing", errno);
  return Status::ok();
}

Status create_private_file(const fs::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return file_error(path, "creating", errno);
  return Status::ok();
}

void remove_with_journals(const fs::path& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;  // absent, or the next step names the obstacle
    fs::remove(path.string() + suffix, ignored);
  }
}

Status set_modes(Database& database, bool read_only) {
  if (!read_only) {
    SLUICE_ASSIGN_OR_RETURN(const std::string mode, database.query_text("PRAGMA journal_mode=WAL"));
    if (mode != "wal") {
      return unavailable(database.name().path + ": the write-ahead log is refused (journal mode '" +
                         mode + "'); put the state folder on a local disk");
    }
    // Bounds what an idle log keeps on disk after a burst.
    SLUICE_RETURN_IF_ERROR(
        database.exec("PRAGMA synchronous=FULL; PRAGMA journal_size_limit=16777216"));
  }
  return database.exec("PRAGMA temp_store=MEMORY");
}

std::string version_text(int64_t found, size_t known) {
  return "(format " + std::to_string(found) + ", this program knows " + std::to_string(known) + ")";
}

// Applies the steps from `from` on and writes the new version, all in one transaction.
Status migrate(Database& database, const DatabaseFormat& format, size_t from) {
  for (const TextFunction& function : format.functions) {
    SLUICE_RETURN_IF_ERROR(database.define(function));
  }
  SLUICE_ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database));
  for (size_t step = from; step < format.steps.size(); ++step) {
    SLUICE_RETURN_IF_ERROR(database.exec(format.steps[step]));
  }
  SLUICE_RETURN_IF_ERROR(
      database.exec("PRAGMA application_id=" + std::to_string(format.application_id)));
  SLUICE_RETURN_IF_ERROR(
      database.exec("PRAGMA user_version=" + std::to_string(format.steps.size())));
  SLUICE_RETURN_IF_ERROR(transaction.commit());
  for (const TextFunction& function : format.functions) {
    SLUICE_RETURN_IF_ERROR(database.undefine(function));
  }
  return Status::ok();
}

// Made under another name and renamed when whole: a file under its own name is never half made, so
// an empty one is recognised as damage.
Status create(const fs::path& path, const DatabaseFormat& format) {
  const fs::path temporary = path.string() + ".new";
  remove_with_journals(temporary);
  SLUICE_RETURN_IF_ERROR(create_private_file(temporary));
  SLUICE_FAULT_STATUS("database.create.begun");
  {
    SLUICE_ASSIGN_OR_RETURN(Database database,
                            Database::open({temporary.string(), std::string(format.loss)}, false));
    // Lets purges give space back; works only before the first table.
    SLUICE_RETURN_IF_ERROR(database.exec("PRAGMA auto_vacuum=INCREMENTAL"));
    SLUICE_RETURN_IF_ERROR(set_modes(database, false));
    SLUICE_RETURN_IF_ERROR(migrate(database, format, 0));
    // The log must be gone before the rename: it is found by the name of its database.
    SLUICE_RETURN_IF_ERROR(database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  SLUICE_RETURN_IF_ERROR(sync_path(temporary, 0));
  SLUICE_FAULT_STATUS("database.create.before_rename");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return file_error(path, "creating", errno);
  SLUICE_FAULT("database.create.after_rename");
  return sync_path(path.parent_path(), O_DIRECTORY);
}

Status back_up(Database& database, const fs::path& path, size_t version) {
  const fs::path backup = path.string() + ".v" + std::to_string(version) + ".bak";
  const fs::path temporary = backup.string() + ".tmp";
  remove_with_journals(temporary);
  SLUICE_RETURN_IF_ERROR(create_private_file(temporary));
  SLUICE_ASSIGN_OR_RETURN(Statement copy, database.prepare("VACUUM INTO ?1"));
  const std::string target = temporary.string();
  copy.bind_text(1, target);
  SLUICE_RETURN_IF_ERROR(copy.run().with_context("backup before migration"));
  SLUICE_RETURN_IF_ERROR(sync_path(temporary, 0));
  if (::rename(temporary.c_str(), backup.c_str()) != 0) {
    return file_error(backup, "creating", errno);
  }
  log::info("store.backed_up", "copied before its format is migrated", {{"file", backup.string()}});
  return sync_path(path.parent_path(), O_DIRECTORY);
}

Status damaged(const DatabaseName& name, std::string_view what) {
  constexpr int kSqliteCorrupt = 11;
  return sqlite_error(name, nullptr, kSqliteCorrupt, what);
}

bool has_log(const fs::path& path) {
  struct stat info {};
  return ::stat((path.string() + "-wal").c_str(), &info) == 0 && info.st_size > 0;
}

// The file is never opened here but through SQLite: closing another descriptor of it would drop the
// locks that connections of this process hold.
Status check_whole(Database& database, off_t size, bool log_to_apply) {
  SLUICE_ASSIGN_OR_RETURN(const int64_t page_size, database.query_int("PRAGMA page_size"));
  // SQLite fills up a last page that is cut short.
  if (!log_to_apply && page_size > 0 && size % page_size != 0) {
    return damaged(database.name(), "the file ends inside a page");
  }
  if (size > kQuickCheckLimit) {
    return database.query_int("SELECT count(*) FROM sqlite_schema").status();
  }
  auto answer = database.query_text("PRAGMA quick_check(1)");
  if (!answer.is_ok()) return std::move(answer).status();
  if (*answer == "ok") return Status::ok();
  return damaged(database.name(), "checking it: " + *answer);
}

// The format of the file, when it is ours and known.
Result<size_t> check_format(Database& database, const DatabaseFormat& format, bool read_only) {
  SLUICE_ASSIGN_OR_RETURN(const int64_t id, database.query_int("PRAGMA application_id"));
  SLUICE_ASSIGN_OR_RETURN(const int64_t version, database.query_int("PRAGMA user_version"));
  const size_t known = format.steps.size();
  const std::string& path = database.name().path;
  if (id != format.application_id || version < 1) {
    return invalid(path + ": is an SQLite database, but not a " + std::string(format.file) +
                   " of Sluice; move it away or set runtime.state.dir to another folder");
  }
  if (static_cast<uint64_t>(version) > known) {
    return invalid(path + ": written by a newer Sluice " + version_text(version, known) +
                   "; upgrade this program or set runtime.state.dir to another folder");
  }
  if (static_cast<uint64_t>(version) < known && read_only) {
    return invalid(path + ": written by an older Sluice " + version_text(version, known) +
                   "; start `sluice run` once, which migrates it");
  }
  return static_cast<size_t>(version);
}

Status back_up_and_migrate(Database& database, const fs::path& path, const DatabaseFormat& format,
                           size_t version) {
  SLUICE_RETURN_IF_ERROR(back_up(database, path, version));
  SLUICE_RETURN_IF_ERROR(migrate(database, format, version));
  log::info("store.migrated", "format migrated",
            {{"file", path.string()}, {"from", version}, {"to", format.steps.size()}});
  return Status::ok();
}

}  // namespace

Result<Database> open_database(const fs::path& dir, const DatabaseFormat& format, bool read_only) {
  const fs::path path = (dir.empty() ? fs::path(".") : dir) / format.file;
  const DatabaseName name{path.string(), std::string(format.loss)};
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return file_error(path, "opening", errno);
    if (read_only) {
      return not_found(path.string() +
                       ": does not exist; nothing has been stored yet, or "
                       "runtime.state.dir names another folder");
    }
    // SQLite would replay an old log into the new file.
    if (::stat((path.string() + "-wal").c_str(), &info) == 0) {
      return damaged(name, "its log " + std::string(format.file) + "-wal is there without it");
    }
    SLUICE_RETURN_IF_ERROR(create(path, format));
    if (::stat(path.c_str(), &info) != 0) return file_error(path, "opening", errno);
  }
  if (!S_ISREG(info.st_mode)) {
    return invalid(path.string() + ": not a regular file; move it away");
  }
  // SQLite takes a file shorter than a header for a new database.
  constexpr off_t kSmallestDatabase = 512;
  if (info.st_size < kSmallestDatabase) {
    return damaged(name, "the file has " + std::to_string(info.st_size) + " bytes");
  }
  const bool log_to_apply = has_log(path);
  SLUICE_ASSIGN_OR_RETURN(Database database, Database::open(name, read_only));
  SLUICE_RETURN_IF_ERROR(check_whole(database, info.st_size, log_to_apply));
  SLUICE_ASSIGN_OR_RETURN(const size_t version, check_format(database, format, read_only));
  SLUICE_RETURN_IF_ERROR(set_modes(database, read_only));
  if (version < format.steps.size()) {
    SLUICE_RETURN_IF_ERROR(back_up_and_migrate(database, path, format, version));
  }
  return database;
}

}  // namespace sluice::store
