// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/config/config.h"

namespace sluice {

// Where the files of a bundle lie: what is watched, and what is compared before and after loading.
struct BundleFiles {
  struct Folder {
    std::filesystem::path path;
    std::string suffix;  // of the files in it that may matter
  };
  std::vector<std::filesystem::path> files;
  std::vector<Folder> folders;

  static BundleFiles of(const PipelineConfig& config);
  // hex SHA-256 over names and content of everything there; missing files count as missing. Reads
  // the files: two equal answers before and after a load mean that it saw one state of them.
  [[nodiscard]] std::string fingerprint() const;
};

}  // namespace sluice
