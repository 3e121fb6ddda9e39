// SPDX-License-Identifier: Apache-2.0
#pragma once

// Named places in the code where a test may end or fail the process: one at every step that makes
// something durable. They exist in builds with SLUICE_FAULT_POINTS only (the instrumented presets,
// and the program `sluice-faults` beside an optimized one); anywhere else the macros are nothing.
//
//   SLUICE_FAULT("source.ack.before");               in any function
//   SLUICE_FAULT_STATUS("letters.before_commit");    where a Status or a Result is returned: the
//                                                    point may also fail with it
//
// In .cc files only, and not in templates. A file that has points stands under FAULT_POINTS of its
// sluice_library(). docs/crash-safety.md has the list and how to run it.
//
// Environment, read once:
//   SLUICE_FAULT=list              print all names, one a line, and exit
//   SLUICE_FAULT=NAME[@N[+K]]=HOW  at the N-th passing (1) of NAME; HOW: `kill` (SIGKILL),
//                                  `enospc` or `eio` for K passings (1). Several with commas.
//   SLUICE_FAULT_TRACE=FILE        append each name when it is first passed
#ifdef SLUICE_FAULT_POINTS

#include <atomic>
#include <cstdint>

#include "runtime/base/status.h"

namespace sluice::fault {

// Lies in a section of its own, which is the list of all points. Any thread.
class alignas(16) Point {
 public:
  constexpr explicit Point(const char* name) : name_(name) {}
  Point(const Point&) = delete;
  Point& operator=(const Point&) = delete;

  [[nodiscard]] const char* name() const { return name_; }
  // Counts a passing; may not return. The error is for points that can give one on.
  Status pass();

 private:
  const char* name_;
  std::atomic<uint64_t> passed_{0};
};
static_assert(sizeof(Point) == 16, "the section is read as an array");

}  // namespace sluice::fault

#define SLUICE_FAULT_POINT_HERE(name)                        \
  static constinit ::sluice::fault::Point sluice_fault_point \
      __attribute__((section("sluice_faults"), used)) (name)
#define SLUICE_FAULT(name)                        \
  do {                                            \
    SLUICE_FAULT_POINT_HERE(name);                \
    static_cast<void>(sluice_fault_point.pass()); \
  } while (false)
#define SLUICE_FAULT_STATUS(name)                      \
  do {                                                 \
    SLUICE_FAULT_POINT_HERE(name);                     \
    SLUICE_RETURN_IF_ERROR(sluice_fault_point.pass()); \
  } while (false)

#else

#define SLUICE_FAULT(name) static_cast<void>(0)
#define SLUICE_FAULT_STATUS(name) static_cast<void>(0)

#endif
