// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "runtime/config/load.h"

namespace sluice {

// A folder of its own with a sluice.yaml in it, and an environment that starts empty.
class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-config-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~ConfigTest() override {
    std::error_code ignored;  // a folder left behind in /tmp fails no test
    std::filesystem::remove_all(folder_, ignored);
  }

  std::filesystem::path file() const { return folder_ / "sluice.yaml"; }

  std::filesystem::path write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }

  Result<Config> load(std::string_view yaml) const {
    write("sluice.yaml", yaml);
    LoadOptions options;
    options.executable_dir = "/opt/sluice/bin";
    return load_config(file(), env_, options);
  }

  // The error of loading, the folder cut off in front of each line. Empty: it loaded.
  std::string error(std::string_view yaml) const {
    const auto result = load(yaml);
    if (result) return {};
    std::string text = result.status().message();
    const std::string prefix = folder_.string() + "/";
    for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  // A whole file around the keys of the pipeline `p`; `extra` begins in line 5, two levels deep.
  static std::string pipeline(const std::string& extra) {
    return "pipelines:\n  p:\n    sources: { in: { use: file } }\n    sinks: { out: { use: drop } "
           "}\n" +
           extra;
  }
  // The same around the keys of its sink; `extra` begins in line 6.
  static std::string sink(const std::string& extra) {
    return "pipelines:\n  p:\n    sources: { in: { use: file } }\n    sinks:\n      out: { use: "
           "drop,\n" +
           extra + " }\n";
  }

  std::filesystem::path folder_;
  Environment env_;
};

}  // namespace sluice
