// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "tests/unit/config/fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;

class Message : public ConfigTest {};

TEST_F(Message, UnknownKeySuggestsTheNearest) {
  EXPECT_EQ(error(sink("        retries: 3")),
            "sluice.yaml:6:9: pipelines.p.sinks.out: unknown key \"retries\"; did you mean "
            "\"retry\"?");
}

TEST_F(Message, UnknownKeyWithoutANeighbourListsWhatThereIs) {
  EXPECT_EQ(error("zzzzzz: 1\n" + pipeline("")),
            "sluice.yaml:1:1: unknown key \"zzzzzz\"; expected one of runtime, pipelines");
}

TEST_F(Message, WrongTypesSayWhatWasExpectedAndFound) {
  const auto of = [this](const std::string& yaml) { return error(pipeline("    " + yaml + "\n")); };
  EXPECT_EQ(of("limits: { depth: deep }"),
            "sluice.yaml:5:22: pipelines.p.limits.depth: expected a whole number, found \"deep\"");
  EXPECT_EQ(of("limits: { depth: \"5\" }"),
            "sluice.yaml:5:22: pipelines.p.limits.depth: expected a whole number, found the text "
            "\"5\"");
  EXPECT_EQ(of("limits: { depth: -1 }"),
            "sluice.yaml:5:22: pipelines.p.limits.depth: expected a whole number, found \"-1\"");
  EXPECT_EQ(of("limits: { depth: 0 }"),
            "sluice.yaml:5:22: pipelines.p.limits.depth: expected between 1 and 10000, found "
            "\"0\"");
  EXPECT_EQ(of("limits: { record_bytes: 5X }"),
            "sluice.yaml:5:29: pipelines.p.limits.record_bytes: expected a size such as 512KiB, "
            "64MiB or 2GiB, found \"5X\"");
  EXPECT_EQ(of("limits: { record_bytes: 2TiB }"),
            "sluice.yaml:5:29: pipelines.p.limits.record_bytes: expected between 1 and 1GiB, found "
            "\"2TiB\"");
  EXPECT_EQ(of("script_limits: { cpu: 5 }"),
            "sluice.yaml:5:27: pipelines.p.script_limits.cpu: expected a duration such as 200ms, "
            "30s, 5m, 2h or 7d, found \"5\"");
  EXPECT_EQ(of("script_limits: { cpu: 2d }"),
            "sluice.yaml:5:27: pipelines.p.script_limits.cpu: expected between 1ms and 1h, found "
            "\"2d\"");
  EXPECT_EQ(of("flow: { rate: fast }"),
            "sluice.yaml:5:19: pipelines.p.flow.rate: expected a rate such as 50000/s or 100/m, "
            "found \"fast\"");
  EXPECT_EQ(of("flow: { burst_multiplier: inf }"),
            "sluice.yaml:5:31: pipelines.p.flow.burst_multiplier: expected a number, found "
            "\"inf\"");
  EXPECT_EQ(of("flow: 5"),
            "sluice.yaml:5:11: pipelines.p.flow: expected a map of keys, found "
            "\"5\"");
  EXPECT_EQ(of("sensitive: /a"),
            "sluice.yaml:5:16: pipelines.p.sensitive: expected a list of JSON Pointers such as "
            "[/id, /customer/email], found \"/a\"");
  EXPECT_EQ(of("sensitive: [a.b, /x~2]"),
            "sluice.yaml:5:17: pipelines.p.sensitive: expected a JSON Pointer such as "
            "/customer/email (it begins with /, and writes ~ as ~0 and / as ~1), found \"a.b\"\n"
            "sluice.yaml:5:22: pipelines.p.sensitive: expected a JSON Pointer such as "
            "/customer/email (it begins with /, and writes ~ as ~0 and / as ~1), found \"/x~2\"");
  EXPECT_EQ(of("tenant: [a]"),
            "sluice.yaml:5:13: pipelines.p.tenant: expected a name of letters, digits, '.', '_' "
            "and '-', at most 64 long, found a list");
  EXPECT_EQ(of("tenant:"),
            "sluice.yaml:5:5: pipelines.p.tenant: expected a name of letters, digits, '.', '_' "
            "and '-', at most 64 long, found nothing");
}

