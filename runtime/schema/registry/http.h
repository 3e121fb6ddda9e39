// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "runtime/base/status.h"
#include "runtime/base/stop.h"
#include "runtime/config/config.h"
#include "runtime/schema/registry/answers.h"

namespace sluice::registry {

// Asks one server. One thread at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  // Whatever the server answers, also an error of its own. kUnavailable: it is not reached, or not
  // in time. `path` begins with "/".
  virtual Result<HttpAnswer> get(const std::string& path) = 0;
};

// Over HTTP or HTTPS (certificate and name checked), with libcurl. An answer is taken up to
// kMaxAnswerBytes; redirects are not followed, since they would carry the password elsewhere. A
// request ends early once `stop` is requested; nullptr: it does not.
inline constexpr size_t kMaxAnswerBytes = 4UL << 20;
Result<std::unique_ptr<Transport>> make_transport(const RegistryConfig& config,
                                                  const StopSource* stop);

}  // namespace sluice::registry
