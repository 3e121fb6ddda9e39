// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/record/arena.h"
#include "runtime/record/document.h"
#include "runtime/script/digest.h"
#include "runtime/script/random.h"
#include "runtime/script/regex.h"
#include "runtime/script/writer.h"

namespace sluice::script {

// What the functions of the library keep between calls, for one Lua state. Not thread-safe.
struct LibraryState {
  explicit LibraryState(State& state) : json(state) {}

  struct OpenContainer {
    NodeIndex at = 0;  // the next child
    NodeIndex end = 0;
    int64_t index = 0;  // of the last element stored in a list
    bool object = false;
  };

  Writer json;        // of json.encode; the state's own writer may be in the middle of a result
  Document document;  // of json.decode
  Arena strings{4096};
  std::vector<OpenContainer> open;
  Digest digest;
  RegexCache patterns;
  struct Numbers {
    uint32_t generation = 0;  // of the record that they were seeded from
    Random random;
  };
  // Of each record of the call; a call for several goes back and forth between them.
  std::vector<Numbers> numbers;
};

}  // namespace sluice::script
