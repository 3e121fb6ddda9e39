// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "runtime/cli/exit_code.h"
#include "runtime/cli/line_editor.h"
#include "runtime/cli/terminal.h"
#include "runtime/cli/transform_command.h"
#include "runtime/cli/transform_repl.h"

namespace sluice::cli {
namespace {

struct ReplArguments {
  std::string script;
  std::string file;
};

// Beside the user's other state; "" when there is no place for it.
std::string history_file() {
  const char* const home = std::getenv("HOME");
  return home == nullptr || *home == 0 ? std::string()
                                       : std::string(home) + "/.sluice_repl_history";
}

int run_repl(const ReplArguments& arguments) {
  const Repl* repl_now = nullptr;
  LineEditor editor([&repl_now](std::string_view word) { return repl_now->complete(word); });
  Repl repl(
      arguments.script, may_colour(STDOUT_FILENO),
      [&editor](const std::string& prompt, std::string* line) { return editor.read(prompt, line); },
      [](const std::string& text) { write_text(STDOUT_FILENO, text); });
  repl_now = &repl;
  if (editor.on_terminal()) {
    write_text(STDOUT_FILENO, ":help lists the commands, Tab completes, Ctrl-D ends\n");
    editor.load_history(history_file());
  }
  if (const Status opened = repl.open(arguments.file); !opened) return report(opened);
  const int code = repl.loop();
  if (!editor.on_terminal()) return code;
  editor.save_history(history_file());
  return kExitOk;
}

}  // namespace

void add_transform_repl_command(CLI::App& transform, int* exit_code) {
  auto* command = transform.add_subcommand("repl", "Explore a transformer, record by record");
  auto arguments = std::make_shared<ReplArguments>();
  command->add_option("script", arguments->script, "The transformer")->required();
  command->add_option("file", arguments->file, "JSON Lines to take records from");
  command->footer(
      "On a terminal with history (~/.sluice_repl_history) and completion; else commands are read\n"
      "from standard input.\n"
      "Examples:\n"
      "  sluice transform repl transformers/orders.lua orders.jsonl\n"
      "  printf ':run\\n:next\\n:run\\n' | sluice transform repl transformers/orders.lua "
      "orders.jsonl\n"
      "Exit codes: 0, 1 the last command failed (not on a terminal), 2 a file does not load.");
  command->callback([arguments, exit_code] { *exit_code = run_repl(*arguments); });
}

}  // namespace sluice::cli
