// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "runtime/plugin_host/elf_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto entry = sluice::read_plugin_entry({data, size});
  if (!entry && entry.status().message().empty()) std::abort();
  if (entry) (void)sluice::judge_plugin_entry(*entry);
  return 0;
}
