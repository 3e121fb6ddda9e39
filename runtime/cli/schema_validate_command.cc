// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <memory>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/base/unique_fd.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/schema_command.h"
#include "runtime/cli/terminal.h"
#include "runtime/schema/check_stream.h"
#include "runtime/schema/failure_tally.h"

namespace sluice::cli {
namespace {

struct ValidateOptions {
  std::string schema;
  std::string file;
  std::string format;
  SchemaArguments arguments;
  size_t limit = 0;  // 0: 20 rows of the table, all failures in JSON
  bool json = false;
};

std::string_view class_name(const SchemaFailure& failure) {
  if (failure.keyword == "parse") return "PARSE_ERROR";
  return failure.failure_class == FailureClass::kDrift ? "SCHEMA_DRIFT" : "VALIDATION_FAIL";
}

// One line on a terminal, redrawn a few times a second.
class Progress {
 public:
  explicit Progress(int fd) : shown_(is_terminal(STDERR_FILENO)) {
    struct stat status {};
    if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
      size_ = static_cast<uint64_t>(status.st_size);
    }
  }
  void show(const StreamCounts& counts) {
    constexpr std::chrono::milliseconds kRedraw{200};
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || now - last_ < kRedraw) return;
    last_ = now;
    std::string line = "\r\x1b[K" + with_thousands(counts.valid + counts.invalid) + " records, " +
                       with_thousands(counts.invalid) + " invalid";
    if (size_ > 0) line += ", " + std::to_string(counts.bytes * 100 / size_) + " %";
    write_text(STDERR_FILENO, line);
  }
  void clear() const {
    if (shown_) write_text(STDERR_FILENO, "\r\x1b[K");
  }

 private:
  const bool shown_;
  uint64_t size_ = 0;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Writes each failure as it comes: the list is never held.
class JsonOutput final : public StreamListener {
 public:
  JsonOutput(Progress& progress, size_t limit) : progress_(progress), limit_(limit) {}

  void on_invalid(uint64_t line, const Document* /*record*/,
                  const std::vector<SchemaFailure>& failures) override {
    for (const SchemaFailure& failure : failures) {
      if (listed_ == limit_) {
        ++left_out_;
        continue;
      }
      write(line, failure);
      ++listed_;
    }
  }
  void on_progress(const StreamCounts& counts) override { progress_.show(counts); }

  void begin() { out_ = "{\"failures\":["; }
  void end(const StreamCounts& counts) {
    out_ += "],\"valid\":" + std::to_string(counts.valid) +
            ",\"invalid\":" + std::to_string(counts.invalid);
    if (left_out_ > 0) out_ += ",\"left_out\":" + std::to_string(left_out_);
    out_ += "}\n";
    flush();
  }

 private:
  void write(uint64_t line, const SchemaFailure& failure) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    const auto member = [&writer](const char* name, std::string_view text) {
      writer.Key(name);
      writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    };
    writer.StartObject();
    writer.Key("line");
    writer.Uint64(line);
    member("instance", failure.instance);
    member("schema", failure.schema);
    member("keyword", failure.keyword);
    member("message", failure.message);
    member("class", class_name(failure));
    writer.EndObject();
    out_ += listed_ == 0 ? "\n" : ",\n";
    out_.append(buffer.GetString(), buffer.GetSize());
    constexpr size_t kFlushBytes = 64 * 1024;
    if (out_.size() >= kFlushBytes) flush();
  }
  void flush() {
    write_text(STDOUT_FILENO, out_);
    out_.clear();
  }

  Progress& progress_;
  const size_t limit_;
  std::string out_;
  size_t listed_ = 0;
  uint64_t left_out_ = 0;
};

class TableOutput final : public StreamListener {
 public:
  explicit TableOutput(Progress& progress) : progress_(progress) {}

  void on_invalid(uint64_t line, const Document* record,
                  const std::vector<SchemaFailure>& failures) override {
    for (const SchemaFailure& failure : failures) tally_.add(line, record, failure);
  }
  void on_progress(const StreamCounts& counts) override { progress_.show(counts); }

