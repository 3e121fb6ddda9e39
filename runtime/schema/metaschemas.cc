// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "runtime/schema/dialect.h"

// What the published metaschemas demand, so that a schema may refer to them without a network.
namespace sluice::schema {
namespace {

struct Metaschema {
  std::string_view uri;
  std::string_view text;
};

// Drafts 4 to 7 in one piece each.
constexpr std::string_view kDraft4Text = R"({
"id":"http://json-schema.org/draft-04/schema#","$schema":"http://json-schema.org/draft-04/schema#",
"definitions":{"schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},
"positiveInteger":{"type":"integer","minimum":0},
"positiveIntegerDefault0":{"allOf":[{"$ref":"#/definitions/positiveInteger"},{"default":0}]},
"simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
"stringArray":{"type":"array","items":{"type":"string"},"minItems":1,"uniqueItems":true}},
"type":"object","properties":{"id":{"type":"string"},"$schema":{"type":"string"},
"title":{"type":"string"},"description":{"type":"string"},"default":{},
"multipleOf":{"type":"number","minimum":0,"exclusiveMinimum":true},"maximum":{"type":"number"},
"exclusiveMaximum":{"type":"boolean"},"minimum":{"type":"number"},
"exclusiveMinimum":{"type":"boolean"},"maxLength":{"$ref":"#/definitions/positiveInteger"},
"minLength":{"$ref":"#/definitions/positiveIntegerDefault0"},
"pattern":{"type":"string","format":"regex"},
"additionalItems":{"anyOf":[{"type":"boolean"},{"$ref":"#"}]},
"items":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/schemaArray"}]},
"maxItems":{"$ref":"#/definitions/positiveInteger"},
"minItems":{"$ref":"#/definitions/positiveIntegerDefault0"},"uniqueItems":{"type":"boolean"},
"maxProperties":{"$ref":"#/definitions/positiveInteger"},
"minProperties":{"$ref":"#/definitions/positiveIntegerDefault0"},
"required":{"$ref":"#/definitions/stringArray"},
"additionalProperties":{"anyOf":[{"type":"boolean"},{"$ref":"#"}]},
"definitions":{"type":"object","additionalProperties":{"$ref":"#"}},
"properties":{"type":"object","additionalProperties":{"$ref":"#"}},
"patternProperties":{"type":"object","additionalProperties":{"$ref":"#"}},
"dependencies":{"type":"object",
"additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/stringArray"}]}},
"enum":{"type":"array","minItems":1,"uniqueItems":true},
"type":{"anyOf":[{"$ref":"#/definitions/simpleTypes"},{"type":"array",
"items":{"$ref":"#/definitions/simpleTypes"},"minItems":1,"uniqueItems":true}]},
"format":{"type":"string"},"allOf":{"$ref":"#/definitions/schemaArray"},
"anyOf":{"$ref":"#/definitions/schemaArray"},"oneOf":{"$ref":"#/definitions/schemaArray"},
"not":{"$ref":"#"}},"dependencies":{"exclusiveMaximum":["maximum"],"exclusiveMinimum":["minimum"]}})";

constexpr std::string_view kDraft6Text = R"({
"$schema":"http://json-schema.org/draft-06/schema#","$id":"http://json-schema.org/draft-06/schema#",
"definitions":{"schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},
"nonNegativeInteger":{"type":"integer","minimum":0},
"nonNegativeIntegerDefault0":{"allOf":[{"$ref":"#/definitions/nonNegativeInteger"},{"default":0}]},
"simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
"stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true}},
"type":["object","boolean"],"properties":{"$id":{"type":"string","format":"uri-reference"},
"$schema":{"type":"string","format":"uri"},"$ref":{"type":"string","format":"uri-reference"},
"title":{"type":"string"},"description":{"type":"string"},"default":{},
"examples":{"type":"array","items":{}},"multipleOf":{"type":"number","exclusiveMinimum":0},
"maximum":{"type":"number"},"exclusiveMaximum":{"type":"number"},"minimum":{"type":"number"},
"exclusiveMinimum":{"type":"number"},"maxLength":{"$ref":"#/definitions/nonNegativeInteger"},
"minLength":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},
"pattern":{"type":"string","format":"regex"},"additionalItems":{"$ref":"#"},
"items":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/schemaArray"}]},
"maxItems":{"$ref":"#/definitions/nonNegativeInteger"},
"minItems":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},"uniqueItems":{"type":"boolean"},
"contains":{"$ref":"#"},"maxProperties":{"$ref":"#/definitions/nonNegativeInteger"},
"minProperties":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},
"required":{"$ref":"#/definitions/stringArray"},"additionalProperties":{"$ref":"#"},
"definitions":{"type":"object","additionalProperties":{"$ref":"#"}},
"properties":{"type":"object","additionalProperties":{"$ref":"#"}},
"patternProperties":{"type":"object","additionalProperties":{"$ref":"#"}},
"dependencies":{"type":"object",
"additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/stringArray"}]}},
"propertyNames":{"$ref":"#"},"const":{},"enum":{"type":"array"},
"type":{"anyOf":[{"$ref":"#/definitions/simpleTypes"},{"type":"array",
"items":{"$ref":"#/definitions/simpleTypes"},"minItems":1,"uniqueItems":true}]},
"format":{"type":"string"},"allOf":{"$ref":"#/definitions/schemaArray"},
"anyOf":{"$ref":"#/definitions/schemaArray"},"oneOf":{"$ref":"#/definitions/schemaArray"},
"not":{"$ref":"#"}}})";

