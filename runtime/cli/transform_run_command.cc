// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "runtime/cli/exit_code.h"
#include "runtime/cli/line_reader.h"
#include "runtime/cli/terminal.h"
#include "runtime/cli/transform_command.h"
#include "runtime/cli/transform_explain.h"

namespace sluice::cli {
namespace {

constexpr size_t kMaxLine = 16U << 20U;
constexpr size_t kFlushBytes = 64U << 10U;

struct RunArguments {
  std::string script;
  std::string file;
  uint64_t limit = 0;  // 0: all
  bool explain = false;
  bool json = false;
};

struct Counts {
  uint64_t records = 0;
  uint64_t out = 0;
  uint64_t filtered = 0;
  uint64_t rejected = 0;
};

// Text on its way to a descriptor, in large pieces unless somebody waits for each line.
class Output {
 public:
  Output(int fd, bool at_once) : fd_(fd), at_once_(at_once) {}
  void add(std::string_view text) { text_ += text; }
  void end_of_record() {
    if (at_once_ || text_.size() >= kFlushBytes) flush();
  }
  void flush() {
    write_text(fd_, text_);
    text_.clear();
  }

 private:
  const int fd_;
  const bool at_once_;
  std::string text_;
};

class Run {
 public:
  Run(const RunArguments& arguments, ScriptRunner& runner, bool at_once)
      : arguments_(arguments),
        runner_(runner),
        out_(STDOUT_FILENO, at_once),
        err_(STDERR_FILENO, at_once),
        explain_(arguments.json, may_colour(STDOUT_FILENO)) {
    meta_.source = "file";
    meta_.lane = arguments.file;
  }

  void line(uint64_t number, std::string_view text, bool too_long) {
    ++counts_.records;
    if (too_long) {
      reject(number, {"TOO_LARGE", "the line is longer than 16 MiB"});
    } else if (const ParseResult parsed = document_.parse(text, kLimits); !parsed) {
      reject(number, {parsed.code == ParseCode::kTooLarge ? "TOO_LARGE" : "PARSE_ERROR",
                      std::string(parsed.message) + " at byte " + std::to_string(parsed.offset)});
    } else {
      transform(number, text);
    }
    out_.end_of_record();
    err_.end_of_record();
  }
  void flush() {
    out_.flush();
    err_.flush();
  }
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  static constexpr ParseLimits kLimits{kMaxLine, 128};
  struct OwnRejection {
    std::string_view code;
    std::string text;
  };

  void reject(uint64_t number, const OwnRejection& rejection) {
    ++counts_.rejected;
    const workshop::Rejection view{rejection.code, rejection.text};
    if (arguments_.explain) {
      out_.add(explain_.rejected(number, view));
    } else {
      err_.add(rejection_json(number, view));
    }
  }

  void transform(uint64_t number, std::string_view text) {
    arena_.reset();
    parts_.clear();
    meta_.position = number;
    const ScriptResult result = runner_.run(document_, meta_, arena_, parts_);
    switch (result.outcome) {
      case ScriptOutcome::kRejected: {
        const workshop::Rejection rejection = workshop::rejection_of(result);
        reject(number, {rejection.code, std::string(rejection.text)});
        return;
      }
      case ScriptOutcome::kFiltered:
        ++counts_.filtered;
        if (arguments_.explain) out_.add(explain_.filtered(number, result.detail));
        return;
      case ScriptOutcome::kParts:
        break;
    }
    counts_.out += parts_.size();
    if (!arguments_.explain) {
      for (const ScriptPart& part : parts_) {
        out_.add(part.value);
        out_.add("\n");
      }
      return;
    }
    // The run has changed the document.
    if (!before_.parse(text, kLimits)) return;
    for (size_t i = 0; i < parts_.size(); ++i) {
      out_.add(explain_.part(number, before_, parts_[i], i + 1, parts_.size()));
    }
  }

