// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <filesystem>
#include <memory>
#include <string>

#include "runtime/base/status.h"
#include "runtime/plugin_host/file_check.h"

namespace sluice {

// A plugin in this process. Once loaded it stays until the process ends: what it handed out may
// live anywhere. Immutable, thread-safe.
class PluginLibrary {
 public:
  // Steps 3 to 7: reads the entry from the file's bytes, loads the file, reads the entry again from
  // memory, checks all descriptors. A file already loaded is given back as it is; if it has changed
  // since, that is an error. One load at a time in the process. Errors name the file.
  static Result<std::shared_ptr<const PluginLibrary>> load(CheckedFile file);
  // An entry linked into this program; only its descriptors are checked.
  static Result<std::shared_ptr<const PluginLibrary>> wrap(const sluice_plugin_entry* entry);

  // fork(2) at a moment when no thread of this process is loading a plugin, so that the child can.
  // The child's loads are not logged: the log may have been in use.
  static int fork_for_probe();

  ~PluginLibrary();
  PluginLibrary(const PluginLibrary&) = delete;
  PluginLibrary& operator=(const PluginLibrary&) = delete;

  [[nodiscard]] const sluice_plugin_entry& entry() const { return *entry_; }
  // Path of the file, or "static plugin <name>".
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& sha256() const { return sha256_; }
  // nullptr: it has none of that kind and id.
  [[nodiscard]] const sluice_component* find(int32_t kind, std::string_view id) const;

 private:
  struct Handle;
  PluginLibrary();
  std::unique_ptr<Handle> handle_;
  const sluice_plugin_entry* entry_ = nullptr;
  std::string name_;
  std::string sha256_;
};

}  // namespace sluice
