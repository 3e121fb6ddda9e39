// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/output.h"

#include <rapidjson/document.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

#include "runtime/config/options.h"
#include "tests/unit/config/fixture.h"

// valijson's headers do not pass our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <valijson/adapters/rapidjson_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#pragma GCC diagnostic pop

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A file in the form that an editor's YAML plugin sees it: plain scalars typed.
std::string as_json(const YAML::Node& node) {
  std::string out;
  if (node.IsMap()) {
    for (const auto& member : node) {
      out += (out.empty() ? "" : ",") + std::string("\"") + member.first.Scalar() +
             "\":" + as_json(member.second);
    }
    return "{" + out + "}";
  }
  if (node.IsSequence()) {
    for (const auto& item : node) out += (out.empty() ? "" : ",") + as_json(item);
    return "[" + out + "]";
  }
  if (node.IsNull()) return "null";
  if (node.Tag() == "!") return "\"" + node.Scalar() + "\"";
  return config::core_scalar_json(node.Scalar());
}

class Schema : public ConfigTest {
 protected:
  // Empty: valid; else the errors.
  static std::string check(const std::string& schema_text, const std::string& json) {
    rapidjson::Document schema_json;
    schema_json.Parse(schema_text.c_str());
    if (schema_json.HasParseError()) return "the schema is not JSON: " + schema_text;
    rapidjson::Document document;
    document.Parse(json.c_str());
    if (document.HasParseError()) return "not JSON: " + json;
    valijson::Schema schema;
    valijson::SchemaParser parser;
    const valijson::adapters::RapidJsonAdapter schema_adapter(schema_json);
    parser.populateSchema(schema_adapter, schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::RapidJsonAdapter adapter(document);
    if (validator.validate(schema, adapter, &results)) return {};
    std::string out;
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
      for (const std::string& part : error.context) out += part;
      out += ": " + error.description + "\n";
    }
    return out;
  }
  static std::string check_yaml(const std::string& yaml) {
    return check(config_json_schema(), as_json(YAML::Load(yaml)));
  }
};

// The configuration of the design, without what is not built yet.
constexpr const char* kDesign = R"(
runtime:
  plugin_dirs: [/usr/lib/sluice/plugins, /plugins]
  state: { dir: ./state }
  admin: { listen: 127.0.0.1:8080 }
  workers: auto
pipelines:
  orders:
    tenant: acme-corp
    sources:
      s3-main:   { use: s3,    config: { bucket: in, prefix: orders/ }, priority: low }
      kafka-main: { use: kafka, config: { topics: [orders], brokers: "${KAFKA_BOOTSTRAP_SERVERS}" } }
    schema: schema/orders.schema.json
    transform: transformers/orders.lua
    output_schema: schema/orders_out.schema.json
    sensitive: [/customer/email]
    flow: { rate: 50000/s, burst_multiplier: "${BURST_MULTIPLIER:-1}", max_in_flight: 64MiB }
    dead_letters: { keep: 30d, show: [/event_id, /event_type] }
    sinks:
      pg:     { use: postgres, config: { table: orders, key: [/order_id], revision: /revision },
                retry: { max_attempts: 5, base: 200ms, cap: 30s },
                on_unavailable: hold }
      search: { use: typesense, config: { collection: orders, id: /order_id },
                batch: { records: 5000, bytes: 8MiB, linger: 20ms }, writers: 1, order: lane,
                timeout: 60s, older: duplicate, on_equal: skip,
                retry: { delays: [5m, 10m, 20m, 40m], max_retries: 4 } }
)";

TEST_F(Schema, AcceptsTheConfigurationOfTheDesignAndSoDoesTheLoader) {
  EXPECT_EQ(check_yaml(kDesign), "");
  for (const char* file :
       {"schema/orders.schema.json", "schema/orders_out.schema.json", "transformers/orders.lua"}) {
    write(file, "");
  }
  env_.set("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092");
  EXPECT_EQ(error(kDesign), "");
}

TEST_F(Schema, IsDraft07) {
  rapidjson::Document schema;
  schema.Parse(config_json_schema().c_str());
  ASSERT_FALSE(schema.HasParseError());
  EXPECT_STREQ(schema["$schema"].GetString(), "http://json-schema.org/draft-07/schema#");
  const auto& workers = schema["properties"]["runtime"]["properties"]["workers"];
  EXPECT_STREQ(workers["default"].GetString(), "auto");
  EXPECT_GT(workers["description"].GetStringLength(), 10U);
}

