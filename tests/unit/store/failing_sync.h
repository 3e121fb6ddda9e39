// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice {

// fsync() and fdatasync() of this process fail with EIO as long as one of these lives. They are
// defined by the test program itself, so that libraries call them too.
class FailingSync {
 public:
  FailingSync();
  ~FailingSync();
  FailingSync(const FailingSync&) = delete;
  FailingSync& operator=(const FailingSync&) = delete;

  // How many were asked for meanwhile.
  [[nodiscard]] static int calls();
};

}  // namespace sluice
