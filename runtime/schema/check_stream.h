// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/schema/validator.h"

// Checks a file of records against a schema: in one pass, in bounded memory, from a pipe too.
namespace sluice {

enum class RecordFormat {
  kJsonLines,  // one record a line; blank lines do not count
  kJson,       // the whole text is one record
};

struct StreamCounts {
  uint64_t valid = 0;
  uint64_t invalid = 0;
  uint64_t drift = 0;     // of the invalid ones: SCHEMA_DRIFT,
  uint64_t value = 0;     // VALIDATION_FAIL,
  uint64_t unparsed = 0;  // and no JSON, too large, too deep
  uint64_t bytes = 0;
};

// Told of every record that does not fit.
class StreamListener {
 public:
  virtual ~StreamListener() = default;
  // `record` is null when the line is no JSON; the one failure then has the keyword "parse" and no
  // place. Lines count from 1. The references are valid during the call.
  virtual void on_invalid(uint64_t line, const Document* record,
                          const std::vector<SchemaFailure>& failures) = 0;
  // Now and then, for a display.
  virtual void on_progress(const StreamCounts& counts) = 0;
};

struct StreamOptions {
  RecordFormat format = RecordFormat::kJsonLines;
  ParseLimits limits{.max_bytes = 64ULL << 20, .max_depth = 128};
  size_t failures_per_record = 100;
};

// Reads `fd` to its end. A line larger than the limit is invalid and skipped. Errors: `fd` cannot
// be read.
Result<StreamCounts> check_stream(const Schema& schema, int fd, const StreamOptions& options,
                                  StreamListener& listener);

}  // namespace sluice
