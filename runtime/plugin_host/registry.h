// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/plugin_host/instance.h"

namespace sluice {

enum class ComponentKind : int32_t { kSource = SLUICE_KIND_SOURCE, kSink = SLUICE_KIND_SINK };

// Finds components by id in the configured folders and loads their files on first use. File names:
// a component `x` is looked for in `source-x.so` (or `sink-x.so`) and `x.so`, in the order of the
// folders; after that in every other file of the folders. Loading is serialised; thread-safe.
class PluginRegistry {
 public:
  // Folders that do not exist are skipped when `optional`, else kNotFound; unreadable ones are
  // kUnavailable.
  struct Dir {
    std::filesystem::path path;
    bool optional = false;
  };
  static Result<std::unique_ptr<PluginRegistry>> create(std::vector<Dir> dirs);
  ~PluginRegistry();

  // kNotFound lists what is there ("did you mean"); a file that was found and refused is named with
  // cause and cure.
  Result<ComponentRef> find(ComponentKind kind, std::string_view id);
  // For tests: an entry linked into the program; skips the file checks, keeps the rest.
  Status register_static(const sluice_plugin_entry* entry);

 private:
  struct Impl;
  explicit PluginRegistry(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
