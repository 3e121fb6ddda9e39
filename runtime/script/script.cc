// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/script.h"

#include <fcntl.h>

#include <algorithm>
#include <cctype>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/script/script_source.h"

namespace sluice {
namespace {

constexpr uint64_t kMaxScript = 4 << 20;

namespace fs = std::filesystem;

// lib.name only: no separators, no parent folders.
bool is_library_name(std::string_view name) {
  if (!name.starts_with("lib.")) return false;
  name.remove_prefix(4);
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
}

// Reads <lib_root>/lib/<x>.lua; a link may point anywhere below lib_root, never out of it.
Result<std::string> read_library(const fs::path& lib_root, std::string_view name) {
  if (!is_library_name(name)) {
    return invalid("require: expected a name like \"lib.money\", found \"" + shorten(name, 60) +
                   "\"; only the folder lib beside the script can be required");
  }
  if (lib_root.empty()) {
    return not_found("require \"" + std::string(name) + "\": this script has no library folder");
  }
  std::error_code error;
  const fs::path root = fs::canonical(lib_root, error);
  if (error) return not_found("require: " + lib_root.string() + ": " + error.message());
  const fs::path wanted = root / "lib" / (std::string(name.substr(4)) + ".lua");
  const fs::path real = fs::canonical(wanted, error);
  if (error) return not_found("require: " + wanted.string() + ": " + error.message());
  const auto [end, unused] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (end != root.end()) {
    return invalid("require: " + wanted.string() + " is a link out of " + root.string() +
                   "; copy the file there");
  }
  return read_file(real, kMaxScript);
}

}  // namespace

namespace script {

const std::string* ScriptSource::library(std::string_view name) const {
  const auto found = libraries_.find(name);
  return found == libraries_.end() ? nullptr : &found->second;
}

Status ScriptSource::load(const std::filesystem::path& lib_root) {
  const auto read = [&](std::string_view name, std::string* error) -> const std::string* {
    auto text = read_library(lib_root, name);
    if (!text) {
      *error = text.status().message();
      return nullptr;
    }
    return &libraries_.insert_or_assign(std::string(name), std::move(*text)).first->second;
  };
  auto state = make_state(*this, read);
  if (!state) return std::move(state).status();
  Sha256 hash;
  const auto add = [&hash](std::string_view part) {
    hash.update(std::to_string(part.size()) + ":");
    hash.update(part);
  };
  add(text_);
  for (const auto& [library, text] : libraries_) {
    add(library);
    add(text);
  }
  hash_ = to_hex(hash.finish());
  return Status::ok();
}

}  // namespace script

Result<std::shared_ptr<const Script>> Script::load(const std::filesystem::path& path,
                                                   const ScriptLimits& limits) {
  SLUICE_ASSIGN_OR_RETURN(std::string text, read_file(path, kMaxScript));
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  return from_text(path.filename().string(), std::move(text), folder, limits);
}

Result<std::shared_ptr<const Script>> Script::from_text(std::string name, std::string text,
                                                        const std::filesystem::path& lib_root,
                                                        const ScriptLimits& limits) {
  auto source = std::make_shared<script::ScriptSource>(std::move(name), std::move(text), limits);
  SLUICE_RETURN_IF_ERROR(source->load(lib_root));
  return std::shared_ptr<const Script>(std::move(source));
}

}  // namespace sluice
