// SPDX-License-Identifier: Apache-2.0
// Input: a schema and a configuration, separated by a NUL. What the host completes must be JSON
// that the SDK's reader takes.
#include <sluice/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runtime/plugin_host/config_check.h"
#include "runtime/plugin_host/schema_lint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t split = text.find('\0');
  if (split == std::string_view::npos) return 0;
  const std::string_view schema = text.substr(0, split);
  if (!sluice::lint_config_schema(schema).empty()) return 0;
  const auto done = sluice::complete_config(schema, text.substr(split + 1));
  if (!done) {
    if (done.status().message().empty()) std::abort();
    return 0;
  }
  try {
    const sluice::sdk::Config config(done->json);
    if (config.text() != done->json) std::abort();
  } catch (const sluice::BadConfig&) {
    std::abort();
  }
  return 0;
}