constexpr std::string_view kDraft7Text = R"({
"$schema":"http://json-schema.org/draft-07/schema#","$id":"http://json-schema.org/draft-07/schema#",
"definitions":{"schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},
"nonNegativeInteger":{"type":"integer","minimum":0},
"nonNegativeIntegerDefault0":{"allOf":[{"$ref":"#/definitions/nonNegativeInteger"},{"default":0}]},
"simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
"stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true}},
"type":["object","boolean"],"properties":{"$id":{"type":"string","format":"uri-reference"},
"$schema":{"type":"string","format":"uri"},"$ref":{"type":"string","format":"uri-reference"},
"$comment":{"type":"string"},"title":{"type":"string"},"description":{"type":"string"},
"default":true,"readOnly":{"type":"boolean"},"writeOnly":{"type":"boolean"},
"examples":{"type":"array","items":true},"multipleOf":{"type":"number","exclusiveMinimum":0},
"maximum":{"type":"number"},"exclusiveMaximum":{"type":"number"},"minimum":{"type":"number"},
"exclusiveMinimum":{"type":"number"},"maxLength":{"$ref":"#/definitions/nonNegativeInteger"},
"minLength":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},
"pattern":{"type":"string","format":"regex"},"additionalItems":{"$ref":"#"},
"items":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/schemaArray"}]},
"maxItems":{"$ref":"#/definitions/nonNegativeInteger"},
"minItems":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},"uniqueItems":{"type":"boolean"},
"contains":{"$ref":"#"},"maxProperties":{"$ref":"#/definitions/nonNegativeInteger"},
"minProperties":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},
"required":{"$ref":"#/definitions/stringArray"},"additionalProperties":{"$ref":"#"},
"definitions":{"type":"object","additionalProperties":{"$ref":"#"}},
"properties":{"type":"object","additionalProperties":{"$ref":"#"}},
"patternProperties":{"type":"object","additionalProperties":{"$ref":"#"},
"propertyNames":{"format":"regex"}},"dependencies":{"type":"object",
"additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/stringArray"}]}},
"propertyNames":{"$ref":"#"},"const":true,"enum":{"type":"array","items":true},
"type":{"anyOf":[{"$ref":"#/definitions/simpleTypes"},{"type":"array",
"items":{"$ref":"#/definitions/simpleTypes"},"minItems":1,"uniqueItems":true}]},
"format":{"type":"string"},"contentMediaType":{"type":"string"},
"contentEncoding":{"type":"string"},"if":{"$ref":"#"},"then":{"$ref":"#"},"else":{"$ref":"#"},
"allOf":{"$ref":"#/definitions/schemaArray"},"anyOf":{"$ref":"#/definitions/schemaArray"},
"oneOf":{"$ref":"#/definitions/schemaArray"},"not":{"$ref":"#"}}})";

// 2019-09, a piece a vocabulary.
#define SLUICE_HEAD_2019(name)                                    \
  R"({"$schema":"https://json-schema.org/draft/2019-09/schema",)" \
  R"("$id":"https://json-schema.org/draft/2019-09/)" name R"(","$recursiveAnchor":true,)"
#define SLUICE_HEAD_2020(name)                                    \
  R"({"$schema":"https://json-schema.org/draft/2020-12/schema",)" \
  R"("$id":"https://json-schema.org/draft/2020-12/)" name R"(","$dynamicAnchor":"meta",)"

