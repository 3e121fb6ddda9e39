// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/fixture.h"

namespace sluice {
namespace {

// Runs with the test's own folder as the current one.
class FindConfig : public ConfigTest {
 protected:
  FindConfig() : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder_);
  }
  ~FindConfig() override { std::filesystem::current_path(before_); }

 private:
  std::filesystem::path before_;
};

TEST_F(FindConfig, GivenFileWinsOverVariableWinsOverFolder) {
  write("sluice.yaml", "");
  EXPECT_EQ(*find_config_file("", env_), "./sluice.yaml");
  env_.set("SLUICE_CONFIG", "/a/b.yaml");
  EXPECT_EQ(*find_config_file("", env_), "/a/b.yaml");
  EXPECT_EQ(*find_config_file("c.yaml", env_), "c.yaml");
}

TEST_F(FindConfig, NothingFoundNamesAllPlaces) {
  if (std::filesystem::exists("/etc/sluice/sluice.yaml")) GTEST_SKIP() << "this machine has one";
  const auto found = find_config_file("", env_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.status().code(), Code::kNotFound);
  EXPECT_EQ(found.status().message(),
            "no configuration: $SLUICE_CONFIG is not set, and neither ./sluice.yaml nor "
            "/etc/sluice/sluice.yaml exists; name one with -c FILE");
}

TEST_F(FindConfig, PathsAreRelativeToTheFileNotTheCurrentFolder) {
  write("deep/sluice.yaml", pipeline(""));
  const auto config = load_config("deep/sluice.yaml", env_);
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_EQ(config->runtime.state_dir, folder_ / "deep/state");
  EXPECT_EQ(config->pipelines[0].place.text(), "deep/sluice.yaml:2");
}

}  // namespace
}  // namespace sluice
