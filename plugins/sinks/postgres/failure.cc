// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/failure.h"

#include <algorithm>
#include <array>

namespace sluice::postgres_sink {
namespace {

struct StateRule {
  std::string_view state;  // SQLSTATE or the class it begins with; the first that fits decides
  sluice_rc rc;
  bool connection_bad;
  const char* advice;
};

constexpr std::array kStateRules = {
    StateRule{"25006", SLUICE_E_RETRY, true,
              "; the server takes no writes (a standby, or default_transaction_read_only): point "
              "`dsn` at the primary; it is tried again"},
    StateRule{"28", SLUICE_E_CONFIG, true, "; check user, password and pg_hba.conf for `dsn`"},
    StateRule{"3D", SLUICE_E_CONFIG, true, "; create the database, or name another in `dsn`"},
    StateRule{"3F", SLUICE_E_CONFIG, false, "; create the schema, or correct `table`"},
    StateRule{"42501", SLUICE_E_CONFIG, false,
              "; grant the user what it needs: INSERT, UPDATE, SELECT on the table, TEMPORARY on "
              "the database, and CREATE on the schema with `create` or `exactly_once`"},
    StateRule{"42P01", SLUICE_E_CONFIG, false,
              "; the table was dropped or renamed: bring it back, or correct `table`"},
    StateRule{"42703", SLUICE_E_CONFIG, false,
              "; a column was dropped or renamed: bring it back, or correct `columns`"},
    StateRule{"42P10", SLUICE_E_CONFIG, false,
              "; `key` needs a primary key or a unique index on exactly its columns"},
    StateRule{"42", SLUICE_E_CONFIG, false, "; the table changed, or does not fit `columns`"},
    StateRule{"0A", SLUICE_E_CONFIG, false, ""},
    StateRule{"21", SLUICE_E_BATCH, false, ""},
    StateRule{"22", SLUICE_E_BATCH, false, ""},
    StateRule{"23", SLUICE_E_BATCH, false, ""},
    StateRule{"38", SLUICE_E_BATCH, false, ""},
    StateRule{"39", SLUICE_E_BATCH, false, ""},
    StateRule{"44", SLUICE_E_BATCH, false, ""},
    StateRule{"54", SLUICE_E_BATCH, false, ""},
    StateRule{"P0", SLUICE_E_BATCH, false, ""},
    StateRule{"53100", SLUICE_E_RETRY, false, "; free space on the disk of the server"},
    StateRule{"53300", SLUICE_E_RETRY, true,
              "; the server has no connection left: raise max_connections or use fewer writers"},
    StateRule{"53", SLUICE_E_RETRY, false, "; the server is short of resources"},
    StateRule{
        "55P03", SLUICE_E_RETRY, false,
        "; somebody else holds a lock on the table or row: let that transaction end, or raise "
        "`lock_timeout`"},
    StateRule{"57014", SLUICE_E_RETRY, false,
              "; the statement took longer than `statement_timeout`, or an operator cancelled it"},
    StateRule{"57P", SLUICE_E_RETRY, true, "; the server ended the connection; it is tried again"},
    StateRule{"08", SLUICE_E_RETRY, true, "; it is tried again"},
    StateRule{"26", SLUICE_E_RETRY, true, "; a pooler must keep one server session a client"},
    StateRule{"XX001", SLUICE_E_FATAL, true, "; the server's files are damaged: see its log"},
    StateRule{"XX002", SLUICE_E_FATAL, true, "; an index is damaged: REINDEX the table"},
};

// "ERROR:  duplicate key..." without the first word.
std::string_view without_severity(std::string_view line) {
  for (const std::string_view word : {"ERROR:", "FATAL:", "PANIC:"}) {
    if (!line.starts_with(word)) continue;
    line.remove_prefix(word.size());
    while (line.starts_with(' ')) line.remove_prefix(1);
  }
  return line;
}

}  // namespace

std::string short_words(std::string_view text) {
  constexpr size_t kLimit = 300;
  const std::string_view first = text.substr(0, text.find('\n'));
  std::string out(without_severity(first));
  // The whole failing row is a detail, too, and has no place in a message.
  constexpr std::string_view kKeyDetail = "DETAIL:  Key ";
  if (const size_t at = text.find(kKeyDetail); at != std::string_view::npos) {
    const std::string_view detail = text.substr(at + 9);
    out.append(": ").append(detail.substr(0, detail.find('\n')));
  }
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  if (out.size() <= kLimit) return out;
  size_t end = kLimit;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;
  return out.substr(0, end) + "...";
}

Failure failure_of_state(const std::string& state, std::string_view text, std::string_view doing) {
  Failure out{SLUICE_E_RETRY, std::string(doing), state, false};
  out.message.append(": ").append(short_words(text));
  if (!state.empty()) out.message.append(" (SQLSTATE ").append(state).append(")");
  const auto* rule =
      std::find_if(kStateRules.begin(), kStateRules.end(), [&](const StateRule& candidate) {
        return std::string_view(state).starts_with(candidate.state);
      });
  if (rule == kStateRules.end()) return out;
  out.rc = rule->rc;
  out.connection_bad = rule->connection_bad;
  out.message += rule->advice;
  return out;
}

}  // namespace sluice::postgres_sink
