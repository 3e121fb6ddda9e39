// SPDX-License-Identifier: Apache-2.0
#include <sluice/plugin.hpp>

#include "plugins/sources/generator/generator_source.h"

namespace {

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "profile": {
      "type": "string", "enum": ["orders"], "default": "orders",
      "description": "Kind of records: orders, about 460 bytes each."
    },
    "count": {
      "type": "integer", "minimum": 0, "default": 0,
      "description": "Number of records after which the source ends; 0: endless."
    },
    "rate": {
      "oneOf": [
        {"type": "string", "pattern": "^[0-9]+([.][0-9]+)?(/[smh])?$"},
        {"type": "number", "minimum": 0}
      ],
      "default": 0, "examples": ["50000/s", "100/m", 0],
      "description": "Records per second (50000/s), minute (/m) or hour (/h); 0: no limit."
    },
    "seed": {
      "type": "integer", "minimum": 0, "default": 1,
      "description": "The same seed gives the same records."
    },
    "bad_percent": {
      "type": "number", "minimum": 0, "maximum": 100, "default": 0,
      "description": "Share of records, in percent, that have one of seven flaws."
    }
  }
})json";

constexpr const char* kExample =
    R"json({"profile": "orders", "count": 100000, "rate": "50000/s", "bad_percent": 1})json";

constexpr sluice_component kGenerator =
    sluice::source_component<sluice::generator::GeneratorSource>(
        {.id = "generator",
         .summary = "Makes up records, for trials and benchmarks.",
         .config_schema = kSchema,
         .example_config = kExample,
         .caps = SLUICE_CAP_REPLAY | SLUICE_CAP_FINITE});

}  // namespace

SLUICE_EXPORT_PLUGIN("source-generator", "0.1.0", "Apache-2.0", &kGenerator)