TEST_F(Message, ChoicesAreListedAndSuggested) {
  EXPECT_EQ(error(sink("order: lanes")),
            "sluice.yaml:6:8: pipelines.p.sinks.out.order: expected lane or none, found \"lanes\"; "
            "did you mean \"lane\"?");
  EXPECT_EQ(error("runtime: { log: { level: loud } }\n" + pipeline("")),
            "sluice.yaml:1:26: runtime.log.level: expected debug, info, warn or error, found "
            "\"loud\"");
}

TEST_F(Message, BooleansAreTrueOrFalseOnly) {
  EXPECT_EQ(error(sink("required: yes")),
            "sluice.yaml:6:11: pipelines.p.sinks.out.required: expected true or false, found "
            "\"yes\"");
}

TEST_F(Message, AddressesAreChecked) {
  for (const char* bad : {"8080", "host", "host:70000", ":8080", "a:b:c", "::1:80", "x y:80"}) {
    EXPECT_THAT(
        error("runtime: { admin: { listen: \"" + std::string(bad) + "\" } }\n" + pipeline("")),
        HasSubstr("runtime.admin.listen: expected host:port such as 127.0.0.1:8080, or "
                  "off, found"))
        << bad;
  }
}

TEST_F(Message, WhatIsNotBuiltIsRefusedNotIgnored) {
  EXPECT_EQ(error("runtime: { env_dir: x }\n" + pipeline("")),
            "sluice.yaml:1:12: runtime.env_dir: a watched folder of variables is not available in "
            "this version; remove the key");
  for (const char* key :
       {"telemetry: { sink: a }", "admin: { tokens: [] }", "admin: { metrics_listen: \"x:1\" }"}) {
    EXPECT_THAT(error("runtime: { " + std::string(key) + " }\n" + pipeline("")),
                HasSubstr("not available in this version; remove the key"))
        << key;
  }
  for (const char* key : {"replay: { approval_above: 1M }", "brownout: { rate: 0.1 }"}) {
    EXPECT_THAT(error(pipeline("    " + std::string(key) + "\n")),
                HasSubstr("not available in this version; remove the key"))
        << key;
  }
}

TEST_F(Message, ASpoolIsForASinkThatHolds) {
  EXPECT_EQ(error(sink("spool: 2GiB")), "");
  EXPECT_EQ(error(sink("spool: { size: 2GiB, drain_rate: 5000/s }")), "");
  EXPECT_EQ(error(sink("spool: 0, on_unavailable: dead_letter")), "");
  EXPECT_THAT(error(sink("spool: 2GiB, on_unavailable: dead_letter")),
              HasSubstr("\"on_unavailable: dead_letter\" does not go with \"spool\""));
  EXPECT_THAT(error(sink("spool: { size: 1MiB }, required: false")),
              HasSubstr("\"required: false\" does not go with \"spool\""));
  EXPECT_EQ(error(sink("writers: 4")), "");
  EXPECT_THAT(error(sink("writers: 65")), HasSubstr("expected between 1 and 64, found \"65\""));
  EXPECT_EQ(error(sink("spool: 2GiB, writers: 4")), "");
  EXPECT_THAT(error(sink("spool: 2 big ones")), HasSubstr("expected a size"));
}

TEST_F(Message, AnIdempotencyKeyHasFourForms) {
  EXPECT_EQ(error(pipeline("    idempotency: { key: orgin }\n")),
            "sluice.yaml:5:25: pipelines.p.idempotency.key: expected origin, raw, off, a list of "
            "JSON Pointers such as [/id, /revision], or {header: NAME}, found \"orgin\"; did you "
            "mean \"origin\"?");
  EXPECT_THAT(error(pipeline("    idempotency: { key: [id] }\n")),
              HasSubstr("pipelines.p.idempotency.key: expected a JSON Pointer"));
  EXPECT_THAT(error(pipeline("    idempotency: { key: [] }\n")),
              HasSubstr("expected between 1 and 32 items, found 0"));
  EXPECT_THAT(error(pipeline("    idempotency: { key: { headr: h } }\n")),
              HasSubstr("expected {header: NAME}, found another map"));
  EXPECT_THAT(error(pipeline("    idempotency: { on_unavailable: drop }\n")),
              HasSubstr("expected hold or admit"));
}

