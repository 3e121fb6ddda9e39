// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/options.h"

#include "tests/unit/config/fixture.h"

namespace sluice {
namespace {

class Options : public ConfigTest {
 protected:
  std::string json(const std::string& yaml) const {
    const auto config = load(sink("config: { v: " + yaml + " }"));
    if (!config) return config.status().message();
    const std::string& text = config->pipelines[0].sinks[0].config_json;
    return text.substr(5, text.size() - 6);
  }
};

TEST_F(Options, PlainScalarsFollowTheCoreSchema) {
  const std::pair<const char*, const char*> cases[] = {
      {"true", "true"},
      {"False", "false"},
      {"null", "null"},
      {"~", "null"},
      {"on", "\"on\""},
      {"yes", "\"yes\""},
      {"off", "\"off\""},
      {"12", "12"},
      {"-0", "0"},
      {"+7", "7"},
      {"007", "7"},
      {"0x1F", "31"},
      {"0o17", "15"},
      {"1.50", "1.50"},
      {".5", "0.5"},
      {"5.", "5"},
      {"-1e3", "-1e3"},
      {"1e999", "\"1e999\""},
      {".inf", "\".inf\""},
      {"1.2.3", "\"1.2.3\""},
      {"1_000", "\"1_000\""},
      {"'12'", "\"12\""},
      {"\"true\"", "\"true\""},
      {"a b", "\"a b\""},
      {"12345678901234567890123", "12345678901234567890123"},
      {"2024-01-01", "\"2024-01-01\""},
      {"1e", "\"1e\""},
      {"0x", "\"0x\""},
      {"''", "\"\""}};
  for (const auto& [yaml, expected] : cases) EXPECT_EQ(json(yaml), expected) << yaml;
}

TEST_F(Options, StructureAndOrderAreKept) {
  EXPECT_EQ(json("{ z: [1, { b: null }], a: \"q\\\"\\n\" }"),
            R"({"z":[1,{"b":null}],"a":"q\"\n"})");
}

TEST_F(Options, DotSlashIsRelativeToTheFile) {
  EXPECT_EQ(json("./a/../b.db"), config::cat({"\"", (folder_ / "b.db").string(), "\""}));
  EXPECT_EQ(json("[\"../x/*.jsonl\"]"),
            config::cat({"[\"", (folder_.parent_path() / "x/*.jsonl").string(), "\"]"}));
  EXPECT_EQ(json("a/b"), "\"a/b\"");
  EXPECT_EQ(json(".hidden"), "\".hidden\"");
}

TEST_F(Options, PlacesLeadBackToTheFile) {
  const auto config = load(
      "pipelines:\n  p:\n    sources:\n      in:\n        use: file\n        config:\n"
      "          paths:\n            - ./a\n            - ./b\n          a/b~c: 1\n"
      "    sinks: { out: { use: drop } }\n");
  ASSERT_TRUE(config) << config.status().message();
  const SourceConfig& in = config->pipelines[0].sources[0];
  EXPECT_EQ(in.place.line, 4);
  EXPECT_EQ(in.place_of("").line, 6);
  EXPECT_EQ(in.place_of("/paths").line, 7);
  EXPECT_EQ(in.place_of("/paths/1").line, 9);
  EXPECT_EQ(in.place_of("/paths/7/deep").line, 7);
  EXPECT_EQ(in.place_of("/a~1b~0c").line, 10);
  EXPECT_EQ(in.place_of("/nope").line, 6);
  EXPECT_EQ(in.place_of("/paths").text(), file().string() + ":7");
  EXPECT_EQ(config->pipelines[0].sinks[0].place_of("/x").line, 11);
}

TEST_F(Options, MustBeAMap) {
  EXPECT_EQ(error(sink("config: [1]")),
            "sluice.yaml:6:9: pipelines.p.sinks.out.config: expected a map of the component's "
            "options, found a list");
}

TEST_F(Options, PlaceholdersTakeTheTypeTheSchemaAsksFor) {
  env_.set("PORT", "5432");
  env_.set("CODE", "007");
  env_.set("FLAG", "true");
  env_.set("WORD", "many");
  const auto config =
      load(sink("config: { port: \"${PORT}\", code: \"${CODE}\", flag: \"${FLAG}\", "
                "bad: \"${WORD}\", part: \"${PORT}0\", open: \"${PORT}\", "
                "list: [\"${PORT}\"], quoted: \"5\" }") +
           "  q:\n    sources: { s: { use: file } }\n    sinks:\n      t:\n"
           "        use: drop\n        config:\n          code: ${CODE}\n");
  ASSERT_TRUE(config) << config.status().message();
  constexpr std::string_view kSchema = R"({"type":"object","properties":{
    "port":{"type":"integer"},"code":{"type":"string"},"flag":{"type":["boolean","null"]},
    "bad":{"type":"integer"},"part":{"type":"integer"},"quoted":{"type":"integer"},"open":{},
    "list":{"type":"array","items":{"type":"number"}}}})";
  const SinkConfig& out = config->pipelines[0].sinks[0];
  const auto typed = type_placeholders(out.config_json, out.options, kSchema);
  ASSERT_TRUE(typed) << typed.status().message();
  EXPECT_EQ(*typed, R"({"port":5432,"code":"007","flag":true,"bad":"many","part":"54320",)"
                    R"("open":"5432","list":[5432],"quoted":"5"})");
  // Typed by content when not quoted, and back to its text where the schema wants text.
  const SinkConfig& t = config->pipelines[1].sinks[0];
  EXPECT_EQ(t.config_json, R"({"code":7})");
  EXPECT_EQ(*type_placeholders(t.config_json, t.options, kSchema), R"({"code":"007"})");
  EXPECT_FALSE(type_placeholders(t.config_json, t.options, "{"));
}

TEST_F(Options, SecretNamesAreRecognised) {
  for (const char* secret : {"password", "DB_PASSWORD", "api_key", "secret", "client_secret",
                             "token", "dsn", "PG_DSN", "access_key"}) {
    EXPECT_TRUE(config::is_secret_name(secret)) << secret;
  }
  for (const char* open : {"key", "table", "path", "keys", "revision"}) {
    EXPECT_FALSE(config::is_secret_name(open)) << open;
  }
  EXPECT_EQ(config::mask_url("postgres://u:p@w@h/db?a=b@c"), "postgres://u:********@h/db?a=b@c");
  EXPECT_EQ(config::mask_url("http://host:80/a@b"), "http://host:80/a@b");
  EXPECT_EQ(config::mask_url("u:p@h"), "u:p@h");
}

}  // namespace
}  // namespace sluice
