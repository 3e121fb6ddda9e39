// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/postgres.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "runtime/base/text.h"

namespace sluice::store {
namespace {

// Types of parameters, by their numbers in every PostgreSQL.
constexpr unsigned kBytea = 17;
constexpr unsigned kInt8 = 20;
constexpr unsigned kText = 25;

// Without these a lost network would be waited for as long as TCP does: a quarter of an hour.
constexpr std::array<std::pair<const char*, const char*>, 4> kLimits = {
    {{"connect_timeout", "10"},
     {"tcp_user_timeout", "30000"},
     {"keepalives_idle", "30"},
     {"application_name", "sluice"}}};

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
struct FreeText {
  void operator()(char* text) const { PQfreemem(text); }
};

// Well-formed UTF-8 without NUL.
std::string cleaned(std::string_view text) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  std::string out;
  while (!text.empty()) {
    size_t good = utf8_valid_prefix(text);
    good = std::min(good, text.find('\0'));
    out += text.substr(0, good);
    if (good == text.size()) break;
    out += kReplacement;
    text.remove_prefix(good + 1);
  }
  return out;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '\'';
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += '\'';
}

std::string array_of(const std::vector<std::string>& elements) {
  std::string out = "{";
  for (const std::string& element : elements) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

// The server's words, on one line.
std::string one_line(const char* message) {
  std::string_view text(message != nullptr ? message : "");
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::string out;
  for (const char c : text) out += c == '\n' ? ' ' : c;
  return out;
}

Code code_of_state(std::string_view state, bool broken) {
  if (broken || state.empty()) return Code::kUnavailable;
  const std::string_view kind = state.substr(0, 2);
  if (state == "53100" || state == "53200") return Code::kExhausted;  // disk, memory
  // Connection, resources, an operator's intervention, a conflict with others, read-only standby.
  for (const char* passing : {"08", "53", "57", "40", "55"}) {
    if (kind == passing) return Code::kUnavailable;
  }
  if (state == "25006") return Code::kUnavailable;
  // Password, database, rights, what does not exist.
  for (const char* operators : {"28", "3D", "3F"}) {
    if (kind == operators) return Code::kInvalid;
  }
  if (state == "42501") return Code::kInvalid;
  if (state == "XX001" || state == "XX002" || kind == "58") return Code::kCorrupt;
  return Code::kInternal;
}

std::string_view advice_for(Code code, std::string_view state) {
  if (state == "3D000") return "create the database, or name another one";
  if (state == "42501") return "grant it: the user needs CREATE on the database, once";
  switch (code) {
    case Code::kUnavailable:
      return "check that the server runs and can be reached from here; it is tried again";
    case Code::kExhausted:
      return "free space on the disk of the server; nothing that was acknowledged is lost";
    case Code::kInvalid:
      return "correct runtime.state.dead_letters, or the rights of its user";
    case Code::kCorrupt:
      return "the server's files are damaged; see its log and restore them";
    default:
      return "please report this with the message";
  }
}

}  // namespace

Result<PgTarget> PgTarget::parse(const std::string& dsn) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(dsn.c_str(), &message));
  const std::unique_ptr<char, FreeText> why(message);
  if (!options) {
    // libpq's words may quote what it was given, and that may be a password.
    return invalid(
        "the address of the dead-letter database is not one: expected "
        "postgres://user:password@host:port/database");
  }
  PgTarget out;
  std::string user;
  std::string host = "localhost";
  std::string port = "5432";
  std::string database;
  std::string given;  // names, each behind a space
  for (const PQconninfoOption* at = options.get(); at->keyword != nullptr; ++at) {
    if (at->val == nullptr) continue;
    const std::string_view name = at->keyword;
    out.conninfo += std::string(name) + "=";
    append_quoted(out.conninfo, at->val);
    out.conninfo += ' ';
    given += " " + std::string(name) + " ";
    if (name == "user") user = at->val;
    if (name == "host" || name == "hostaddr") host = at->val;
    if (name == "port") port = at->val;
    if (name == "dbname") database = at->val;
  }
  for (const auto& [name, value] : kLimits) {
    if (given.find(" " + std::string(name) + " ") != std::string::npos) continue;
    out.conninfo += std::string(name) + "='" + value + "' ";
  }
  out.conninfo += "client_encoding='UTF8'";
  out.shown = "postgres://" + (user.empty() ? "" : user + "@") + host + ":" + port + "/" + database;
  return out;
}

