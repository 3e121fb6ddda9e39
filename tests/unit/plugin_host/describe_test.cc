// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/describe.h"

#include <gmock/gmock.h>

#include "runtime/plugin_host/registry.h"
#include "tests/unit/plugin_host/fixture.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Describe : public PluginFolder {
 protected:
  std::string describe(DescribeFormat format) {
    put_sample("good", "sample.so");
    auto registry = PluginRegistry::create({{dir()}});
    const auto found = (*registry)->find(ComponentKind::kSink, "sample");
    EXPECT_TRUE(found) << found.status().message();
    return describe_component(*found->component, format);
  }
};

TEST_F(Describe, TextHasAlignedTables) {
  EXPECT_THAT(describe(DescribeFormat::kText),
              AllOf(HasSubstr("sink sample: Does as it is told.\n\nCapabilities: ordered\n"),
                    HasSubstr("  /limit  integer, 1 to 100         10        Most records.\n"),
                    HasSubstr("disliked"), HasSubstr("written_total")));
}

TEST_F(Describe, MarkdownHasTablesForAReadme) {
  EXPECT_THAT(
      describe(DescribeFormat::kMarkdown),
      AllOf(HasSubstr("### Options\n\n| option | type | default | meaning |\n|---|---|---|---|\n"),
            HasSubstr("| `/path` | string, at least 1 bytes | required | Where. |\n"),
            HasSubstr("| `/token` | string, secret | - | A secret; optional. |\n"),
            HasSubstr("| `/order` | one of lane, none | \"lane\" | Order kept. |\n"),
            HasSubstr("| `disliked` | reject | CONSTRAINT_VIOLATION | The record was not liked. |"),
            HasSubstr("```json\n{\n  \"path\": \"a\",\n  \"limit\": 5\n}\n```\n")));
}

TEST_F(Describe, JsonHasEverything) {
  EXPECT_THAT(describe(DescribeFormat::kJson),
              AllOf(HasSubstr(R"("kind":"sink","id":"sample")"),
                    HasSubstr(R"("pointer":"/limit","type":"integer, 1 to 100","default":"10")"),
                    HasSubstr(R"("example":{"path":"a","limit":5})")));
}

}  // namespace
}  // namespace sluice