TEST_F(Message, ASchemaIsAFileOrALineageWithItsVersion) {
  EXPECT_EQ(
      error(pipeline("    schema: {}\n")),
      "sluice.yaml:5:13: pipelines.p.schema: the key \"file\" is missing; expected the path of "
      "a file, or \"lineage\" with a folder of numbered versions");
  EXPECT_EQ(error(pipeline("    schema: { lineage: s }\n")),
            "sluice.yaml:5:24: pipelines.p.schema: the key \"version\" is missing; say where a "
            "record names its version, such as version: { pointer: /schema_version }");
  EXPECT_EQ(error(pipeline("    schema: { lineage: s, version: { try: newest, header: h } }\n")),
            "sluice.yaml:5:43: pipelines.p.schema.version: \"try\" does not go with \"header\"; a "
            "version is found in one way, keep one of them");
  EXPECT_EQ(error(pipeline("    schema: { lineage: s, version: { try: oldest } }\n")),
            "sluice.yaml:5:43: pipelines.p.schema.version.try: expected newest, found \"oldest\"");
  EXPECT_EQ(error(pipeline("    schema: { lineage: s, version: v }\n")),
            "sluice.yaml:5:36: pipelines.p.schema.version: expected a JSON Pointer such as "
            "/customer/email (it begins with /, and writes ~ as ~0 and / as ~1), found \"v\"");
}

TEST_F(Message, RetryFormsDoNotMix) {
  EXPECT_EQ(error(sink("retry: { delays: [1s], base: 2s }")),
            "sluice.yaml:6:24: pipelines.p.sinks.out.retry: \"base\" does not go with \"delays\"; "
            "keep one form (\"delays\" with \"max_retries\", or \"max_attempts\", \"base\" and "
            "\"cap\")");
  EXPECT_EQ(error(sink("retry: { max_retries: 2 }")),
            "sluice.yaml:6:10: pipelines.p.sinks.out.retry: \"max_retries\" goes with \"delays\"; "
            "add them, or use \"max_attempts\"");
  EXPECT_EQ(error(sink("retry: { base: 2m }")),
            "sluice.yaml:6:16: pipelines.p.sinks.out.retry: \"base\" is longer than \"cap\"; make "
            "the cap at least as long");
  EXPECT_THAT(error(sink("retry: { delays: [] }")), HasSubstr("expected between 1 and 100 items"));
}

TEST_F(Message, PipelineNeedsSourcesAndSinks) {
  EXPECT_EQ(
      error("pipelines: { p: { tenant: a } }\n"),
      "sluice.yaml:1:17: pipelines.p: the key \"sources\" is missing; expected a map from "
      "names to values\n"
      "sluice.yaml:1:17: pipelines.p: the key \"sinks\" is missing; expected a map from names "
      "to values");
  EXPECT_EQ(error("pipelines: { p: { sources: {}, sinks: { o: { use: drop } } } }\n"),
            "sluice.yaml:1:28: pipelines.p.sources: expected between 1 and 1000 entries, found 0");
  EXPECT_EQ(error("pipelines: {}\n"),
            "sluice.yaml:1:12: pipelines: expected between 1 and 1000 entries, found 0");
  EXPECT_EQ(error("runtime: {}\n"),
            "sluice.yaml:1:1: the key \"pipelines\" is missing; expected a map from names to "
            "values");
  EXPECT_EQ(error(pipeline("") + "  q:\n    sources: { x: }\n    sinks: { y: {} }\n"),
            "sluice.yaml:6:16: pipelines.q.sources.x: the key \"use\" is missing; expected a name "
            "of letters, digits, '.', '_' and '-', at most 64 long\n"
            "sluice.yaml:7:17: pipelines.q.sinks.y: the key \"use\" is missing; expected a name of "
            "letters, digits, '.', '_' and '-', at most 64 long");
}