PgParams& PgParams::text(std::string_view value) {
  values_.push_back({cleaned(value), kText, false, false});
  return *this;
}
PgParams& PgParams::bytes(std::string_view value) {
  values_.push_back({std::string(value), kBytea, true, false});
  return *this;
}
PgParams& PgParams::maybe_bytes(const std::optional<std::string>& value) {
  values_.push_back({value.value_or(""), kBytea, true, !value.has_value()});
  return *this;
}
PgParams& PgParams::number(int64_t value) {
  values_.push_back({std::to_string(value), kInt8, false, false});
  return *this;
}
PgParams& PgParams::numbers(const std::vector<uint64_t>& values) {
  std::string list = "{";
  for (const uint64_t value : values) {
    if (list.size() > 1) list += ',';
    list += std::to_string(static_cast<int64_t>(value));
  }
  values_.push_back({list + "}", 0, false, false});
  return *this;
}
PgParams& PgParams::texts(const std::vector<std::string>& values) {
  std::vector<std::string> clean;
  clean.reserve(values.size());
  for (const std::string& value : values) clean.push_back(cleaned(value));
  values_.push_back({array_of(clean), 0, false, false});
  return *this;
}
PgParams& PgParams::byte_strings(const std::vector<std::string>& values) {
  std::vector<std::string> hex;
  hex.reserve(values.size());
  for (const std::string& value : values) {
    hex.push_back("\\x" +
                  to_hex({reinterpret_cast<const unsigned char*>(value.data()), value.size()}));
  }
  values_.push_back({array_of(hex), 0, false, false});
  return *this;
}

