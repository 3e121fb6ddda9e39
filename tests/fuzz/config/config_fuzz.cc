// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/config/build.h"
#include "runtime/config/checked_file.h"
#include "runtime/config/options.h"

// The whole way of a configuration file: YAML, placeholders, table, rules, struct. Nothing may
// crash, hang or pass without either a usable configuration or a message.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const sluice::Environment env({{"NAME", "value"}, {"N", "7"}, {"EMPTY", ""}});
  const auto checked = sluice::config::check_text(text, "/nowhere/sluice.yaml", env);
  if (!checked) {
    SLUICE_CHECK(!checked.status().message().empty(), "a refusal without a reason");
    return 0;
  }
  const sluice::Config config =
      sluice::config::build_config(checked->value, checked->file, checked->base, "/nowhere/bin");
  SLUICE_CHECK(!config.pipelines.empty(), "a configuration without a pipeline was accepted");
  for (const auto& pipeline : config.pipelines) {
    for (const auto& sink : pipeline.sinks) {
      const auto typed = sluice::type_placeholders(sink.config_json, sink.options,
                                                   R"({"properties":{"a":{"type":"integer"}}})");
      SLUICE_CHECK(typed.is_ok(), "options that are not JSON");
    }
  }
  return 0;
}
