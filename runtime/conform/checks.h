// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "runtime/base/status.h"
#include "runtime/conform/subject.h"

namespace sluice::conform {

enum class Level { kMust, kShould };

// What a check is run on.
enum class Scope {
  kFile,       // once a file, before anything of it is trusted
  kComponent,  // each component
  kSource,     // each source
  kSink,       // each sink
};

struct Check {
  const char* id;
  const char* description;  // one sentence
  Level level;
  Scope scope;
  Status (*run)(Subject&);  // OK, skip() or fail()
};

// In the order they are run. S1, S2, S3 and S5 tell whether the rest may run.
std::span<const Check> static_checks();     // S
std::span<const Check> lifecycle_checks();  // L1-L5, L8
std::span<const Check> stop_checks();       // L6, L7
std::span<const Check> source_checks();     // P1-P4, P7, P8
std::span<const Check> restart_checks();    // P5, P6
std::span<const Check> sink_checks();       // W
std::span<const Check> mark_checks();       // E
std::span<const Check> host_checks();       // M2, X1

}  // namespace sluice::conform
