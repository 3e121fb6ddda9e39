// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/base/status.h"

namespace sluice::cli {

// What every command answers to the shell.
inline constexpr int kExitOk = 0;
inline constexpr int kExitNo = 1;           // the answer is "no"
inline constexpr int kExitUsage = 2;        // usage or configuration
inline constexpr int kExitUnavailable = 3;  // a dependency was unavailable

inline int exit_code(const Status& status) {
  switch (status.code()) {
    case Code::kOk:
      return kExitOk;
    case Code::kInvalid:
    case Code::kNotFound:
      return kExitUsage;
    case Code::kUnavailable:
    case Code::kExists:
    case Code::kExhausted:
    case Code::kCorrupt:
    case Code::kCancelled:
    case Code::kInternal:
      return kExitUnavailable;
  }
  return kExitUnavailable;
}

// "sluice: <message>" on stderr; answers the exit code.
int report(const Status& status);

}  // namespace sluice::cli