TEST_F(Message, EmptyFileSaysWhatIsExpected) {
  EXPECT_EQ(error(""), "sluice.yaml:1: the file is empty; expected the key \"pipelines\"");
  EXPECT_EQ(error("# nothing\n"),
            "sluice.yaml:1: the file is empty; expected the key \"pipelines\"");
  EXPECT_EQ(error("[1]\n"),
            "sluice.yaml:1:1: expected a map with the key \"pipelines\", found a "
            "list");
}

TEST_F(Message, InstanceNamesAreUniqueInTheProcess) {
  EXPECT_EQ(
      error(pipeline("  q:\n    sources: { out: { use: file } }\n    sinks: { in: { use: drop "
                     "} }\n")),
      "sluice.yaml:6:16: pipelines.q.sources: the name \"out\" is taken by "
      "pipelines.p.sinks in line 4; instance names are unique in the process, choose "
      "another\n"
      "sluice.yaml:7:14: pipelines.q.sinks: the name \"in\" is taken by pipelines.p.sources "
      "in line 3; instance names are unique in the process, choose another");
}

TEST_F(Message, InstanceNamesAreRestricted) {
  for (const std::string& bad : {std::string("Upper"), std::string("_x"), std::string("a.b"),
                                 std::string("\"\""), std::string(65, 'a')}) {
    EXPECT_THAT(error("pipelines: { p: { sources: { " + bad +
                      ": { use: file } }, sinks: { o: { use: drop } } } }\n"),
                HasSubstr("is not a name; expected small letters"))
        << bad;
  }
}

TEST_F(Message, FilesMustExistAndBeReadable) {
  EXPECT_EQ(error(pipeline("    schema: no.json\n")),
            "sluice.yaml:5:13: pipelines.p.schema: cannot read no.json: No such file or directory; "
            "correct the path or create the file");
  EXPECT_THAT(error(pipeline("    transform: .\n")), HasSubstr("not a regular file"));
  EXPECT_THAT(error(pipeline("    output_schema: \"\"\n")),
              HasSubstr("expected the path of a file"));
  EXPECT_THAT(error(pipeline("    schema: {}\n")), HasSubstr("the key \"file\" is missing"));
  if (geteuid() != 0) {  // root reads everything
    chmod(write("locked.lua", "").c_str(), 0);
    EXPECT_THAT(error(pipeline("    transform: locked.lua\n")), HasSubstr("Permission denied"));
  }
}

TEST_F(Message, MissingConfigurationSaysHowToNameOne) {
  const auto result = load_config("/nowhere/sluice.yaml", env_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.status().code(), Code::kNotFound);
  EXPECT_EQ(result.status().message(),
            "/nowhere/sluice.yaml: No such file or directory; name the configuration with -c FILE");
  const auto folder = load_config(folder_, env_);
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.status().message(), HasSubstr("not a regular file"));
}

TEST_F(Message, AllProblemsAreReportedInTheOrderOfTheFileUpToTwenty) {
  std::string many = "bogus: 1\n" + pipeline("");
  for (int i = 0; i < 30; ++i) many += "    unknown" + std::to_string(i) + ": 1\n";
  const std::string text = error(many);
  EXPECT_THAT(text, HasSubstr("sluice.yaml:1:1: unknown key \"bogus\""));
  EXPECT_THAT(text, HasSubstr("unknown18"));
  EXPECT_THAT(text, Not(HasSubstr("unknown19")));
  EXPECT_THAT(text, HasSubstr("sluice.yaml: and 11 more problems"));
}

TEST_F(Message, ControlCharactersCannotForgeALine) {
  const std::string text = error("\"a\\nsluice.yaml:1: fine\\e[2J\": 1\n" + pipeline(""));
  EXPECT_THAT(text, HasSubstr("\"a\\x0asluice.yaml:1: fine\\x1b[2J\""));
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace sluice
