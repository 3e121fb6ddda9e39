// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/stdout/sink.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::stdout_sink {
namespace {

constexpr size_t kBuffer = size_t{1} << 20U;

// Why a value is not one line of output; nullptr: it is.
const char* line_problem(std::string_view value) {
  if (value.empty()) return "the value is empty and would be an empty line";
  if (value.find('\n') != std::string_view::npos) {
    return "the value holds a line break, which would make two lines of one record; write it as "
           "compact JSON";
  }
  return nullptr;
}

[[noreturn]] void fail(int error) {
  const std::string text =
      "cannot write to standard output: " + std::generic_category().message(error);
  switch (error) {
    case EPIPE:
      throw BadConfig(text + "; the program that read it has ended");
    case EBADF:
      throw BadConfig(text + "; the runtime was started with it closed");
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case EFBIG:
      throw Transient(text + "; it is redirected to a file whose disk does not take more");
    default:
      throw Transient(text);
  }
}

}  // namespace

StdoutSink::StdoutSink(Context context, const Config&) : StdoutSink(context, STDOUT_FILENO) {}

StdoutSink::StdoutSink(Context context, int fd) : output_(fd, context.stop_fd()) {}

void StdoutSink::write(const Batch& batch, Outcomes out) {
  buffer_.clear();
  lines_.clear();
  // What an earlier failure cut short is ended, so that it does not run into a whole line.
  if (midline_) buffer_.push_back('\n');
  for (size_t i = 0; i < batch.size(); ++i) {
    const sluice_record& record = batch[i];
    if (is_delete(record) || !present(record.value)) {
      out.reject(i, Reason::kTombstoneUnsupported,
                 "a tombstone has no value to print; filter tombstones before this sink");
      continue;
    }
    const std::string_view value = view(record.value);
    if (const char* problem = line_problem(value)) {
      out.reject(i, Reason::kNotALine, problem);
      continue;
    }
    if (buffer_.size() + value.size() >= kBuffer) flush(out);
    buffer_.append(value).push_back('\n');
    lines_.push_back({i, buffer_.size()});
  }
  flush(out);
}

// Whole lines that went out are OK, also when the rest did not.
void StdoutSink::flush(Outcomes out) {
  if (lines_.empty()) return;
  const Output::Result result = output_.write(buffer_);
  const size_t written = output_.written();
  for (const Line& line : lines_) {
    if (line.end <= written) out.ok(line.record);
  }
  if (written > 0) midline_ = buffer_[written - 1] != '\n';
  buffer_.clear();
  lines_.clear();
  if (result == Output::Result::kStopped) throw Cancelled();
  if (result == Output::Result::kFailed) fail(output_.error());
}

namespace {

constexpr auto kReasons = reason_table<Reason>(
    reject_reason(Reason::kNotALine, "not_a_line",
                  "The value is empty or holds a line break, so it is not one line.",
                  "VALIDATION_FAIL"),
    reject_reason(Reason::kTombstoneUnsupported, "tombstone_unsupported",
                  "The record is a tombstone; it has no value to print.", "VALIDATION_FAIL"));

constexpr char kConfigSchema[] = R"json({
  "type": "object",
  "description": "Prints records to standard output; has no options.",
  "additionalProperties": false,
  "properties": {}
})json";

}  // namespace

constinit const sluice_component kStdoutSink = sink_component<StdoutSink, kReasons>(
    {.id = "stdout",
     .summary = "Prints records to standard output, one a line (JSON Lines).",
     .config_schema = kConfigSchema,
     .example_config = "{}",
     .caps = SLUICE_CAP_ORDERED});

}  // namespace sluice::stdout_sink