TEST_F(Schema, RefusesWhatTheLoaderRefuses) {
  const std::string p = "    ";
  for (const std::string& bad :
       {"zzz: 1\n" + pipeline(""), pipeline(p + "tenent: x\n"), pipeline(p + "flow: 5\n"),
        pipeline(p + "limits: { depth: deep }\n"), pipeline(p + "limits: { depth: 0 }\n"),
        pipeline(p + "flow: { rate: fast }\n"), pipeline(p + "script_limits: { cpu: 5 }\n"),
        pipeline(p + "sensitive: [a.b]\n"), sink("order: lanes"), sink("required: yes"),
        sink("spool: 2 big ones"), sink("writers: 65"), sink("retry: { delays: [] }"),
        std::string("runtime: {}\n"), std::string("pipelines: {}\n"),
        std::string("pipelines: { p: { sources: { in: {} }, sinks: { o: { use: x } } } }\n"),
        std::string(
            "pipelines: { P: { sources: { in: { use: x } }, sinks: { o: { use: x } } } }")}) {
    EXPECT_NE(check_yaml(bad), "") << bad;
    EXPECT_NE(error(bad), "") << bad;
  }
}

TEST_F(Schema, PlaceholdersMayStandAnywhere) {
  EXPECT_EQ(
      check_yaml(sink("required: \"${A}\", timeout: \"${B:-5s}\", retry: { delays: \"${C}\" }, "
                      "batch: { records: \"${D}\", bytes: \"${E}\" }")),
      "");
}

TEST_F(Schema, OptionsOfComponentsAreMerged) {
  const std::vector<ComponentSchema> components = {
      {true, "file", R"({"type":"object","properties":{"paths":{"type":"array"}}})"},
      {false, "drop", R"({"type":"object","additionalProperties":false})"}};
  const std::string schema = config_json_schema(components);
  const auto of = [&](const std::string& yaml) { return check(schema, as_json(YAML::Load(yaml))); };
  EXPECT_EQ(of(pipeline("")), "");
  EXPECT_EQ(of(sink("config: {}")), "");
  EXPECT_NE(of(sink("config: { x: 1 }")), "");
}

TEST_F(ConfigTest, ShowsTheEffectiveConfigurationWithSecretsMasked) {
  write("pw", "hunter2\n");
  env_.set("WHERE", "http://u:hunter2@db/");
  const std::string yaml =
      "runtime: { workers: \"${W:-2}\" }\n" +
      sink(
          "config: { password: \"${file:pw}\", note: \"is ${file:pw}\", api_key: hunter2, url: "
          "\"${WHERE}\", list: [1, on], token: { deep: hunter2 }, lit: \"$${X}\" },\n"
          "retry: { delays: [1m] }") +
      "    flow: { rate: 90/m }\n";
  write("sluice.yaml", yaml);
  LoadOptions options;
  options.executable_dir = "/opt/bin";
  const auto shown = show_config(file(), env_, ShowFormat::kYaml, options);
  ASSERT_TRUE(shown) << shown.status().message();
  EXPECT_THAT(*shown, Not(HasSubstr("hunter2")));
  EXPECT_THAT(
      *shown,
      AllOf(HasSubstr("  workers: 2\n"), HasSubstr("    listen: \"127.0.0.1:8080\"\n"),
            HasSubstr("  plugin_dirs: [\"/opt/lib/sluice/plugins\", \"/plugins\"]\n"),
            HasSubstr("\"password\":\"********\",\"note\":\"********\",\"api_key\":\"********\","
                      "\"url\":\"http://u:********@db/\",\"list\":[1,\"on\"],"
                      "\"token\":{\"deep\":\"********\"},\"lit\":\"$${X}\""),
            HasSubstr("          delays: [\"1m\"]\n"), HasSubstr("      rate: \"1.5/s\"\n"),
            HasSubstr("          bytes: \"8MiB\"\n"), HasSubstr("        required: true\n")));
  // What is shown is a configuration again, and shows the same.
  write("sluice.yaml", *shown);
  const auto again = show_config(file(), Environment(), ShowFormat::kYaml, options);
  ASSERT_TRUE(again) << again.status().message();
  EXPECT_EQ(*again, *shown);

  const auto json = show_config(file(), env_, ShowFormat::kJson, options);
  ASSERT_TRUE(json) << json.status().message();
  rapidjson::Document document;
  document.Parse(json->c_str());
  ASSERT_FALSE(document.HasParseError()) << *json;
  EXPECT_EQ(document["runtime"]["workers"].GetInt(), 2);
  EXPECT_EQ(json->find('\n'), std::string::npos);
}

TEST_F(ConfigTest, AnIdempotencyKeyIsReadAndShownInAllItsForms) {
  using Key = IdempotencyConfig::Key;
  const auto loaded = [this](const std::string& idempotency) {
    const auto config = load(pipeline("    idempotency: " + idempotency + "\n"));
    EXPECT_TRUE(config) << config.status().message();
    // What is shown loads again, and to the same.
    const auto shown = show_config(file(), env_, ShowFormat::kYaml);
    EXPECT_TRUE(shown) << shown.status().message();
    const auto again = load(*shown);
    EXPECT_TRUE(again) << again.status().message();
    const IdempotencyConfig first = config->pipelines[0].idempotency;
    const IdempotencyConfig second = again->pipelines[0].idempotency;
    EXPECT_EQ(first.key, second.key);
    EXPECT_EQ(first.pointers, second.pointers);
    EXPECT_EQ(first.header, second.header);
    EXPECT_EQ(first.ttl, second.ttl);
    return first;
  };
  EXPECT_EQ(loaded("{ key: origin }").key, Key::kOrigin);
  EXPECT_EQ(loaded("{ key: off }").key, Key::kOff);
  const auto raw = loaded("{ key: raw, ttl: 2d, on_unavailable: admit }");
  EXPECT_EQ(raw.key, Key::kRaw);
  EXPECT_EQ(raw.ttl, Millis(2 * 86'400'000));
  EXPECT_TRUE(raw.admit_when_away);
  const auto pointers = loaded("{ key: [/order_id, /a~1b] }");
  EXPECT_EQ(pointers.key, Key::kPointers);
  EXPECT_THAT(pointers.pointers, testing::ElementsAre("/order_id", "/a~1b"));
  EXPECT_FALSE(pointers.admit_when_away);
  const auto header = loaded("{ key: { header: \"event id: x\" } }");
  EXPECT_EQ(header.key, Key::kHeader);
  EXPECT_EQ(header.header, "event id: x");
}

