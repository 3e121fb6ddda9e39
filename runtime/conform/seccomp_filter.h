// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/base/status.h"

namespace sluice::conform {

// Lays a filter on the calling thread: whatever touches files, the network or other programs traps,
// and the process ends through the handler with `note` holding the call's name. `note` must have
// room for 256 bytes and outlive the process (shared memory). kCancelled where the kernel, the
// sandbox around us or a sanitizer does not allow it. Cannot be taken back.
Status forbid_io(char* note);

}  // namespace sluice::conform
