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
constexpr uint64_t kMaxLookups = 128ULL << 20;  // all tables of a script together

namespace fs = std::filesystem;

// lib.name only: no separators, no parent folders.
bool is_library_name(std::string_view name) {
  if (!name.starts_with("lib.")) return false;
  name.remove_prefix(4);
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
}

// A file below lib_root; a link may point anywhere in there, never out of it.
Result<fs::path> find_below(const fs::path& lib_root, const fs::path& relative) {
  std::error_code error;
  const fs::path root = fs::canonical(lib_root, error);
  if (error) return not_found(lib_root.string() + ": " + error.message());
  const fs::path wanted = root / relative;
  fs::path real = fs::canonical(wanted, error);
  if (error) return not_found(wanted.string() + ": " + error.message());
  const auto [end, unused] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (end != root.end()) {
    return invalid(wanted.string() + " is a link out of " + root.string() +
                   "; copy the file there");
  }
  return real;
}

bool is_lookup_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

// Reads <lib_root>/lookup/<name>.csv or .json.
Result<std::shared_ptr<const script::LookupTable>> read_lookup(const fs::path& lib_root,
                                                               const std::string& name) {
  const std::string call = "sluice.lookup(\"" + shorten(name, 60) + "\"): ";
  if (!is_lookup_name(name)) {
    return invalid(call + "a table has a name of letters, digits, '_' and '-', without a suffix");
  }
  if (lib_root.empty()) return not_found(call + "this script has no folder for tables");
  const auto csv = find_below(lib_root, fs::path("lookup") / (name + ".csv"));
  const auto json = find_below(lib_root, fs::path("lookup") / (name + ".json"));
  if (csv && json) {
    return invalid(call + "there is both " + name + ".csv and " + name + ".json; remove one");
  }
  for (const auto* const file : {&csv, &json}) {
    if (!*file && file->status().code() != Code::kNotFound) {
      return Status(file->status().code(), call + file->status().message());
    }
  }
  if (!csv && !json) {
    return not_found(call + "neither lookup/" + name + ".csv nor lookup/" + name + ".json is in " +
                     lib_root.string());
  }
  return script::LookupTable::load(csv ? *csv : *json, "lookup/" + name + (csv ? ".csv" : ".json"));
}

}  // namespace

namespace script {

Result<std::string> read_library(const fs::path& lib_root, std::string_view name) {
  if (!is_library_name(name)) {
    return invalid("require: expected a name like \"lib.money\", found \"" + shorten(name, 60) +
                   "\"; only the folder lib beside the script can be required");
  }
  if (lib_root.empty()) {
    return not_found("require \"" + std::string(name) + "\": this script has no library folder");
  }
  const auto file = find_below(lib_root, fs::path("lib") / (std::string(name.substr(4)) + ".lua"));
  if (!file) return Status(file.status().code(), "require: " + file.status().message());
  return read_file(*file, kMaxScript);
}

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
  const auto look = [&](std::string_view name, std::string* error) {
    return load_lookup(lib_root, name, error);
  };
  auto state = make_state(*this, read, nullptr, look);
  if (!state) return std::move(state).status();
  hash_ = compute_hash();
  return Status::ok();
}

const LookupTable* ScriptSource::lookup(std::string_view name) const {
  const auto found = lookups_.find(name);
  return found == lookups_.end() ? nullptr : found->second.get();
}

const LookupTable* ScriptSource::load_lookup(const std::filesystem::path& lib_root,
                                             std::string_view name, std::string* error) {
  if (const LookupTable* const known = lookup(name)) return known;
  auto table = read_lookup(lib_root, std::string(name));
  if (!table) {
    *error = table.status().message();
    return nullptr;
  }
  uint64_t bytes = (*table)->bytes();
  for (const auto& [other, loaded] : lookups_) bytes += loaded->bytes();
  if (bytes > kMaxLookups) {
    *error = "sluice.lookup(\"" + std::string(name) + "\"): all tables of a script together are " +
             "larger than " + format_size(kMaxLookups);
    return nullptr;
  }
  return lookups_.emplace(std::string(name), std::move(*table)).first->second.get();
}

std::string ScriptSource::compute_hash() const {
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
  for (const auto& [name, table] : lookups_) {
    add("lookup/" + name);
    add(table->hash());
  }
  return to_hex(hash.finish());
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
