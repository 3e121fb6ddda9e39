// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "runtime/script/lookup_table.h"
#include "runtime/script/script.h"
#include "runtime/script/state.h"

namespace sluice::script {

// The one implementation of Script: the texts, as they were when it was loaded.
class ScriptSource final : public Script {
 public:
  ScriptSource(std::string name, std::string text, const ScriptLimits& limits)
      : name_(std::move(name)), text_(std::move(text)), limits_(limits) {}

  [[nodiscard]] const std::string& hash() const override { return hash_; }
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const ScriptLimits& limits() const { return limits_; }
  // The texts of the libraries that were required while loading, by name ("lib.money").
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& libraries() const {
    return libraries_;
  }
  // One of them, or null.
  [[nodiscard]] const std::string* library(std::string_view name) const;

  // A table that was asked for while loading, or null.
  [[nodiscard]] const LookupTable* lookup(std::string_view name) const;

  // Runs the script once, reading the libraries it requires and the tables it looks up from below
  // lib_root.
  Status load(const std::filesystem::path& lib_root);

 private:
  std::string name_;
  std::string text_;
  ScriptLimits limits_;
  const LookupTable* load_lookup(const std::filesystem::path& lib_root, std::string_view name,
                                 std::string* error);
  std::string compute_hash() const;

  std::map<std::string, std::string, std::less<>> libraries_;
  std::map<std::string, std::shared_ptr<const LookupTable>, std::less<>> lookups_;
  std::string hash_;
};

// The text of `require "lib.x"`, or null and the reason; the text lives as long as the state.
using LibraryReader = std::function<const std::string*(std::string_view name, std::string* error)>;
// The same of a table of `sluice.lookup`.
using LookupReader = std::function<const LookupTable*(std::string_view name, std::string* error)>;

// The text of <lib_root>/lib/x.lua for the name "lib.x". Errors: another name, a missing file, a
// link out of lib_root.
Result<std::string> read_library(const std::filesystem::path& lib_root, std::string_view name);

// A Lua state with its caps, after `prepare` has run in it under protection on the light userdata
// `argument`; prepare leaves one value, at stack index 1. Without `lookup` there are no tables.
Result<std::unique_ptr<State>> open_state(const ScriptLimits& limits, std::string name,
                                          LibraryReader library, lua_CFunction prepare,
                                          void* argument, Observer* observer = nullptr,
                                          LookupReader lookup = {});

// A Lua state in which the script has run and is sealed, with its function at stack index 1. The
// source outlives it. Without `lookup` the tables are those that the source has loaded.
Result<std::unique_ptr<State>> make_state(const ScriptSource& source, LibraryReader library,
                                          Observer* observer = nullptr, LookupReader lookup = {});

// Bytes of an error's text that are kept: a script may raise one of megabytes.
inline constexpr size_t kLongestError = 4096;

// The text of the error object at the top of the stack, or of the cap that was hit.
std::string error_text(State& state, int status);

}  // namespace sluice::script
