// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/sinks/stdout/output.h"

namespace sluice::stdout_sink {

enum class Reason : std::uint16_t { kNotALine, kTombstoneUnsupported, kCount };

// Prints records, one a line.
class StdoutSink {
 public:
  StdoutSink(Context context, const Config& config);
  // To another descriptor, which stays the caller's; for tests.
  StdoutSink(Context context, int fd);

  void write(const Batch& batch, Outcomes out);

 private:
  void flush(Outcomes out);

  struct Line {
    size_t record;
    size_t end;  // in buffer_, past its newline
  };

  Output output_;
  std::string buffer_;
  std::vector<Line> lines_;
  bool midline_ = false;  // the last thing printed was a part of a line
};

extern const sluice_component kStdoutSink;

}  // namespace sluice::stdout_sink
