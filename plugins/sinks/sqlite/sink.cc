// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/sqlite/sink.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "plugins/sinks/sqlite/description.h"
#include "plugins/sinks/sqlite/sql.h"

namespace sluice::sqlite_sink {
namespace {

// Once stop was asked, a write under way may take so long before it gives up and rolls back: half
// of the grace the host gives, and enough for any ordinary batch.
constexpr std::chrono::milliseconds kFinishLimit{1000};

void raise(const Failure& failure) { rows::throw_failure(failure.rc, failure.message); }

}  // namespace

SqliteSink::SqliteSink(Context context, std::string_view config_json) : context_(context) {
  raise(parse_options(config_json, &options_));
}

void SqliteSink::open() {
  try {
    connect();
    declare();
  } catch (...) {
    close();
    throw;
  }
}

void SqliteSink::connect() {
  close();
  Database::Settings settings{options_.path, options_.create, options_.full_sync};
  database_ = std::make_unique<Database>(std::move(settings), static_cast<Patience*>(this));
  raise(database_->open());
  if (options_.create) {
    raise(database_->execute(create_table_sql(options_), "create the table in"));
  }
  TablePlan plan;
  raise(plan_table(*database_, options_, &plan));
  writer_ = std::make_unique<Writer>(database_.get(), std::move(plan));
  raise(writer_->prepare());
  if (options_.exactly_once) {
    marks_ = std::make_unique<MarkTable>(database_.get());
    raise(marks_->open());
  }
  if (!database_->write_ahead()) {
    context_.warn("the file system of " + options_.path +
                  " does not support write-ahead logging: commits are slower");
  }
  if (options_.key.empty() && !options_.exactly_once) {
    context_.info(
        "no `key` and no `exactly_once`: rows are appended, and a record delivered again after a "
        "crash is a "
        "second row");
  }
}

void SqliteSink::declare() {
  std::vector<sluice::Column> wanted;
  for (const Column& column : writer_->plan().columns) {
    wanted.push_back({column.pointer, column.type == ColumnType::kJson
                                          ? uint32_t{SLUICE_COLUMN_JSON}
                                          : uint32_t{SLUICE_COLUMN_AUTO}});
  }
  columns_.emplace(context_.columns());
  columns_->declare(wanted);
}

void SqliteSink::write(const Batch& batch, Outcomes out) {
  if (!writer_) throw Fatal("write before open");
  if (batch.empty()) return;
  write_batch(batch, nullptr);
  fates_.answer(out);
}

void SqliteSink::write_marked(const Batch& batch, Outcomes out, std::span<const MarkMove> moves) {
  if (!writer_ || !marks_) throw Fatal("write before open");
  write_batch(batch, &moves);
  fates_.answer(out);
}

void SqliteSink::write_batch(const Batch& batch, const std::span<const MarkMove>* moves) {
  const sluice_cell* cells = batch.empty() ? nullptr : columns_->cells(batch).row(0).data();
  const auto begin = std::chrono::steady_clock::now();
  const auto give_up = [&] {
    return context_.stopping() && std::chrono::steady_clock::now() - begin > kFinishLimit;
  };
  raise(moves == nullptr
            ? writer_->write(batch.raw(), cells, give_up, &fates_)
            : writer_->write_marked(batch.raw(), cells, give_up, *marks_, *moves, &fates_));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  context_.metric(Metric::kCommitSeconds, took.count());
}

void SqliteSink::read_marks(const MarkReader& reader) {
  if (!marks_) throw Fatal("read_marks before open");
  raise(marks_->read(reader));
}

void SqliteSink::reset_marks(std::string_view scope, std::uint32_t epoch) {
  if (!marks_) throw Fatal("reset_marks before open");
  raise(marks_->reset(scope, epoch));
}

void SqliteSink::probe() {
  if (!database_) throw Transient("database " + options_.path + " is not open");
  raise(database_->begin());
  database_->rollback();
}

void SqliteSink::close() {
  columns_.reset();
  marks_.reset();
  writer_.reset();
  database_.reset();
}

bool SqliteSink::wait(std::chrono::milliseconds time) {
  context_.metric(Metric::kBusyWaits, 1);
  return context_.wait(time);
}

namespace {

constexpr auto kReasons = reason_table<Reason>(
    reject_reason(Reason::kOlderRevision, "older_revision",
                  "The table already holds a newer revision of this key.", "OLDER_REVISION"),
    reject_reason(Reason::kRevisionMissing, "revision_missing",
                  "The record has no whole number where `revision` points.", "VALIDATION_FAIL"),
    reject_reason(
        Reason::kConstraintViolation, "constraint_violation",
        "A constraint of the table (unique, check, foreign key, trigger) refused the row.",
        "CONSTRAINT_VIOLATION"),
    reject_reason(Reason::kTypeMismatch, "type_mismatch",
                  "A value is of another type than its column.", "CONSTRAINT_VIOLATION"),
    reject_reason(Reason::kNullRefused, "null_refused",
                  "A value is null or absent where its column requires one.",
                  "CONSTRAINT_VIOLATION"),
    reject_reason(Reason::kKeyMissing, "key_missing", "The record has no value where `key` points.",
                  "VALIDATION_FAIL"),
    reject_reason(Reason::kTombstoneUnsupported, "tombstone_unsupported",
                  "The record is a tombstone; this sink does not delete rows.", "VALIDATION_FAIL"));

constexpr auto kMetrics = metric_table<Metric>(
    histogram(Metric::kCommitSeconds, "commit_seconds",
              "Seconds from the begin of a batch's transaction to its durable commit."),
    counter(Metric::kBusyWaits, "busy_waits",
            "Short waits for the write lock while another connection held it."));

}  // namespace

constinit const sluice_component kSqliteSink = sink_component<SqliteSink, kReasons, kMetrics>(
    {.id = "sqlite",
     .summary = "Writes records as rows of a SQLite table: typed columns, upsert by key, revision "
                "guard.",
     .config_schema = kConfigSchema,
     .example_config = kExampleConfig,
     .caps = SLUICE_CAP_IDEMPOTENT | SLUICE_CAP_ORDERED | SLUICE_CAP_MARKS});

}  // namespace sluice::sqlite_sink