  void end(const StreamCounts& counts, size_t limit, bool colour) const {
    std::string out;
    if (tally_.size() > 0) out = table(limit) + "\n";
    if (colour) out += counts.invalid > 0 ? "\x1b[31m" : "\x1b[32m";
    out += with_thousands(counts.valid) + " valid, " + with_thousands(counts.invalid) + " invalid";
    if (colour) out += "\x1b[0m";
    if (counts.invalid > 0) {
      out += " (" + with_thousands(counts.drift) + " by shape, " + with_thousands(counts.value) +
             " by value, " + with_thousands(counts.unparsed) + " not readable)";
    }
    write_text(STDOUT_FILENO, out + "\n");
  }

 private:
  // Cells hold what strangers wrote: nothing in them may reach a terminal as a command.
  static std::string cell(std::string_view text, size_t width) {
    std::string out;
    append_escaped(out, shorten(text, width));
    return out;
  }
  [[nodiscard]] std::string table(size_t limit) const {
    constexpr size_t kCellBytes = 60;
    std::vector<std::vector<std::string>> rows{{"count", "path", "keyword", "expected", "example"}};
    uint64_t shown = 0;
    for (const FailureTally::Row& row : tally_.rows(limit)) {
      rows.push_back({with_thousands(row.count), row.path.empty() ? "(record)" : cell(row.path, 80),
                      row.keyword, cell(row.expected, kCellBytes),
                      "line " + std::to_string(row.line) + ": " + cell(row.found, kCellBytes)});
      ++shown;
    }
    std::string out = format_table(rows);
    if (shown < tally_.size()) {
      out += "... and " + with_thousands(tally_.size() - shown) + " more rows (--limit)\n";
    }
    if (tally_.elsewhere() > 0) {
      out += "... and " + with_thousands(tally_.elsewhere()) + " failures at other places\n";
    }
    return out;
  }

  Progress& progress_;
  FailureTally tally_;
};

Result<UniqueFd> open_input(const std::string& file) {
  if (file == "-") {
    const int copy = ::dup(STDIN_FILENO);
    if (copy < 0) return unavailable("cannot read standard input: " + errno_text(errno));
    return UniqueFd(copy);
  }
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return not_found("cannot open " + file + ": " + errno_text(errno));
  return UniqueFd(fd);
}

int validate(const ValidateOptions& options) {
  const auto how = schema_options(options.arguments);
  if (!how) return report(how.status());
  const auto schema = compile_schema_file(options.schema, *how);
  if (!schema) return report(schema.status());
  const auto input = open_input(options.file);
  if (!input) return report(input.status());
  StreamOptions stream;
  const bool whole =
      options.format.empty() ? options.file.ends_with(".json") : options.format == "json";
  if (whole) stream.format = RecordFormat::kJson;

  Progress progress(input->get());
  Result<StreamCounts> counts = StreamCounts{};
  if (options.json) {
    JsonOutput output(progress, options.limit > 0 ? options.limit : SIZE_MAX);
    output.begin();
    counts = check_stream(**schema, input->get(), stream, output);
    progress.clear();
    if (counts) output.end(*counts);
  } else {
    constexpr size_t kRows = 20;
    TableOutput output(progress);
    counts = check_stream(**schema, input->get(), stream, output);
    progress.clear();
    if (counts) {
      output.end(*counts, options.limit > 0 ? options.limit : kRows, may_colour(STDOUT_FILENO));
    }
  }
  if (!counts) return report(counts.status());
  return counts->invalid > 0 ? kExitNo : kExitOk;
}

}  // namespace

void add_schema_validate_command(CLI::App& schema, int* exit_code) {
  auto* command = schema.add_subcommand("validate", "Check the records of a file against a schema");
  auto options = std::make_shared<ValidateOptions>();
  command->add_option("schema", options->schema, "JSON Schema file")->required();
  command->add_option("file", options->file, "Records as JSON Lines; - is standard input")
      ->required();
  command
      ->add_option("--format", options->format,
                   "jsonl, or json: the file is one record (default for a name in .json)")
      ->check(CLI::IsMember({"jsonl", "json"}));
  add_schema_options(*command, options->arguments);
  command
      ->add_option("--limit", options->limit, "Rows of the table (20), or failures in JSON (all)")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", options->json, "Print every failure as JSON");
  command->footer(
      "Examples:\n"
      "  sluice schema validate orders.schema.json orders.jsonl\n"
      "  zcat orders.jsonl.gz | sluice schema validate orders.schema.json - --json\n"
      "Exit codes: 0 all records fit, 1 some do not, 2 usage or the schema cannot be used.");
  command->callback([options, exit_code] { *exit_code = validate(*options); });
}

}  // namespace sluice::cli
