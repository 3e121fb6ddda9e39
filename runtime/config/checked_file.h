// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "runtime/base/status.h"
#include "runtime/config/environment.h"
#include "runtime/config/value.h"
#include "runtime/config/yaml.h"

namespace sluice::config {

// A file that was read, expanded and checked without a problem. `value` points into `tree`.
struct CheckedFile {
  std::filesystem::path file;  // as the caller named it, for messages
  std::filesystem::path base;  // its folder, absolute
  std::unique_ptr<YamlNode> tree;
  Value value;
};

// Reads and parses only: placeholders stand as they were written.
Result<CheckedFile> read_tree(const std::filesystem::path& file);
// Everything that load_config() checks. `text`: the file's content.
Result<CheckedFile> check_text(std::string_view text, const std::filesystem::path& file,
                               const Environment& env);
Result<CheckedFile> check_file(const std::filesystem::path& file, const Environment& env);

}  // namespace sluice::config
