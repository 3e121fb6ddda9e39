// SPDX-License-Identifier: Apache-2.0
// sluice dlq export: letters as JSON Lines.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "runtime/base/unique_fd.h"
#include "runtime/cli/dlq_options.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"
#include "runtime/triage/letter_report.h"

namespace sluice::cli {
namespace {

constexpr size_t kExportChunk = 1 << 20;

struct ExportOptions {
  DlqOptions dlq;
  std::string output;
};

// Everything, or an error: half an export must not look like a whole one.
Status write_export(int fd, std::string& chunk) {
  size_t at = 0;
  while (at < chunk.size()) {
    const ssize_t n = ::write(fd, chunk.data() + at, chunk.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return unavailable("writing letters: " + errno_text(errno));
    at += static_cast<size_t>(n);
  }
  chunk.clear();
  return Status::ok();
}

Status export_letters(const ExportOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const DlqPlace place, find_dlq_place(options.dlq));
  SLUICE_ASSIGN_OR_RETURN(triage::Selection selection, selection_of(options.dlq));
  SLUICE_ASSIGN_OR_RETURN(const auto store, open_dlq(place));
  SLUICE_RETURN_IF_ERROR(triage::complete_ids(*store, selection.filter));
  SLUICE_RETURN_IF_ERROR(
      note_dlq_action(place, "export",
                      "\"full\":" + std::string(options.dlq.full ? "true" : "false") +
                          ",\"selection\":" + triage::selection_json(selection)));
  UniqueFd file;
  if (!options.output.empty()) {
    file.reset(::open(options.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return unavailable(options.output + ": " + errno_text(errno));
  }
  const int fd = file ? file.get() : STDOUT_FILENO;
  DlqMasks masks(place);
  std::string chunk;
  uint64_t letters = 0;
  Status written;
  SLUICE_RETURN_IF_ERROR(
      triage::each_selected(*store, selection, Clock::real().wall_us(), [&](DeadLetter& letter) {
        if (!options.dlq.full) masks.apply(letter);
        chunk += letter_json(letter, true);
        chunk += '\n';
        ++letters;
        if (chunk.size() > kExportChunk) {
          written = write_export(fd, chunk);
        }
        return written.is_ok();
      }));
  SLUICE_RETURN_IF_ERROR(written);
  SLUICE_RETURN_IF_ERROR(write_export(fd, chunk));
  if (!options.output.empty()) {
    write_text(STDERR_FILENO,
               with_thousands(letters) + " dead letters written to " + options.output + "\n");
  }
  return Status::ok();
}

}  // namespace

void add_dlq_export_command(CLI::App& dlq, int* exit_code) {
  auto options = std::make_shared<ExportOptions>();
  auto* command = dlq.add_subcommand("export", "Letters as JSON Lines, oldest failure first");
  add_dlq_common(*command, options->dlq);
  add_dlq_filter(*command, options->dlq, true);
  command->add_option("-o,--output", options->output, "A file to write (standard output)");
  command->add_flag("--full", options->dlq.full, "Sensitive values too");
  command->footer(
      "The audit log notes every export. Sensitive values are hidden without --full; such letters\n"
      "say \"masked\": true and their bytes are not the original ones.\n"
      "Examples:\n"
      "  sluice dlq export -o letters.jsonl\n"
      "  sluice dlq export --reason PARSE_ERROR --full | jq -r .raw_base64");
  command->callback([options, exit_code] { *exit_code = report(export_letters(*options)); });
}

}  // namespace sluice::cli
