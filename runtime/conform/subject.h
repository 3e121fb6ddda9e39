// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/conform/child_runner.h"
#include "runtime/conform/fixture.h"

namespace sluice::conform {

// What one check works on: a component of a plugin file, its fixture and a fresh folder. Lives in
// the process of the check.
class Subject {
 public:
  // `component_index` counts in the entry's list; the file is absolute; `dir` exists and is empty.
  Subject(std::filesystem::path file, uint32_t component_index, const Fixture& fixture,
          std::filesystem::path dir, ChildEnv& env)
      : file_(std::move(file)),
        component_index_(component_index),
        fixture_(fixture),
        dir_(std::move(dir)),
        env_(env) {}

  // dlopen, once; the error holds the loader's text.
  Result<const sluice_plugin_entry*> load();
  // After load().
  [[nodiscard]] const sluice_component& component() const;
  [[nodiscard]] bool is_source() const { return component().kind == SLUICE_KIND_SOURCE; }

  // The n-th valid configuration with its own folder, completed with the schema's defaults as the
  // runtime does. Each `place` is a folder with the fixture's files; equal places share it.
  Result<std::string> config(size_t n = 0, const std::string& place = "a");
  [[nodiscard]] size_t config_count() const;
  // Any configuration text in that place; defaults are filled in when the schema accepts it.
  Result<std::string> prepare(const std::string& json, const std::string& place = "a");
  // As given, with only ${DIR} replaced.
  Result<std::string> expand(const std::string& json, const std::string& place = "a");
  // Why `open` fails is the fixture's business when there is one, else a reason to skip.
  [[nodiscard]] Status cannot_open(const std::string& why) const;

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] const Fixture& fixture() const { return fixture_; }
  ChildEnv& env() { return env_; }

 private:
  Result<std::filesystem::path> place(const std::string& name);

  std::filesystem::path file_;
  uint32_t component_index_;
  const Fixture& fixture_;
  std::filesystem::path dir_;
  ChildEnv& env_;
  const sluice_plugin_entry* entry_ = nullptr;
};

}  // namespace sluice::conform
