// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "runtime/base/status.h"

namespace sluice {

// The plain integers at the start of a plugin's entry, as they lie in the file.
struct PluginFileEntry {
  uint64_t magic = 0;
  uint32_t struct_size = 0;
  uint16_t abi_major = 0;
  uint16_t abi_minor = 0;
  uint16_t min_host_minor = 0;

  bool operator==(const PluginFileEntry&) const = default;
};

// Reads the entry symbol out of the bytes of a shared library, without loading it: class, machine,
// type, exported symbols, then the entry's first fields. The bytes are hostile: every offset is
// checked. Errors say what was found and what to do; the caller adds the file's name.
Result<PluginFileEntry> read_plugin_entry(std::span<const unsigned char> file);

// Whether this host can load it: magic, size, major, minor. Separate from reading, because the same
// questions are asked again of the loaded image.
Status judge_plugin_entry(const PluginFileEntry& entry);

}  // namespace sluice
