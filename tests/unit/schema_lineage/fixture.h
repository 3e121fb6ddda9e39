// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/schema/lineage/lineage.h"

namespace sluice {

// A folder with schema/orders and transformers/orders in it.
class LineageTest : public ::testing::Test {
 protected:
  LineageTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-lineage-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directories(folder_ / "schema/orders");
    std::filesystem::create_directories(folder_ / "transformers/orders");
  }
  ~LineageTest() override {
    std::error_code ignored;  // a folder left behind in /tmp fails no test
    std::filesystem::remove_all(folder_, ignored);
  }

  void schema(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / "schema/orders" / name) << text;
  }
  void lift_file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / "transformers/orders" / name) << text;
  }
  // Versions `from` to `to` which want {"v": N}, each lifted by one.
  void versions(uint32_t from, uint32_t to) const {
    for (uint32_t i = from; i <= to; ++i) {
      const std::string n = std::to_string(i);
      schema(n + ".schema.json", R"({"required":["v"],"properties":{"v":{"const":)" + n + "}}}");
      if (i == to) break;
      lift_file(
          n + "_to_" + std::to_string(i + 1) + ".lua",
          "function transform(r, meta)\n  r.v = " + std::to_string(i + 1) + "\n  return r\nend\n");
    }
  }
  Result<std::shared_ptr<const Lineage>> load() const {
    return Lineage::load({folder_ / "schema/orders", folder_ / "transformers/orders", {}});
  }
  std::string error() const {
    auto lineage = load();
    return lineage ? std::string() : lineage.status().message();
  }

  std::filesystem::path folder_;
};

}  // namespace sluice
