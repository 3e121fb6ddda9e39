// SPDX-License-Identifier: Apache-2.0
// The schema compiler and the validator. The input is a schema, a NUL or an empty line, and a
// record.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/check.h"
#include "tests/fuzz/schema/check_schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  size_t end = text.find('\0');
  size_t gap = 1;
  if (end == std::string_view::npos) {
    end = text.find("\n\n");
    gap = 2;
  }
  if (end == std::string_view::npos) return 0;
  const std::string wrong = sluice::check_schema(text.substr(0, end), text.substr(end + gap));
  SLUICE_CHECK(wrong.empty(), wrong.c_str());
  return 0;
}
