// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice {

// Writes the message and a backtrace to stderr, then aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* expr, const char* message);

}  // namespace sluice

// For our own bugs only: when the state is unknowable, stop rather than guess.
#define SLUICE_CHECK(cond, message)                               \
  do {                                                            \
    if (!(cond)) [[unlikely]]                                     \
      ::sluice::check_failed(__FILE__, __LINE__, #cond, message); \
  } while (false)