  const RunArguments& arguments_;
  ScriptRunner& runner_;
  Output out_;
  Output err_;
  Explainer explain_;
  Counts counts_;
  RecordMeta meta_;
  Document document_;
  Document before_;
  Arena arena_;
  std::vector<ScriptPart> parts_;
};

bool is_regular(const std::string& file) {
  struct stat info {};
  return (file == "-" ? ::fstat(STDIN_FILENO, &info) : ::stat(file.c_str(), &info)) == 0 &&
         S_ISREG(info.st_mode);
}

// On a terminal, beside output that goes elsewhere.
class RunProgress {
 public:
  void show(const Counts& counts) {
    constexpr uint64_t kLookEvery = 1024;
    constexpr std::chrono::milliseconds kRedraw{200};
    if (!on_ || counts.records % kLookEvery != 0) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < kRedraw) return;
    last_ = now;
    write_text(STDERR_FILENO, "\r\x1b[K" + with_thousands(counts.records) + " records, " +
                                  with_thousands(counts.rejected) + " rejected");
  }
  void end(const Counts& counts) const {
    if (!is_terminal(STDERR_FILENO)) return;
    write_text(STDERR_FILENO, std::string(on_ ? "\r\x1b[K" : "") + with_thousands(counts.records) +
                                  " records: " + with_thousands(counts.out) + " came out, " +
                                  with_thousands(counts.filtered) + " filtered, " +
                                  with_thousands(counts.rejected) + " rejected\n");
  }

 private:
  bool on_ = is_terminal(STDERR_FILENO) && !is_terminal(STDOUT_FILENO);
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

int run_transform(const RunArguments& arguments) {
  const auto script = workshop::load_script(arguments.script, ScriptLimits{});
  if (!script) return report(script.status());
  auto runner = ScriptRunner::create(*script);
  if (!runner) return report(runner.status());
  auto reader = LineReader::open(arguments.file, kMaxLine);
  if (!reader) return report(reader.status());
  Run run(arguments, **runner, !is_regular(arguments.file) || is_terminal(STDOUT_FILENO));
  RunProgress progress;
  std::string_view line;
  while (arguments.limit == 0 || run.counts().records < arguments.limit) {
    const auto more = reader->next(&line);
    if (!more) {
      run.flush();
      return report(more.status());
    }
    if (!*more) break;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    run.line(reader->number(), line, reader->too_long());
    progress.show(run.counts());
  }
  run.flush();
  progress.end(run.counts());
  return run.counts().rejected > 0 ? kExitNo : kExitOk;
}

}  // namespace

void add_transform_run_command(CLI::App& transform, int* exit_code) {
  auto* command = transform.add_subcommand("run", "Run a transformer on the records of a file");
  auto arguments = std::make_shared<RunArguments>();
  command->add_option("script", arguments->script, "The transformer")->required();
  command->add_option("file", arguments->file, "JSON Lines, or - for standard input")->required();
  command->add_flag("--explain", arguments->explain,
                    "Instead of the records, what changed in each, by JSON Pointer");
  command->add_option("--limit", arguments->limit, "Stop after so many records");
  command->add_flag("--json", arguments->json,
                    "With --explain: one JSON object a line. Records are JSON anyway");
  command->footer(
      "One JSON line per resulting record on stdout, in the order of the input; rejected records "
      "as\n"
      "JSON lines {line, code, text} on stderr. No runtime and no configuration take part.\n"
      "Examples:\n"
      "  sluice transform run transformers/orders.lua orders.jsonl > shaped.jsonl\n"
      "  zcat orders.jsonl.gz | sluice transform run transformers/orders.lua - 2> rejects.jsonl\n"
      "  sluice transform run transformers/orders.lua orders.jsonl --explain --limit 3\n"
      "Exit codes: 0 no record was rejected, 1 some were, 2 a file does not load.");
  command->callback([arguments, exit_code] { *exit_code = run_transform(*arguments); });
}

}  // namespace sluice::cli
