// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/document.h"
#include "runtime/schema/validator.h"

namespace sluice::testing {

// A schema with its scratch, asked in JSON text.
class Checker {
 public:
  explicit Checker(std::string_view schema, const SchemaOptions& options = {})
      : Checker(compile_schema_text(schema, "test.schema.json", options), schema) {}
  explicit Checker(const Result<std::shared_ptr<const Schema>>& compiled,
                   std::string_view schema = {}) {
    EXPECT_TRUE(compiled.is_ok()) << schema << "\n" << compiled.status().message();
    if (!compiled) return;
    schema_ = *compiled;
    scratch_ = schema_->make_scratch();
  }

  bool fits(std::string_view record) {
    Document document;
    return parse(record, document) && fits(document);
  }
  bool fits(const Document& record) { return schema_->validate(record, *scratch_); }
  std::vector<SchemaFailure> explain(std::string_view record, size_t limit = 100) {
    Document document;
    if (!parse(record, document)) return {};
    return explain(document, limit);
  }
  std::vector<SchemaFailure> explain(const Document& record, size_t limit = 100) {
    return schema_->explain(record, limit);
  }
  bool parse(std::string_view record, Document& document) {
    const ParseLimits limits{.max_bytes = 64U << 20U, .max_depth = 4096};
    const ParseResult result = document.parse(record, limits);
    EXPECT_TRUE(result) << record.substr(0, 200) << ": " << result.message;
    return static_cast<bool>(result) && schema_ != nullptr;
  }

 private:
  std::shared_ptr<const Schema> schema_;
  std::unique_ptr<Schema::Scratch> scratch_;
};

// Why the text is no schema; empty if it is one.
inline std::string refusal(std::string_view schema, const SchemaOptions& options = {}) {
  auto compiled = compile_schema_text(schema, "test.schema.json", options);
  return compiled ? std::string() : compiled.status().message();
}

struct FitCase {
  const char* schema;
  std::vector<const char*> fit;
  std::vector<const char*> unfit;
};

// Every record on its side, and an explanation for those that do not fit, and only for those.
inline void expect_fits(const std::vector<FitCase>& cases, const SchemaOptions& options = {}) {
  for (const FitCase& one : cases) {
    SCOPED_TRACE(one.schema);
    Checker checker(one.schema, options);
    for (const char* record : one.fit) {
      EXPECT_TRUE(checker.fits(record)) << record;
      EXPECT_EQ(checker.explain(record).front().keyword, "") << record;
    }
    for (const char* record : one.unfit) {
      EXPECT_FALSE(checker.fits(record)) << record;
      EXPECT_NE(checker.explain(record).front().keyword, "") << record;
    }
  }
}

}  // namespace sluice::testing