void PgRows::Clear::operator()(pg_result* result) const { PQclear(result); }
int PgRows::count() const { return PQntuples(result_.get()); }
bool PgRows::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}
std::string PgRows::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}
std::optional<std::string> PgRows::optional_text(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return text(row, column);
}
int64_t PgRows::int64(int row, int column) const {
  const int size = PQgetlength(result_.get(), row, column);
  const char* data = PQgetvalue(result_.get(), row, column);
  uint64_t value = size > 0 && (data[0] & 0x80) != 0 ? ~uint64_t{0} : 0;
  for (int i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(data[i]);
  return static_cast<int64_t>(value);
}
uint64_t PgRows::affected() const {
  const std::string_view text = PQcmdTuples(result_.get());
  uint64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

void PgConnection::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

Result<PgConnection> PgConnection::open(const PgTarget& target) {
  PgConnection out(PQconnectdb(target.conninfo.c_str()), target.shown);
  if (!out.handle_) return Status(Code::kExhausted, target.shown + ": the process has no memory");
  if (PQstatus(out.handle_.get()) != CONNECTION_OK) {
    // There is no SQLSTATE for a connection that was refused; these words are the server's.
    const std::string why = one_line(PQerrorMessage(out.handle_.get()));
    const bool ours = why.find("authentication failed") != std::string::npos ||
                      why.find("does not exist") != std::string::npos ||
                      why.find("no password supplied") != std::string::npos ||
                      why.find("no pg_hba.conf entry") != std::string::npos;
    const Code code = ours ? Code::kInvalid : Code::kUnavailable;
    return Status(code,
                  target.shown + ": connecting: " + why + "; " + std::string(advice_for(code, "")));
  }
  // Notices ("relation exists, skipping") would go to stderr.
  PQsetNoticeProcessor(
      out.handle_.get(), [](void*, const char*) {}, nullptr);
  // Letters are acknowledged once they are on disk, whatever the server's default is.
  SLUICE_RETURN_IF_ERROR(
      out.script("SET synchronous_commit TO on; SET lock_timeout TO '30s'; SET TimeZone TO UTC"));
  return out;
}

bool PgConnection::broken() const { return PQstatus(handle_.get()) != CONNECTION_OK; }

Status PgConnection::failure(const pg_result* result, std::string_view doing) {
  const char* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  sqlstate_ = state != nullptr ? state : "";
  const Code code = code_of_state(sqlstate_, broken());
  const std::string why =
      one_line(result != nullptr ? PQresultErrorMessage(result) : PQerrorMessage(handle_.get()));
  return {code, shown_ + ": " + std::string(doing) + ": " + why + "; " +
                    std::string(advice_for(code, sqlstate_))};
}

int PgConnection::send(const std::string& sql, const PgParams& params) {
  const size_t n = params.values_.size();
  std::vector<Oid> types(n);
  std::vector<const char*> values(n);
  std::vector<int> lengths(n);
  std::vector<int> formats(n);
  for (size_t i = 0; i < n; ++i) {
    const PgParams::Value& value = params.values_[i];
    types[i] = value.type;
    values[i] = value.null ? nullptr : value.data.c_str();
    lengths[i] = static_cast<int>(value.data.size());
    formats[i] = value.binary ? 1 : 0;
  }
  return PQsendQueryParams(handle_.get(), sql.c_str(), static_cast<int>(n), types.data(),
                           values.data(), lengths.data(), formats.data(), /*resultFormat=*/1);
}

Result<PgRows> PgConnection::run(const std::string& sql, const PgParams& params) {
  if (send(sql, params) == 0) return failure(nullptr, "asking");
  std::optional<PgRows> out;
  Status status;
  while (pg_result* next = PQgetResult(handle_.get())) {
    PgRows rows(next);
    const ExecStatusType kind = PQresultStatus(next);
    if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK) {
      out.emplace(std::move(rows));
    } else if (status) {
      status = failure(next, "running a statement");
    }
  }
  if (!status) return status;
  if (!out) return failure(nullptr, "running a statement");
  return std::move(*out);
}

Status PgConnection::stream(const std::string& sql, const PgParams& params,
                            const std::function<void(const PgRows&)>& visit) {
  if (send(sql, params) == 0) return failure(nullptr, "asking");
  PQsetSingleRowMode(handle_.get());
  Status status;
  bool ended = false;
  while (pg_result* next = PQgetResult(handle_.get())) {
    const PgRows rows(next);
    const ExecStatusType kind = PQresultStatus(next);
    if (kind == PGRES_SINGLE_TUPLE) {
      if (status) visit(rows);
    } else if (kind == PGRES_TUPLES_OK) {
      ended = true;
    } else if (status) {
      status = failure(next, "reading");
    }
  }
  return status && !ended ? failure(nullptr, "reading") : status;
}

Status PgConnection::script(const std::string& sql) {
  const PgRows rows(PQexec(handle_.get(), sql.c_str()));
  const ExecStatusType kind = PQresultStatus(rows.result_.get());
  if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK) return Status::ok();
  return failure(rows.result_.get(), "running a statement");
}

Result<PgTransaction> PgTransaction::begin(PgConnection& connection, bool repeatable) {
  SLUICE_RETURN_IF_ERROR(
      connection.script(repeatable ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN"));
  return PgTransaction(&connection);
}

PgTransaction::~PgTransaction() {
  // A connection that is gone has rolled it back by itself.
  if (connection_ != nullptr && !connection_->broken()) {
    const Status ignored = connection_->script("ROLLBACK");
    static_cast<void>(ignored);
  }
}

Status PgTransaction::commit() {
  PgConnection* connection = std::exchange(connection_, nullptr);
  return connection->script("COMMIT");
}

}  // namespace sluice::store
