// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "runtime/plugin_host/instance.h"

namespace sluice {

namespace fs = std::filesystem;

inline std::string read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path << " cannot be read";
  return {std::istreambuf_iterator<char>(in), {}};
}

inline fs::path sample_path(const std::string& name) {
  return fs::path(SLUICE_SAMPLES) / (name + ".so");
}

// A plugin folder of its own for each test, under the sticky /tmp.
class PluginFolder : public testing::Test {
 protected:
  PluginFolder() {
    std::string name = "/tmp/sluice_plugins_XXXXXX";
    root_ = fs::canonical(::mkdtemp(name.data()));
    dir_ = root_ / "plugins";
    fs::create_directory(dir_);
    ::chmod(dir_.c_str(), 0755);
  }
  ~PluginFolder() override { fs::remove_all(root_); }

  [[nodiscard]] const fs::path& dir() const { return dir_; }
  [[nodiscard]] const fs::path& root() const { return root_; }

  fs::path put(const std::string& name, const std::string& bytes) {
    const fs::path path = dir_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    ::chmod(path.c_str(), 0755);
    return path;
  }
  fs::path put_sample(const std::string& sample, const std::string& name = "") {
    return put(name.empty() ? sample + ".so" : name, read_bytes(sample_path(sample)));
  }

 private:
  fs::path root_;
  fs::path dir_;
};

// The pipeline's side, remembered.
class FakeServices : public HostServices {
 public:
  sluice_rc lane_open(std::string_view name, uint32_t* id, uint64_t* resume) override {
    lanes.emplace_back(name);
    *id = 7;
    *resume = 0;
    return SLUICE_IDLE;
  }
  sluice_rc lane_done(uint32_t) override { return SLUICE_OK; }
  sluice_rc cursor_get(sluice_str* out) override {
    *out = {cursor.data(), cursor.size()};
    return SLUICE_OK;
  }
  sluice_rc cursor_set(std::string_view blob) override {
    cursor = blob;
    return SLUICE_OK;
  }
  sluice_rc lanes_assigned(std::span<const uint32_t>) override { return SLUICE_OK; }
  sluice_rc lanes_revoked(std::span<const uint32_t>, uint32_t, sluice_mark*,
                          uint32_t* n_marks) override {
    *n_marks = 0;
    return SLUICE_OK;
  }
  sluice_rc lanes_lost(std::span<const uint32_t>) override { return SLUICE_OK; }
  sluice_rc columns_declare(std::span<const sluice_column* const> columns) override {
    declared = columns.size();
    return SLUICE_OK;
  }
  sluice_rc columns_cells(const sluice_batch& batch, const sluice_cell** out) override {
    cells.assign(batch.count * declared, sluice_cell{});
    *out = cells.data();
    return SLUICE_OK;
  }
  void metric(uint32_t index, double value) override { metrics.emplace_back(index, value); }

  std::vector<std::string> lanes;
  std::string cursor;
  size_t declared = 0;
  std::vector<sluice_cell> cells;
  std::vector<std::pair<uint32_t, double>> metrics;
};

// A batch for a sink, one record a value.
class TestBatch {
 public:
  explicit TestBatch(std::vector<std::string> values)
      : values_(std::move(values)), records_(values_.size()) {
    for (size_t i = 0; i < values_.size(); ++i) {
      records_[i].value = {values_[i].data(), values_[i].size()};
      records_[i].position = i + 1;
    }
    batch_.struct_size = sizeof(batch_);
    batch_.stride = sizeof(sluice_record);
    batch_.count = static_cast<uint32_t>(records_.size());
    batch_.records = records_.data();
    batch_.origin = "test";
  }
  [[nodiscard]] const sluice_batch& batch() const { return batch_; }

 private:
  std::vector<std::string> values_;
  std::vector<sluice_record> records_;
  sluice_batch batch_{};
};

}  // namespace sluice