TEST_F(ConfigTest, SecretInATypedKeyIsMaskedToo) {
  write("tenant", "acme\n");
  write("sluice.yaml", pipeline("    tenant: ${file:tenant}\n"));
  const auto shown = show_config(file(), env_, ShowFormat::kYaml);
  ASSERT_TRUE(shown) << shown.status().message();
  EXPECT_THAT(*shown, AllOf(Not(HasSubstr("acme")), HasSubstr("tenant: \"********\"")));
}

TEST_F(ConfigTest, ListsEveryVariableOfTheFileAndTheRuntime) {
  env_.set("PG_PASSWORD", "hunter2");
  env_.set("HIDDEN", "hunter2");
  env_.set("RATE", "5/s");
  env_.set("SLUICE_ADMIN_TOKEN", "hunter2");
  write("sluice.yaml",
        pipeline("    tenant: ${TENANT}\n    flow: { rate: \"${RATE:-1/s}\" }\n    bogus: ${RATE}\n"
                 "    x: { token: ${HIDDEN}, dsn: \"pg://${PG_PASSWORD}@${HOST:-it's}\" }\n"));
  const auto list = list_variables(file(), env_);
  ASSERT_FALSE(list) << "the unquoted placeholder in braces is not YAML";
  write("sluice.yaml",
        pipeline("    tenant: ${TENANT}\n    flow: { rate: \"${RATE:-1/s}\" }\n    bogus: ${RATE}\n"
                 "    x: { token: \"${HIDDEN}\", note: \"${PG_PASSWORD}@${HOST:-it's}\" }\n"));
  const auto variables = list_variables(file(), env_);
  ASSERT_TRUE(variables) << variables.status().message();
  std::vector<std::string> names;
  for (const ConfigVariable& v : *variables) names.push_back(v.name);
  EXPECT_THAT(names, testing::ElementsAre("TENANT", "RATE", "HIDDEN", "PG_PASSWORD", "HOST",
                                          "SLUICE_CONFIG", "SLUICE_ADMIN_URL", "SLUICE_ADMIN_TOKEN",
                                          "NO_COLOR"));
  EXPECT_TRUE(variables->at(0).required);
  EXPECT_EQ(variables->at(0).used_in, file().string() + ":5");
  EXPECT_EQ(variables->at(1).preset, "1/s");
  EXPECT_EQ(variables->at(1).current, "5/s");
  for (const VariableFormat format :
       {VariableFormat::kTable, VariableFormat::kEnvFile, VariableFormat::kJson}) {
    EXPECT_THAT(format_variables(*variables, format), Not(HasSubstr("hunter2")));
  }
  const std::string env = format_variables(*variables, VariableFormat::kEnvFile);
  EXPECT_THAT(env, AllOf(HasSubstr("\n#TENANT=''\n"), HasSubstr("\nRATE='5/s'\n"),
                         HasSubstr("\n#HIDDEN='********'\n"), HasSubstr("\nHOST='it'\\''s'\n")));
  EXPECT_THAT(format_variables(*variables, VariableFormat::kTable),
              HasSubstr("TENANT              (required)  -         "));
  rapidjson::Document json;
  json.Parse(format_variables(*variables, VariableFormat::kJson).c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_EQ(json.Size(), 9U);
}

TEST(ConfigurationDocs, TablesAreWhatTheTableOfKeysSays) {
  const std::string path = SLUICE_SOURCE_DIR "/docs/configuration.md";
  std::ifstream in(path);
  std::stringstream content;
  content << in.rdbuf();
  std::string text = content.str();
  const size_t mark = text.find("<!-- generated:");
  ASSERT_NE(mark, std::string::npos) << path;
  const size_t start = text.find('\n', mark) + 1;
  const std::string expected = "\n" + config_markdown();
  if (std::getenv("SLUICE_UPDATE_DOCS") != nullptr) {
    std::ofstream(path) << text.substr(0, start) << expected;
    return;
  }
  EXPECT_EQ(text.substr(start), expected)
      << "docs/configuration.md is behind runtime/config/keys*.cc: run this test once with "
         "SLUICE_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace sluice
