// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sluice/plugin.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/plugins_common/fake_source.h"

extern "C" const sluice_plugin_entry sluice_plugin_v1;

namespace sluice::file {

using fakes::FakeHost;
using fakes::Got;
using fakes::SourceRun;
using Values = std::vector<std::string>;

inline Values values(const std::vector<Got>& got) {
  Values out;
  for (const Got& one : got) out.push_back(one.value);
  return out;
}

// A folder of its own for each test, and the words the tests are written in.
class FileSourceTest : public ::testing::Test {
 protected:
  FileSourceTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-file-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    dir_ = name;
  }
  ~FileSourceTest() override { std::filesystem::remove_all(dir_); }

  [[nodiscard]] std::string path(std::string_view name) const {
    return (dir_ / std::string(name)).string();
  }
  void write(std::string_view name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << text;
  }
  void append(std::string_view name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary | std::ios::app) << text;
  }
  void rename(std::string_view from, std::string_view to) const {
    std::filesystem::rename(path(from), path(to));
  }
  void remove(std::string_view name) const { std::filesystem::remove(path(name)); }

  // The configuration for these names in the folder, with more options as JSON text.
  [[nodiscard]] std::string config(std::initializer_list<std::string_view> names,
                                   std::string_view more = "") const {
    std::string list;
    for (const std::string_view name : names) {
      if (!list.empty()) list += ',';
      list.append("\"").append(path(name)).append("\"");
    }
    return "{\"paths\":[" + list + "]" + (more.empty() ? "" : ",") + std::string(more) + "}";
  }
  [[nodiscard]] std::string follow(std::initializer_list<std::string_view> names) const {
    return config(names, R"("follow":true,"interval":"2ms","rescan":"4ms","rotate_wait":"30ms")");
  }

  // A whole run without follow: everything is read and settled, the state is carried on.
  std::vector<Got> run(const std::string& configuration, FakeHost::State* state) const {
    SourceRun source(sluice_plugin_v1, configuration, *state);
    EXPECT_EQ(source.open(), SLUICE_OK) << source.error();
    sluice_rc last = SLUICE_OK;
    std::vector<Got> got = source.drain(&last);
    EXPECT_EQ(last, SLUICE_END) << source.error();
    source.settle(got);
    EXPECT_EQ(source.close(), SLUICE_OK);
    *state = source.state();
    return got;
  }
  std::vector<Got> run(const std::string& configuration) const {
    FakeHost::State state;
    return run(configuration, &state);
  }

  std::filesystem::path dir_;
};

}  // namespace sluice::file
