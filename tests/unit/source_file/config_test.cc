// SPDX-License-Identifier: Apache-2.0
//
// What is refused, when, and in which words.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "tests/unit/source_file/file_fixture.h"

namespace sluice::file {
namespace {

TEST_F(FileSourceTest, CreateRefusesWhatCannotBeMeant) {
  const std::pair<std::string, std::string> cases[] = {
      {"{}", "/paths"},
      {R"({"paths":[]})", "/paths"},
      {R"({"paths":[""]})", "/paths/0"},
      {R"({"paths":[1]})", "/paths/0"},
      {R"({"paths":["a"],"format":"csv"})", "/format: expected jsonl, found csv"},
      {R"({"paths":["a"],"compression":"lz4"})", "/compression"},
      {R"({"paths":["a"],"follow":"yes"})", "/follow"},
      {R"({"paths":["a"],"max_record":"big"})", "/max_record"},
      {R"({"paths":["a"],"max_record":0})", "/max_record"},
      {R"({"paths":["a"],"max_expansion":0})", "/max_expansion"},
      {R"({"paths":["a"],"interval":"0s"})", "/interval"},
      {R"({"paths":["a"],"pahts":1})", "/pahts: unknown option"},
      {R"([])", "object"},
      {"not json", "JSON"},
  };
  for (const auto& [configuration, words] : cases) {
    const SourceRun source(sluice_plugin_v1, configuration);
    EXPECT_EQ(source.created(), SLUICE_E_CONFIG) << configuration;
    EXPECT_EQ(source.source(), nullptr);
    EXPECT_NE(source.error().find(words), std::string::npos) << source.error();
  }
}

TEST_F(FileSourceTest, OpenNamesAFileThatDoesNotExist) {
  SourceRun source(sluice_plugin_v1, config({"missing.jsonl"}));
  ASSERT_EQ(source.created(), SLUICE_OK);
  EXPECT_EQ(source.open(), SLUICE_E_CONFIG);
  EXPECT_NE(source.error().find(path("missing.jsonl") + ": no such file"), std::string::npos)
      << source.error();
}

TEST_F(FileSourceTest, OpenSaysHowToReadAFolder) {
  SourceRun source(sluice_plugin_v1, config({""}));
  EXPECT_EQ(source.open(), SLUICE_E_CONFIG);
  EXPECT_NE(source.error().find("is a directory; name the files in it"), std::string::npos)
      << source.error();
}

TEST_F(FileSourceTest, OpenRefusesAPipeWithoutWaitingForIt) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  SourceRun source(sluice_plugin_v1, config({"pipe"}));
  EXPECT_EQ(source.open(), SLUICE_E_CONFIG);
  EXPECT_NE(source.error().find("not a regular file"), std::string::npos) << source.error();
}

// Root may read everything, so under root the test acts as nobody for a while.
class ActAsNobody {
 public:
  ActAsNobody() : root_(::geteuid() == 0) {
    if (root_ && ::seteuid(65534) != 0) throw std::runtime_error("seteuid");
  }
  ~ActAsNobody() {
    if (root_ && ::seteuid(0) != 0) std::abort();
  }
  ActAsNobody(const ActAsNobody&) = delete;
  ActAsNobody& operator=(const ActAsNobody&) = delete;

 private:
  bool root_;
};

TEST_F(FileSourceTest, OpenNamesAFileItMayNotRead) {
  write("a.jsonl", "1\n");
  ASSERT_EQ(::chmod(dir_.c_str(), 0755), 0);
  ASSERT_EQ(::chmod(path("a.jsonl").c_str(), 0), 0);
  const ActAsNobody nobody;
  SourceRun source(sluice_plugin_v1, config({"*.jsonl"}));
  EXPECT_EQ(source.open(), SLUICE_E_CONFIG);
  EXPECT_NE(source.error().find("a.jsonl: cannot open it: Permission denied"), std::string::npos)
      << source.error();
}

TEST_F(FileSourceTest, AGlobThatMatchesNothingEndsWithAWarning) {
  SourceRun source(sluice_plugin_v1, config({"*.jsonl"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  EXPECT_EQ(source.poll(&got), SLUICE_END);
  EXPECT_TRUE(source.host().logged(SLUICE_LOG_WARN, "*.jsonl: matches no file"));
}

TEST_F(FileSourceTest, DestroyIsLegalAfterAFailedOpen) {
  SourceRun source(sluice_plugin_v1, config({"missing"}));
  EXPECT_EQ(source.open(), SLUICE_E_CONFIG);
  EXPECT_EQ(source.close(), SLUICE_OK);
}

}  // namespace
}  // namespace sluice::file
