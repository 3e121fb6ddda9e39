// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/fixture.h"

namespace sluice {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class Placeholder : public ConfigTest {
 protected:
  // What `config: { v: ... }` of the sink becomes.
  std::string option(const std::string& yaml) const {
    const auto config = load(sink("config: { v: " + yaml + " }"));
    return config ? config->pipelines[0].sinks[0].config_json : config.status().message();
  }
};

TEST_F(Placeholder, VariableIsReplacedAndTypedByTheKey) {
  env_.set("BURST", "2.5");
  env_.set("N", "17");
  const auto config =
      load(sink("batch: { records: \"${N}\" }") +
           "    flow: { burst_multiplier: \"${BURST:-1}\", rate: \"${R:-5}0/s\" }\n");
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_DOUBLE_EQ(config->pipelines[0].flow.burst_multiplier, 2.5);
  EXPECT_DOUBLE_EQ(config->pipelines[0].flow.rate.value_or(0), 50);
  EXPECT_EQ(config->pipelines[0].sinks[0].batch.records, 17U);
}

TEST_F(Placeholder, DefaultStandsInForUnsetAndEmpty) {
  env_.set("EMPTY", "");
  EXPECT_EQ(option(R"("a${NONE:-b}c${EMPTY:-d}${EMPTY}e${NONE:-}")"), R"({"v":"abcde"})");
}

TEST_F(Placeholder, UndefinedVariableNamesItselfAndTheCure) {
  EXPECT_EQ(error(pipeline("    tenant: ${TENANT}\n")),
            "sluice.yaml:5:13: pipelines.p.tenant: the environment variable TENANT is not set; set "
            "it, or write ${TENANT:-default}");
}

TEST_F(Placeholder, UndefinedVariableHidesNoOtherProblem) {
  EXPECT_EQ(error(pipeline("    tenant: ${TENANT}\n    sourcez: 1\n")),
            "sluice.yaml:5:13: pipelines.p.tenant: the environment variable TENANT is not set; set "
            "it, or write ${TENANT:-default}\n"
            "sluice.yaml:6:5: pipelines.p: unknown key \"sourcez\"; did you mean \"sources\"?");
}

TEST_F(Placeholder, ReplacementIsNeverScannedAgain) {
  env_.set("A", "${B} $${C}");
  env_.set("B", "no");
  EXPECT_EQ(option(R"("${A}")"), R"({"v":"${B} $${C}"})");
}

TEST_F(Placeholder, ReplacementBringsNoStructure) {
  env_.set("A", "x, admin: true }\ninjected: 1");
  EXPECT_EQ(option(R"("${A}")"), R"({"v":"x, admin: true }\ninjected: 1"})");
}

TEST_F(Placeholder, DoubledDollarIsALiteral) {
  env_.set("A", "1");
  EXPECT_EQ(option(R"("$${A} ${A} $5 $$ $")"), R"({"v":"${A} 1 $5 $$ $"})");
}

TEST_F(Placeholder, KeysAreNotExpanded) {
  env_.set("A", "x");
  EXPECT_EQ(option(R"({ "${A}": 1 })"), R"({"v":{"${A}":1}})");
}

TEST_F(Placeholder, FileLosesOneFinalNewline) {
  const auto secret = write("secret", "s3cret\n\n");
  EXPECT_EQ(option("\"${file:" + secret.string() + "}\""), R"({"v":"s3cret\n"})");
  EXPECT_EQ(option(R"("${file:secret}!")"), R"({"v":"s3cret\n!"})");
}

TEST_F(Placeholder, MissingFileIsNamed) {
  EXPECT_EQ(
      error(pipeline("    tenant: ${file:/nowhere/pw}\n")),
      "sluice.yaml:5:13: pipelines.p.tenant: ${file:} /nowhere/pw: No such file or directory; "
      "create the file or correct the path");
}

