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
  explicit Checker(std::string_view schema) {
    auto compiled = compile_schema_text(schema, "test.schema.json");
    EXPECT_TRUE(compiled.is_ok()) << schema << "\n" << compiled.status().message();
    if (!compiled) return;
    schema_ = *compiled;
    scratch_ = schema_->make_scratch();
  }

  bool fits(std::string_view record) {
    Document document;
    return parse(record, document) && schema_->validate(document, *scratch_);
  }
  std::vector<SchemaFailure> explain(std::string_view record, size_t limit = 100) {
    Document document;
    if (!parse(record, document)) return {};
    return schema_->explain(document, limit);
  }

 private:
  bool parse(std::string_view record, Document& document) {
    const ParseLimits limits{.max_bytes = 64U << 20U, .max_depth = 4096};
    const ParseResult result = document.parse(record, limits);
    EXPECT_TRUE(result) << record.substr(0, 200) << ": " << result.message;
    return static_cast<bool>(result) && schema_ != nullptr;
  }

  std::shared_ptr<const Schema> schema_;
  std::unique_ptr<Schema::Scratch> scratch_;
};

// Why the text is no schema; empty if it is one.
inline std::string refusal(std::string_view schema) {
  auto compiled = compile_schema_text(schema, "test.schema.json");
  return compiled ? std::string() : compiled.status().message();
}

}  // namespace sluice::testing
