// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/file/sink.h"

#include <chrono>
#include <utility>

#include "plugins/sinks/file/description.h"

namespace sluice::file_sink {
namespace {

// Lines are gathered up to here and written with one call; a larger batch takes several, so that
// memory stays bounded.
constexpr size_t kBuffer = size_t{8} << 20U;

// Why a value is not one line of the file; nullptr: it is.
const char* line_problem(std::string_view value) {
  if (value.empty()) return "the value is empty and would be an empty line";
  if (value.find('\n') != std::string_view::npos) {
    return "the value holds a line break, which would make two lines of one record; write it as "
           "compact JSON";
  }
  return nullptr;
}

}  // namespace

Options parse_options(const Config& config) {
  Options options;
  options.path = config.string("/path");
  if (options.path.find('\0') != std::string::npos) {
    throw BadConfig("/path: expected a path without NUL characters");
  }
  options.rotate_bytes = config.size("/rotate/bytes", 0);
  options.rotate_after = config.duration("/rotate/interval", std::chrono::milliseconds(0));
  options.sync = config.boolean("/fsync", true);
  return options;
}

FileSink::FileSink(Context context, const Config& config)
    : FileSink(context, parse_options(config), [] { return LineFile::WallClock::now(); }) {}

FileSink::FileSink(Context context, const Options& options, LineFile::Now now)
    : context_(context),
      file_(options, std::move(now), [context](const std::string& text) { context.warn(text); }) {}

void FileSink::open() { file_.open(); }

void FileSink::write(const Batch& batch, Outcomes out) {
  buffer_.clear();
  pending_.clear();
  file_.follow_renames();
  for (size_t i = 0; i < batch.size(); ++i) {
    const sluice_record& record = batch[i];
    if (is_delete(record) || !present(record.value)) {
      out.reject(i, Reason::kTombstoneUnsupported,
                 "a tombstone has no value to write; filter tombstones before this sink");
      continue;
    }
    const std::string_view value = view(record.value);
    if (const char* problem = line_problem(value)) {
      out.reject(i, Reason::kNotALine, problem);
      continue;
    }
    const uint64_t line = value.size() + 1;
    if (buffer_.size() + line > kBuffer) flush(out);
    if (file_.due(buffer_.size(), line)) {
      flush(out);
      rotate();
    }
    buffer_.append(value).push_back('\n');
    pending_.push_back(i);
  }
  flush(out);
}

void FileSink::rotate() {
  file_.rotate();
  context_.metric(Metric::kRotations, 1);
}

// Answers for the pending records once their lines are durable.
void FileSink::flush(Outcomes out) {
  if (pending_.empty()) return;
  const auto begin = std::chrono::steady_clock::now();
  file_.append(buffer_);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  context_.metric(Metric::kSyncSeconds, took.count());
  for (const size_t i : pending_) out.ok(i);
  buffer_.clear();
  pending_.clear();
}

void FileSink::probe() { file_.follow_renames(); }

void FileSink::close() {
  file_.close();
  buffer_ = std::string();
  pending_.clear();
}

namespace {

constexpr auto kReasons = reason_table<Reason>(
    reject_reason(Reason::kNotALine, "not_a_line",
                  "The value is empty or holds a line break, so it is not one line.",
                  "VALIDATION_FAIL"),
    reject_reason(Reason::kTombstoneUnsupported, "tombstone_unsupported",
                  "The record is a tombstone; a file of lines cannot delete.", "VALIDATION_FAIL"));

constexpr auto kMetrics = metric_table<Metric>(
    counter(Metric::kRotations, "rotations", "Files finished and renamed."),
    histogram(Metric::kSyncSeconds, "sync_seconds", "Seconds to write and sync lines."));

}  // namespace

constinit const sluice_component kFileSink = sink_component<FileSink, kReasons, kMetrics>(
    {.id = "file",
     .summary = "Appends records as lines of a file (JSON Lines), synced, with atomic rotation.",
     .config_schema = kConfigSchema,
     .example_config = kExampleConfig,
     .caps = SLUICE_CAP_ORDERED});

}  // namespace sluice::file_sink
