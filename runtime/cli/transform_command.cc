// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/transform_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTestEnd = "_test.lua";

// The script of a test file, or the file itself.
fs::path script_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (!name.ends_with(kTestEnd) || name.size() == kTestEnd.size()) return file;
  return file.parent_path() / (name.substr(0, name.size() - kTestEnd.size()) + ".lua");
}

Status add_folder(const fs::path& folder, std::vector<fs::path>* out) {
  std::error_code error;
  const size_t before = out->size();
  fs::recursive_directory_iterator at(folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code unknown;
    if (at->is_directory(unknown) && (name.starts_with('.') || name == "lib")) {
      at.disable_recursion_pending();
    } else if (name.ends_with(".lua") && !name.starts_with('.') && at->is_regular_file(unknown)) {
      out->push_back(script_of(at->path()));
    }
  }
  if (error) return not_found(folder.string() + ": " + error.message());
  if (out->size() == before) {
    return not_found(folder.string() +
                     ": there is no script in it; expected files like orders.lua, each with "
                     "orders_test.lua beside it");
  }
  return Status::ok();
}

}  // namespace

Result<std::vector<fs::path>> find_scripts(const std::vector<std::string>& paths) {
  std::vector<fs::path> out;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      SLUICE_RETURN_IF_ERROR(add_folder(path, &out));
    } else if (fs::exists(path, error)) {
      out.push_back(script_of(path));
    } else {
      return not_found(path +
                       ": no such file or folder; expected a script, its test file, or a "
                       "folder of them" +
                       (path == "transformers" ? " (transformers is looked at by default)" : ""));
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void add_transform_commands(CLI::App& app, int* exit_code) {
  auto* transform = app.add_subcommand(
      "transform", "Test transformers, run, measure and explore them, and take a change back");
  transform->require_subcommand(1);
  transform->footer(
      "Examples:\n"
      "  sluice transform test transformers/\n"
      "  sluice transform run transformers/orders.lua orders.jsonl");
  add_transform_test_command(*transform, exit_code);
  add_transform_run_command(*transform, exit_code);
  add_transform_bench_command(*transform, exit_code);
  add_transform_repl_command(*transform, exit_code);
  add_transform_rollback_command(*transform, exit_code);
}

}  // namespace sluice::cli
