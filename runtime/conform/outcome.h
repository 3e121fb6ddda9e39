// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "runtime/base/status.h"

// A check answers with a Status: OK is a pass, kCancelled a skip, anything else a failure; the
// message is the reason.
namespace sluice::conform {

inline Status fail(std::string reason) { return {Code::kInvalid, std::move(reason)}; }
inline Status skip(std::string reason) { return {Code::kCancelled, std::move(reason)}; }
inline bool is_skip(const Status& status) { return status.code() == Code::kCancelled; }

// Slower and noisier builds get wider limits, and some checks cannot run in them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace sluice::conform

// Ends the check with a failure unless `cond`; `reason` is evaluated only then.
#define SLUICE_EXPECT(cond, reason)                      \
  do {                                                   \
    if (!(cond)) return ::sluice::conform::fail(reason); \
  } while (false)
