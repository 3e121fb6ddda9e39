// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <string>
#include <string_view>
#include <utility>

namespace sluice::postgres_sink {

// Why a whole call failed, in the ABI's terms. Tests true when there is a failure.
struct [[nodiscard]] Failure {
  sluice_rc rc = SLUICE_OK;
  std::string message;
  std::string state;            // SQLSTATE, when the server gave one
  bool connection_bad = false;  // it is of no use any more

  explicit operator bool() const { return rc != SLUICE_OK; }
  // The server refused what a row holds; the same row alone would be refused again.
  [[nodiscard]] bool blames_row() const { return rc == SLUICE_E_BATCH; }

  static Failure none() { return {}; }
  static Failure config(std::string text) { return {SLUICE_E_CONFIG, std::move(text), {}, false}; }
  static Failure retry(std::string text) { return {SLUICE_E_RETRY, std::move(text), {}, false}; }
};

// What the server's answer stands for:
//   a row's content (22, 23, 38, 39, 44, 54, P0, 21)        SLUICE_E_BATCH
//   lost or closed connection, conflict with others, lock or statement timeout, resources, disk,
//   start and stop of the server, read-only server          SLUICE_E_RETRY
//   password, database, table, column, rights, syntax       SLUICE_E_CONFIG
//   damaged data                                            SLUICE_E_FATAL
// What is not known is retried. `text`: the server's words, of several lines.
Failure failure_of_state(const std::string& state, std::string_view text, std::string_view doing);

// The server's words on one line: the message and, where it names a key, the detail. At most 300
// bytes, never cut inside a character.
std::string short_words(std::string_view text);

}  // namespace sluice::postgres_sink