constexpr std::string_view kSchema2019 = SLUICE_HEAD_2019("schema") R"(
"$vocabulary":{"https://json-schema.org/draft/2019-09/vocab/core":true,
"https://json-schema.org/draft/2019-09/vocab/applicator":true,
"https://json-schema.org/draft/2019-09/vocab/validation":true,
"https://json-schema.org/draft/2019-09/vocab/meta-data":true,
"https://json-schema.org/draft/2019-09/vocab/format":false,
"https://json-schema.org/draft/2019-09/vocab/content":true},
"allOf":[{"$ref":"meta/core"},{"$ref":"meta/applicator"},{"$ref":"meta/validation"},
{"$ref":"meta/meta-data"},{"$ref":"meta/format"},{"$ref":"meta/content"}],
"type":["object","boolean"],
"properties":{"definitions":{"type":"object","additionalProperties":{"$recursiveRef":"#"}},
"dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$recursiveRef":"#"},
{"$ref":"meta/validation#/$defs/stringArray"}]}}}})";
constexpr std::string_view kCore2019 = SLUICE_HEAD_2019("meta/core") R"(
"type":["object","boolean"],"properties":{
"$id":{"type":"string","format":"uri-reference","pattern":"^[^#]*#?$"},
"$schema":{"type":"string","format":"uri"},
"$anchor":{"type":"string","pattern":"^[A-Za-z][-A-Za-z0-9.:_]*$"},
"$ref":{"type":"string","format":"uri-reference"},
"$recursiveRef":{"type":"string","format":"uri-reference"},"$recursiveAnchor":{"type":"boolean"},
"$vocabulary":{"type":"object","propertyNames":{"type":"string","format":"uri"},
"additionalProperties":{"type":"boolean"}},"$comment":{"type":"string"},
"$defs":{"type":"object","additionalProperties":{"$recursiveRef":"#"}}}})";
constexpr std::string_view kApplicator2019 = SLUICE_HEAD_2019("meta/applicator") R"(
"properties":{"additionalItems":{"$recursiveRef":"#"},"unevaluatedItems":{"$recursiveRef":"#"},
"items":{"anyOf":[{"$recursiveRef":"#"},{"$ref":"#/$defs/schemaArray"}]},
"contains":{"$recursiveRef":"#"},"additionalProperties":{"$recursiveRef":"#"},
"unevaluatedProperties":{"$recursiveRef":"#"},
"properties":{"type":"object","additionalProperties":{"$recursiveRef":"#"}},
"patternProperties":{"type":"object","additionalProperties":{"$recursiveRef":"#"},
"propertyNames":{"format":"regex"}},
"dependentSchemas":{"type":"object","additionalProperties":{"$recursiveRef":"#"}},
"propertyNames":{"$recursiveRef":"#"},"if":{"$recursiveRef":"#"},"then":{"$recursiveRef":"#"},
"else":{"$recursiveRef":"#"},"allOf":{"$ref":"#/$defs/schemaArray"},
"anyOf":{"$ref":"#/$defs/schemaArray"},"oneOf":{"$ref":"#/$defs/schemaArray"},
"not":{"$recursiveRef":"#"}},
"$defs":{"schemaArray":{"type":"array","minItems":1,"items":{"$recursiveRef":"#"}}}})";

// The validation keywords are the same in both.
#define SLUICE_VALIDATION                                                                \
  R"("type":["object","boolean"],"properties":{)"                                        \
  R"("multipleOf":{"type":"number","exclusiveMinimum":0},"maximum":{"type":"number"},)"  \
  R"("exclusiveMaximum":{"type":"number"},"minimum":{"type":"number"},)"                 \
  R"("exclusiveMinimum":{"type":"number"},)"                                             \
  R"("maxLength":{"$ref":"#/$defs/nonNegativeInteger"},)"                                \
  R"("minLength":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},)"                        \
  R"("pattern":{"type":"string","format":"regex"},)"                                     \
  R"("maxItems":{"$ref":"#/$defs/nonNegativeInteger"},)"                                 \
  R"("minItems":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},)"                         \
  R"("uniqueItems":{"type":"boolean"},)"                                                 \
  R"("maxContains":{"$ref":"#/$defs/nonNegativeInteger"},)"                              \
  R"("minContains":{"$ref":"#/$defs/nonNegativeInteger"},)"                              \
  R"("maxProperties":{"$ref":"#/$defs/nonNegativeInteger"},)"                            \
  R"("minProperties":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},)"                    \
  R"("required":{"$ref":"#/$defs/stringArray"},"dependentRequired":{"type":"object",)"   \
  R"("additionalProperties":{"$ref":"#/$defs/stringArray"}},"const":true,)"              \
  R"("enum":{"type":"array","items":true},"type":{"anyOf":[{"$ref":)"                    \
  R"("#/$defs/simpleTypes"},{"type":"array","items":{"$ref":"#/$defs/simpleTypes"},)"    \
  R"("minItems":1,"uniqueItems":true}]}},"$defs":{)"                                     \
  R"("nonNegativeInteger":{"type":"integer","minimum":0},)"                              \
  R"("nonNegativeIntegerDefault0":{"$ref":"#/$defs/nonNegativeInteger"},)"               \
  R"("simpleTypes":{"enum":["array","boolean","integer","null","number","object",)"      \
  R"("string"]},"stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":)" \
  R"(true}}})"
