// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace sluice::conform {

// What a check knows of the process it runs in.
class ChildEnv {
 public:
  // Names the call about to be made; told when the process dies in it. `shared` is memory of
  // kPhaseBytes that outlives the process.
  static constexpr size_t kPhaseBytes = 256;
  ChildEnv(char* shared, int captured_fd) : shared_(shared), captured_fd_(captured_fd) {}
  void phase(std::string_view what);

  // Where phase() writes: shared memory that outlives the process.
  [[nodiscard]] char* shared() const { return shared_; }

  // True when this process may be spoilt (filters, limits), as nobody else lives in it.
  [[nodiscard]] bool alone() const { return captured_fd_ >= 0; }
  // Everything written to stdout and stderr so far; empty unless alone().
  [[nodiscard]] std::string printed() const;

  // What the body has to tell besides its answer; at most 16 KiB arrive.
  std::string payload;

 private:
  char* shared_;
  int captured_fd_;
};

// Runs `body` in a child process with closed stdin and caught output, and hands its answer over.
// A child that dies or takes longer than `limit` is an error naming the call it was in. The child
// and what it started are gone on return. Call from a single-threaded process, or from one whose
// other threads hold no locks that the body needs.
Status run_in_child(const std::function<Status(ChildEnv&)>& body, std::chrono::milliseconds limit,
                    std::string* payload = nullptr);

// Runs `body` here, for a debugger.
Status run_in_process(const std::function<Status(ChildEnv&)>& body, std::string* payload = nullptr);

}  // namespace sluice::conform
