// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/conform/conform.h"

namespace sluice::conform {

// For people: one line a check, reasons below it, a summary. `colour` with terminal escapes.
std::string to_text(const Report& report, bool colour);
// For CI: one test suite; skips are skips; failures of level should are counted as skips with the
// reason, as JUnit knows no warnings.
std::string to_junit(const Report& report);
// For scripts: {"file", "conforms", "passed", "failed", "skipped", "checks": [{"id", "component",
// "description", "level", "result", "reason", "ms"}]}
std::string to_json(const Report& report);

}  // namespace sluice::conform
