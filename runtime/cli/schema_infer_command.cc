// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "runtime/cli/exit_code.h"
#include "runtime/cli/line_reader.h"
#include "runtime/cli/schema_command.h"
#include "runtime/cli/terminal.h"
#include "runtime/schema/evolve/infer.h"

namespace sluice::cli {
namespace {

constexpr size_t kMaxLine = 16U << 20U;
constexpr uint64_t kProgressEvery = 8U << 20U;  // bytes

struct InferArguments {
  InferOptions options;
  std::string file;
  bool json = false;
};

struct Refused {
  uint64_t lines = 0;
  uint64_t first = 0;
  std::string why;
};

void note(Refused& refused, uint64_t line, std::string why) {
  if (refused.lines++ > 0) return;
  refused.first = line;
  refused.why = std::move(why);
}

Status learn(LineReader& reader, SchemaInference& inference, Refused& refused) {
  const bool show = is_terminal(STDERR_FILENO);
  uint64_t shown = 0;
  std::string_view line;
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(const bool more, reader.next(&line));
    if (!more) break;
    if (reader.too_long()) {
      note(refused, reader.number(), "longer than 16 MiB");
    } else if (line.find_first_not_of(" \t") != std::string_view::npos) {
      if (std::string why = inference.add(line); !why.empty()) {
        note(refused, reader.number(), std::move(why));
      }
    }
    if (show && reader.bytes() - shown >= kProgressEvery) {
      shown = reader.bytes();
      write_text(STDERR_FILENO, "\r\x1b[K" + with_thousands(inference.records()) + " records");
    }
  }
  if (show && shown > 0) write_text(STDERR_FILENO, "\r\x1b[K");
  return Status::ok();
}

int run_infer(const InferArguments& arguments) {
  auto reader = LineReader::open(arguments.file, kMaxLine);
  if (!reader) return report(reader.status());
  SchemaInference inference(arguments.options);
  Refused refused;
  if (const Status status = learn(*reader, inference, refused); !status) return report(status);
  const std::string name = arguments.file == "-" ? "standard input" : arguments.file;
  const std::string first = "line " + std::to_string(refused.first) + ": " + refused.why;
  if (inference.records() == 0) {
    return report(invalid(name + " holds no record; expected JSON Lines, one JSON value a line" +
                          (refused.lines > 0 ? "; " + first : "")));
  }
  write_text(STDOUT_FILENO, inference.schema());
  if (refused.lines == 0) return kExitOk;
  write_text(STDERR_FILENO, "sluice: " + name + ": " + with_thousands(refused.lines) +
                                (refused.lines == 1 ? " line is" : " lines are") +
                                " not JSON and taught nothing; " + first + "\n");
  return kExitNo;
}

}  // namespace

void add_schema_infer_command(CLI::App& schema, int* exit_code) {
  auto* command = schema.add_subcommand("infer", "Find a tight schema from samples");
  auto arguments = std::make_shared<InferArguments>();
  InferOptions& options = arguments->options;
  constexpr size_t kMostValues = 1000;
  command->add_option("file", arguments->file, "JSON Lines, or - for standard input")->required();
  command->add_option("--title", options.title, "Title of the schema");
  command
      ->add_option("--max-enum", options.max_enum,
                   "Texts with at most so many different values become an enum (16; 0: never)")
      ->check(CLI::Range(size_t{0}, kMostValues));
  command->add_flag("--closed", options.closed, "Allow no members but those that were seen");
  command->add_option("--dialect", options.dialect, "draft-07 (default) or 2020-12")
      ->check(CLI::IsMember({"draft-07", "2020-12"}));
  command->add_flag("--json", arguments->json, "The schema is JSON already; accepted for symmetry");
  command->footer(
      "Examples:\n"
      "  sluice schema infer orders.jsonl --title Order > schema/orders/1.schema.json\n"
      "  zcat orders.jsonl.gz | sluice schema infer - --closed\n"
      "Exit codes: 0 all lines were JSON, 1 some were not, 2 no record or no file.");
  command->callback([arguments, exit_code] { *exit_code = run_infer(*arguments); });
}

}  // namespace sluice::cli
