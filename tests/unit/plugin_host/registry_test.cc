// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/registry.h"

#include <gmock/gmock.h>

#include "runtime/plugin_host/library.h"
#include "tests/unit/plugin_host/fixture.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Registry : public PluginFolder {
 protected:
  std::unique_ptr<PluginRegistry> open() {
    auto registry = PluginRegistry::create({{dir()}});
    EXPECT_TRUE(registry) << registry.status().message();
    return std::move(*registry);
  }
};

TEST_F(Registry, FindsByFileNameOfKindAndId) {
  put_sample("good", "sink-sample.so");
  auto registry = open();
  const auto found = registry->find(ComponentKind::kSink, "sample");
  ASSERT_TRUE(found) << found.status().message();
  EXPECT_EQ(found->component->kind, SLUICE_KIND_SINK);
  EXPECT_EQ(found->library->name(), (dir() / "sink-sample.so").string());
  const auto again = registry->find(ComponentKind::kSink, "sample");
  EXPECT_EQ(again->component, found->component);
}

TEST_F(Registry, FindsInFilesOfOtherNamesAfterAProbe) {
  put_sample("good", "bundle.so");
  put_sample("crashes", "aaa.so");  // looked at first, in a child
  const auto found = open()->find(ComponentKind::kSource, "sample");
  ASSERT_TRUE(found) << found.status().message();
  EXPECT_EQ(found->library->name(), (dir() / "bundle.so").string());
}

TEST_F(Registry, MissingComponentListsWhatIsThere) {
  put_sample("good", "bundle.so");
  put("broken.so", "words");
  const auto found = open()->find(ComponentKind::kSink, "sampel");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.status().code(), Code::kNotFound);
  EXPECT_THAT(found.status().message(),
              AllOf(HasSubstr("no sink \"sampel\" in " + dir().string()),
                    HasSubstr("did you mean \"sample\"?"),
                    HasSubstr("there are: sink sample, source sample"),
                    HasSubstr("refused: " + (dir() / "broken.so").string())));
}

TEST_F(Registry, RefusedFileOfThatNameIsTheAnswer) {
  put("sink-sample.so", "words");
  put_sample("good", "bundle.so");
  const auto found = open()->find(ComponentKind::kSink, "sample");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.status().message(),
              HasSubstr((dir() / "sink-sample.so").string() + ": not a shared library"));
}

TEST_F(Registry, IdNeverBecomesAPath) {
  const auto found = open()->find(ComponentKind::kSink, "../../etc/x");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.status().code(), Code::kNotFound);
}

TEST_F(Registry, FoldersAreExaminedAtOnce) {
  const auto missing = PluginRegistry::create({{root() / "none"}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
  EXPECT_THAT(missing.status().message(),
              AllOf(HasSubstr((root() / "none").string()), HasSubstr("runtime.plugin_dirs")));
  EXPECT_TRUE(PluginRegistry::create({{root() / "none", true}}));
  const fs::path file = put("file", "x");
  const auto no_folder = PluginRegistry::create({{file, true}});
  ASSERT_FALSE(no_folder);
  EXPECT_EQ(no_folder.status().code(), Code::kUnavailable);
}

TEST_F(Registry, StaticEntryKeepsTheChecksOfItsDescription) {
  put_sample("good", "sample.so");
  const auto loaded = open()->find(ComponentKind::kSink, "sample");
  ASSERT_TRUE(loaded) << loaded.status().message();
  auto registry = PluginRegistry::create({});
  const sluice_plugin_entry& entry = loaded->library->entry();
  EXPECT_TRUE((*registry)->register_static(&entry));
  EXPECT_EQ((*registry)->register_static(&entry).code(), Code::kExists);
  EXPECT_TRUE((*registry)->find(ComponentKind::kSource, "sample"));
  sluice_plugin_entry bad = entry;
  bad.name = nullptr;
  EXPECT_THAT((*registry)->register_static(&bad).message(), HasSubstr("name is NULL"));
}

}  // namespace
}  // namespace sluice
