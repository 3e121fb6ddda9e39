// SPDX-License-Identifier: Apache-2.0
// The record reader: any bytes may arrive as a record.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/check.h"
#include "tests/fuzz/record/check_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string wrong =
      sluice::check_record(std::string_view(reinterpret_cast<const char*>(data), size));
  SLUICE_CHECK(wrong.empty(), wrong.c_str());
  return 0;
}
