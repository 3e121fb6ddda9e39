// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/sink.h"

#include <chrono>
#include <pqxx/pqxx>
#include <string>
#include <utility>

#include "plugins/sinks/postgres/description.h"

namespace sluice::postgres_sink {
namespace {

// Once stop was asked, a write under way may take so long before it gives up and rolls back: half
// of the grace the host gives.
constexpr std::chrono::milliseconds kFinishLimit{1000};

// Outside a batch no row can be at fault.
Failure outside(Failure failure) {
  if (failure.blames_row()) failure.rc = SLUICE_E_CONFIG;
  return failure;
}

}  // namespace

PostgresSink::PostgresSink(Context context, std::string_view config_json)
    : context_(context), options_(parse_options(config_json)) {
  complete_dsn(options_.dsn);
}

void PostgresSink::open() {
  try {
    connect();
    declare();
  } catch (...) {
    close();
    throw;
  }
  if (options_.mode != Mode::kUpsert && !options_.exactly_once) {
    context_.info(
        "neither upsert nor `exactly_once`: a record delivered again after a crash is written "
        "again");
  }
}

// What the guard ended is no failure.
void PostgresSink::raise(Failure failure) const {
  constexpr std::string_view kCancelled = "57014";
  if (failure.state == kCancelled && context_.stopping()) failure.rc = SLUICE_CANCELLED;
  rows::throw_failure(failure.rc, failure.message);
}

void PostgresSink::connect() {
  writer_.reset();
  guard_.reset();
  connection_ = std::make_unique<Connection>(options_, context_);
  guard_ = std::make_unique<StopGuard>(context_, kFinishLimit, [this] { connection_->cancel(); });
  raise(outside(connection_->open()));
  Options resolved = options_;
  TablePlan plan;
  raise(outside(make_tables(&resolved, &plan)));
  if (options_.exactly_once) marks_.emplace(resolved.quoted_sibling("sluice_marks"));
  writer_ = std::make_unique<Writer>(connection_.get(), std::move(plan));
  raise(outside(writer_->prepare()));
}

Failure PostgresSink::make_tables(Options* resolved, TablePlan* plan) {
  std::string added;
  const auto work = [&](pqxx::transaction_base& transaction) -> Failure {
    resolved->schema = resolve_schema(transaction, options_);
    if (options_.create || options_.evolve || options_.exactly_once) {
      // IF NOT EXISTS alone is no protection from another that is at it.
      transaction.exec("SELECT pg_advisory_xact_lock(7165112)");
    }
    if (options_.create) transaction.exec(create_table_sql(*resolved));
    if (options_.exactly_once) {
      MarkTable(resolved->quoted_sibling("sluice_marks")).create(transaction);
    }
    return plan_table(transaction, *resolved, plan, &added);
  };
  Failure failure = connection_->transact("look at the table", work);
  if (!failure && !added.empty()) {
    context_.info("table " + resolved->quoted_table() + ": added what it missed: " + added);
  }
  return failure;
}

void PostgresSink::declare() {
  std::vector<sluice::Column> wanted;
  for (const Column& column : writer_->plan().columns) {
    wanted.push_back({column.pointer, column.type == ColumnType::kJsonb
                                          ? uint32_t{SLUICE_COLUMN_JSON}
                                          : uint32_t{SLUICE_COLUMN_AUTO}});
  }
  columns_.emplace(context_.columns());
  columns_->declare(wanted);
  declared_ = writer_->plan().columns;
}

// A connection that was lost is made anew; the table may be another by then.
void PostgresSink::need_connection() {
  if (!columns_) throw Fatal("write before open");
  if (connection_ && connection_->usable() && writer_) return;
  context_.metric(Metric::kReconnects, 1);
  connect();
  const std::vector<Column>& now = writer_->plan().columns;
  bool same = now.size() == declared_.size();
  for (size_t i = 0; same && i < now.size(); ++i) {
    same = now[i].pointer == declared_[i].pointer &&
           (now[i].type == ColumnType::kJsonb) == (declared_[i].type == ColumnType::kJsonb);
  }
  if (same) return;
  writer_.reset();
  throw Fatal("the columns of table " + options_.quoted_table() +
              " changed while the connection was lost: the sink has to be opened anew");
}

void PostgresSink::write(const Batch& batch, Outcomes out) {
  if (batch.empty()) return;
  write_batch(batch, nullptr);
  fates_.answer(out);
}

void PostgresSink::write_marked(const Batch& batch, Outcomes out, std::span<const MarkMove> moves) {
  write_batch(batch, &moves);
  fates_.answer(out);
}

void PostgresSink::write_batch(const Batch& batch, const std::span<const MarkMove>* moves) {
  need_connection();
  const sluice_cell* cells = batch.empty() ? nullptr : columns_->cells(batch).row(0).data();
  const auto begin = std::chrono::steady_clock::now();
  const std::function<bool()> give_up = [&] {
    return context_.stopping() && std::chrono::steady_clock::now() - begin > kFinishLimit;
  };
  const uint64_t searches = writer_->searches();
  Failure failure = moves == nullptr ? writer_->write(batch.raw(), cells, give_up, &fates_)
                                     : writer_->write_marked(batch.raw(), cells, give_up, *marks_,
                                                             *moves, &fates_);
  if (writer_->searches() != searches) context_.metric(Metric::kCulpritSearches, 1);
  if (failure.connection_bad) writer_.reset();
  raise(failure);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  context_.metric(Metric::kCommitSeconds, took.count());
}

void PostgresSink::read_marks(const MarkReader& reader) {
  need_connection();
  raise(outside(connection_->look("read the marks", [&](pqxx::transaction_base& transaction) {
    marks_->read(transaction, reader);
    return Failure::none();
  })));
}

void PostgresSink::reset_marks(std::string_view scope, std::uint32_t epoch) {
  need_connection();
  raise(outside(connection_->transact("reset the marks", [&](pqxx::transaction_base& transaction) {
    marks_->reset(transaction, scope, epoch);
    return Failure::none();
  })));
}

void PostgresSink::probe() {
  need_connection();
  raise(outside(connection_->look("probe", [](pqxx::transaction_base& transaction) {
    const pqxx::result answer = transaction.exec("SHOW transaction_read_only");
    if (answer[0][0].as<std::string>() != "on") return Failure::none();
    return failure_of_state("25006", "the server is read-only", "probe");
  })));
}

void PostgresSink::close() {
  columns_.reset();
  marks_.reset();
  writer_.reset();
  guard_.reset();
  connection_.reset();
}

namespace {

constexpr auto kReasons = reason_table<Reason>(
    reject_reason(Reason::kOlderRevision, "older_revision",
                  "The table already holds a newer revision of this key.", "OLDER_REVISION"),
    reject_reason(Reason::kRevisionMissing, "revision_missing",
                  "The record has no whole number where `revision` points.", "VALIDATION_FAIL"),
    reject_reason(Reason::kUniqueViolation, "unique_violation",
                  "A row with the same unique key is there already.", "CONSTRAINT_VIOLATION"),
    reject_reason(Reason::kCheckViolation, "check_violation",
                  "A CHECK constraint of the table refused the row.", "CONSTRAINT_VIOLATION"),
    reject_reason(Reason::kForeignKeyViolation, "foreign_key_violation",
                  "The row refers to a row of another table that is not there.",
                  "CONSTRAINT_VIOLATION"),
    reject_reason(Reason::kConstraintViolation, "constraint_violation",
                  "An exclusion constraint, a trigger or a limit of the server refused the row.",
                  "CONSTRAINT_VIOLATION"),
    reject_reason(Reason::kValueRefused, "value_refused",
                  "The server refused a value: too long, out of range, or of another form.",
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
    counter(Metric::kReconnects, "reconnects", "Connections made anew after one was lost."),
    counter(Metric::kCulpritSearches, "culprit_searches",
            "Batches of which the table refused a row, so that it had to be found."));

}  // namespace

constinit const sluice_component kPostgresSink = sink_component<PostgresSink, kReasons, kMetrics>(
    {.id = "postgres",
     .summary = "Writes records as rows of a PostgreSQL table: typed columns, upsert by key, "
                "revision guard.",
     .config_schema = kConfigSchema,
     .example_config = kExampleConfig,
     .caps = SLUICE_CAP_IDEMPOTENT | SLUICE_CAP_ORDERED | SLUICE_CAP_MARKS});

}  // namespace sluice::postgres_sink
