// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.hpp>

#include <string>
#include <vector>

#include "plugins/sinks/file/line_file.h"
#include "plugins/sinks/file/options.h"

namespace sluice::file_sink {

enum class Reason : uint16_t { kNotALine, kTombstoneUnsupported, kCount };
enum class Metric : uint16_t { kRotations, kSyncSeconds, kCount };

// Appends records as lines of a file.
class FileSink {
 public:
  FileSink(Context context, const Config& config);
  // The clock that ages and names files; for tests.
  FileSink(Context context, const Options& options, LineFile::Now now);

  void open();
  void write(const Batch& batch, Outcomes out);
  void probe();
  void close();

 private:
  void flush(Outcomes out);
  void rotate();

  Context context_;
  LineFile file_;
  std::string buffer_;           // lines not yet in the file
  std::vector<size_t> pending_;  // their records
};

extern const sluice_component kFileSink;

}  // namespace sluice::file_sink
