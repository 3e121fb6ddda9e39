// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/config_command.h"

#include <CLI/CLI.hpp>

#include "tests/unit/config/fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;

class ConfigCommand : public ConfigTest {
 protected:
  // Exit code of `sluice config <words>`; output in out_ and err_.
  int run(std::vector<std::string> words) {
    CLI::App app("sluice");
    int code = -1;
    add_config_commands(app, &code);
    words.insert(words.begin(), "config");
    std::reverse(words.begin(), words.end());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    try {
      app.parse(words);
    } catch (const CLI::ParseError& error) {
      code = app.exit(error) == 0 ? 0 : 2;
    }
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return code;
  }

  std::string out_;
  std::string err_;
};

TEST_F(ConfigCommand, SchemaPrintsJson) {
  EXPECT_EQ(run({"schema"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"$schema\": \"http://json-schema.org/draft-07/schema#\""));
  EXPECT_EQ(err_, "");
}

TEST_F(ConfigCommand, ShowPrintsYamlOrJson) {
  write("sluice.yaml", pipeline(""));
  EXPECT_EQ(run({"show", "-c", file().string()}), 0);
  EXPECT_THAT(out_, HasSubstr("pipelines:\n  p:\n    tenant: \"default\"\n"));
  EXPECT_EQ(run({"show", "--json", "-c", file().string()}), 0);
  EXPECT_THAT(out_, testing::StartsWith("{\"runtime\":{"));
}

TEST_F(ConfigCommand, BadConfigurationIsExitCodeTwo) {
  write("sluice.yaml", "x: 1\n");
  EXPECT_EQ(run({"show", "-c", file().string()}), 2);
  EXPECT_THAT(err_, HasSubstr("unknown key \"x\""));
  EXPECT_EQ(out_, "");
  EXPECT_EQ(run({"env", "-c", "/nowhere.yaml"}), 2);
  EXPECT_THAT(err_, HasSubstr("/nowhere.yaml: No such file or directory"));
}

TEST_F(ConfigCommand, EnvListsVariablesInThreeForms) {
  write("sluice.yaml", pipeline("    tenant: ${SLUICE_TEST_TENANT:-acme}\n"));
  EXPECT_EQ(run({"env", "-c", file().string()}), 0);
  EXPECT_THAT(out_, HasSubstr("SLUICE_TEST_TENANT  acme     -        "));
  EXPECT_EQ(run({"env", "--format", "env", "-c", file().string()}), 0);
  EXPECT_THAT(out_, HasSubstr("\nSLUICE_TEST_TENANT='acme'\n"));
  EXPECT_EQ(run({"env", "--json", "-c", file().string()}), 0);
  EXPECT_THAT(out_, HasSubstr("{\"name\":\"SLUICE_TEST_TENANT\",\"default\":\"acme\""));
  EXPECT_EQ(run({"env", "--format", "xml", "-c", file().string()}), 2);
}

TEST_F(ConfigCommand, HelpHasAnExample) {
  for (const char* name : {"schema", "show", "env"}) {
    EXPECT_EQ(run({name, "--help"}), 0);
    EXPECT_THAT(out_, HasSubstr("Example:")) << name;
  }
}

}  // namespace
}  // namespace sluice