#define SLUICE_META_DATA                                                               \
  R"("type":["object","boolean"],"properties":{"title":{"type":"string"},)"            \
  R"("description":{"type":"string"},"default":true,"deprecated":{"type":"boolean"},)" \
  R"("readOnly":{"type":"boolean"},"writeOnly":{"type":"boolean"},)"                   \
  R"("examples":{"type":"array","items":true}}})"
#define SLUICE_FORMAT R"("type":["object","boolean"],"properties":{"format":{"type":"string"}}})"
#define SLUICE_CONTENT(self)                                                \
  R"("type":["object","boolean"],"properties":{"contentEncoding":{"type":)" \
  R"("string"},"contentMediaType":{"type":"string"},"contentSchema":{)" self R"(}}})"

constexpr std::string_view kValidation2019 = SLUICE_HEAD_2019("meta/validation") SLUICE_VALIDATION;
constexpr std::string_view kMetaData2019 = SLUICE_HEAD_2019("meta/meta-data") SLUICE_META_DATA;
constexpr std::string_view kFormat2019 = SLUICE_HEAD_2019("meta/format") SLUICE_FORMAT;
constexpr std::string_view kContent2019 =
    SLUICE_HEAD_2019("meta/content") SLUICE_CONTENT(R"("$recursiveRef":"#")");

constexpr std::string_view kSchema2020 = SLUICE_HEAD_2020("schema") R"(
"$vocabulary":{"https://json-schema.org/draft/2020-12/vocab/core":true,
"https://json-schema.org/draft/2020-12/vocab/applicator":true,
"https://json-schema.org/draft/2020-12/vocab/unevaluated":true,
"https://json-schema.org/draft/2020-12/vocab/validation":true,
"https://json-schema.org/draft/2020-12/vocab/meta-data":true,
"https://json-schema.org/draft/2020-12/vocab/format-annotation":true,
"https://json-schema.org/draft/2020-12/vocab/content":true},
"allOf":[{"$ref":"meta/core"},{"$ref":"meta/applicator"},{"$ref":"meta/unevaluated"},
{"$ref":"meta/validation"},{"$ref":"meta/meta-data"},{"$ref":"meta/format-annotation"},
{"$ref":"meta/content"}],"type":["object","boolean"],
"properties":{"definitions":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
"dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$dynamicRef":"#meta"},
{"$ref":"meta/validation#/$defs/stringArray"}]}},
"$recursiveAnchor":{"$ref":"meta/core#/$defs/anchorString"},
"$recursiveRef":{"$ref":"meta/core#/$defs/uriReferenceString"}}})";
constexpr std::string_view kCore2020 = SLUICE_HEAD_2020("meta/core") R"(
"type":["object","boolean"],"properties":{
"$id":{"$ref":"#/$defs/uriReferenceString","pattern":"^[^#]*#?$"},
"$schema":{"$ref":"#/$defs/uriString"},"$ref":{"$ref":"#/$defs/uriReferenceString"},
"$anchor":{"$ref":"#/$defs/anchorString"},"$dynamicRef":{"$ref":"#/$defs/uriReferenceString"},
"$dynamicAnchor":{"$ref":"#/$defs/anchorString"},"$vocabulary":{"type":"object",
"propertyNames":{"$ref":"#/$defs/uriString"},"additionalProperties":{"type":"boolean"}},
"$comment":{"type":"string"},
"$defs":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}}},
"$defs":{"anchorString":{"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"},
"uriString":{"type":"string","format":"uri"},
"uriReferenceString":{"type":"string","format":"uri-reference"}}})";
constexpr std::string_view kApplicator2020 = SLUICE_HEAD_2020("meta/applicator") R"(
"type":["object","boolean"],"properties":{"prefixItems":{"$ref":"#/$defs/schemaArray"},
"items":{"$dynamicRef":"#meta"},"contains":{"$dynamicRef":"#meta"},
"additionalProperties":{"$dynamicRef":"#meta"},
"properties":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
"patternProperties":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"},
"propertyNames":{"format":"regex"}},
"dependentSchemas":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
"propertyNames":{"$dynamicRef":"#meta"},"if":{"$dynamicRef":"#meta"},
"then":{"$dynamicRef":"#meta"},"else":{"$dynamicRef":"#meta"},
"allOf":{"$ref":"#/$defs/schemaArray"},"anyOf":{"$ref":"#/$defs/schemaArray"},
"oneOf":{"$ref":"#/$defs/schemaArray"},"not":{"$dynamicRef":"#meta"}},
"$defs":{"schemaArray":{"type":"array","minItems":1,"items":{"$dynamicRef":"#meta"}}}})";
constexpr std::string_view kUnevaluated2020 = SLUICE_HEAD_2020("meta/unevaluated") R"(
"type":["object","boolean"],"properties":{"unevaluatedItems":{"$dynamicRef":"#meta"},
"unevaluatedProperties":{"$dynamicRef":"#meta"}}})";
constexpr std::string_view kValidation2020 = SLUICE_HEAD_2020("meta/validation") SLUICE_VALIDATION;
constexpr std::string_view kMetaData2020 = SLUICE_HEAD_2020("meta/meta-data") SLUICE_META_DATA;
constexpr std::string_view kFormatAnnotation2020 =
    SLUICE_HEAD_2020("meta/format-annotation") SLUICE_FORMAT;