TEST_F(Placeholder, LargeAndBinaryFilesAreRefused) {
  write("large", std::string(70'000, 'x'));
  EXPECT_THAT(error(pipeline("    tenant: ${file:large}\n")), HasSubstr("larger than 64KiB"));
  write("binary", std::string("\xFF\x00", 2));
  EXPECT_THAT(error(pipeline("    tenant: ${file:binary}\n")), HasSubstr("not UTF-8 text"));
  EXPECT_THAT(error(pipeline("    tenant: ${file:.}\n")), HasSubstr("not a regular file"));
}

TEST_F(Placeholder, BadFormsAreExplained) {
  EXPECT_EQ(error(pipeline("    tenant: ${1A}\n")),
            "sluice.yaml:5:13: pipelines.p.tenant: \"${1A}\" is not a placeholder; expected "
            "${NAME}, ${NAME:-default} or ${file:/path} (write $${ for a literal ${)");
  EXPECT_EQ(error(pipeline("    tenant: ${A\n")),
            "sluice.yaml:5:13: pipelines.p.tenant: \"${A\" has no closing }; write ${NAME}, or $${ "
            "for a literal ${");
  EXPECT_THAT(error(pipeline("    tenant: ${}\n")), HasSubstr("is not a placeholder"));
  EXPECT_THAT(error(pipeline("    tenant: ${file:}\n")), HasSubstr("is not a placeholder"));
}

TEST_F(Placeholder, UnquotedInFlowStyleIsExplained) {
  EXPECT_THAT(error("pipelines: { p: ${A} }\n"), HasSubstr("sluice.yaml:1"));
}

TEST_F(Placeholder, ValueThatIsNotUtf8IsRefused) {
  env_.set("A", "\xC3\x28");
  EXPECT_THAT(error(pipeline("    tenant: ${A}\n")),
              HasSubstr("environment variable A is not valid UTF-8"));
}

TEST_F(Placeholder, BadValueNamesThePlaceholderNotTheSecret) {
  env_.set("W", "many");
  EXPECT_EQ(error("runtime: { workers: \"${W}\" }\n" + pipeline("")),
            "sluice.yaml:1:21: runtime.workers: expected a whole number or auto, found \"many\" "
            "from \"${W}\"");
  write("pw", "hunter2");
  EXPECT_EQ(error("runtime: { workers: \"${file:pw}\" }\n" + pipeline("")),
            "sluice.yaml:1:21: runtime.workers: expected a whole number or auto, found the content "
            "of \"${file:pw}\"");
}

TEST_F(Placeholder, ListMayComeFromOneVariable) {
  env_.set("RETRY_DELAYS", "300, 600,5m");
  env_.set("MAX_RETRIES", "4");
  const auto config =
      load(sink("retry: { delays: \"${RETRY_DELAYS}\", max_retries: \"${MAX_RETRIES}\" }") +
           "    sensitive: ${NONE:-/a,/b/c}\n");
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_THAT(config->pipelines[0].sinks[0].retry.delays,
              ElementsAre(seconds(300), seconds(600), seconds(300)));
  EXPECT_EQ(config->pipelines[0].sinks[0].retry.max_attempts, 5);
  EXPECT_THAT(config->pipelines[0].sensitive, ElementsAre("/a", "/b/c"));
}

TEST_F(Placeholder, ConfigDirIsTheFolderOfTheFile) {
  EXPECT_EQ(option(R"("sqlite:${CONFIG_DIR}/x.db")"),
            R"({"v":"sqlite:)" + folder_.string() + R"(/x.db"})");
}

TEST_F(Placeholder, FloodOfTextIsRefused) {
  env_.set("BIG", std::string(100'000, 'x'));
  std::string list = "[";
  for (int i = 0; i < 50; ++i) list += R"("${BIG}${BIG}${BIG}${BIG}",)";
  EXPECT_THAT(error(sink("config: { v: " + list + "] }")),
              HasSubstr("placeholders bring in more than 16MiB of text"));
}

}  // namespace
}  // namespace sluice
