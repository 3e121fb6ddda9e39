// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace sluice::conform {

// What a shared library's file says of itself, beyond what loading needs.
struct ElfView {
  std::vector<std::string> exported;   // defined, global or weak, visible names
  std::vector<std::string> run_paths;  // entries of RPATH and RUNPATH
  bool executable_stack = false;
};

// The bytes are hostile: every offset is checked.
Result<ElfView> view_elf(const std::string& file_bytes);

}  // namespace sluice::conform