constexpr std::string_view kFormatAssertion2020 =
    SLUICE_HEAD_2020("meta/format-assertion") SLUICE_FORMAT;
constexpr std::string_view kContent2020 =
    SLUICE_HEAD_2020("meta/content") SLUICE_CONTENT(R"("$dynamicRef":"#meta")");

#define SLUICE_URI_2019(name) "https://json-schema.org/draft/2019-09/" name
#define SLUICE_URI_2020(name) "https://json-schema.org/draft/2020-12/" name
constexpr std::array kMetaschemas = {
    Metaschema{"http://json-schema.org/draft-04/schema", kDraft4Text},
    Metaschema{"http://json-schema.org/draft-06/schema", kDraft6Text},
    Metaschema{"http://json-schema.org/draft-07/schema", kDraft7Text},
    Metaschema{SLUICE_URI_2019("schema"), kSchema2019},
    Metaschema{SLUICE_URI_2019("meta/core"), kCore2019},
    Metaschema{SLUICE_URI_2019("meta/applicator"), kApplicator2019},
    Metaschema{SLUICE_URI_2019("meta/validation"), kValidation2019},
    Metaschema{SLUICE_URI_2019("meta/meta-data"), kMetaData2019},
    Metaschema{SLUICE_URI_2019("meta/format"), kFormat2019},
    Metaschema{SLUICE_URI_2019("meta/content"), kContent2019},
    Metaschema{SLUICE_URI_2020("schema"), kSchema2020},
    Metaschema{SLUICE_URI_2020("meta/core"), kCore2020},
    Metaschema{SLUICE_URI_2020("meta/applicator"), kApplicator2020},
    Metaschema{SLUICE_URI_2020("meta/unevaluated"), kUnevaluated2020},
    Metaschema{SLUICE_URI_2020("meta/validation"), kValidation2020},
    Metaschema{SLUICE_URI_2020("meta/meta-data"), kMetaData2020},
    Metaschema{SLUICE_URI_2020("meta/format-annotation"), kFormatAnnotation2020},
    Metaschema{SLUICE_URI_2020("meta/format-assertion"), kFormatAssertion2020},
    Metaschema{SLUICE_URI_2020("meta/content"), kContent2020},
};

}  // namespace

std::string_view find_metaschema(std::string_view uri) {
  const auto* const found = std::find_if(kMetaschemas.begin(), kMetaschemas.end(),
                                         [uri](const Metaschema& one) { return one.uri == uri; });
  return found == kMetaschemas.end() ? std::string_view() : found->text;
}

}  // namespace sluice::schema
