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

  // With the tests of the script: a change of them is news, though no part of what is run.
  static BundleFiles of(const PipelineConfig& config);
  // The files there are, each once.
  [[nodiscard]] std::vector<std::filesystem::path> present() const;
  // hex SHA-256 over names and content of everything there; missing files count as missing. Reads
  // the files: two equal answers before and after a load mean that it saw one state of them.
  [[nodiscard]] std::string fingerprint() const;
};

}  // namespace sluice
