// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/compact.h"

namespace sluice {

char* compact_json(std::string_view json, char* to) {
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      *to++ = c;
      if (c == '\\') {
        *to++ = json[++i];
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    *to++ = c;
    in_string = c == '"';
  }
  return to;
}

std::string_view compact_json(std::string_view json, Arena& arena) {
  char* const start = arena.reserve(json.size());
  const auto size = static_cast<size_t>(compact_json(json, start) - start);
  arena.commit(size);
  return {start, size};
}

}  // namespace sluice
