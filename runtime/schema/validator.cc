// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/validator.h"

#include <algorithm>
#include <utility>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/schema/compiler.h"
#include "runtime/schema/evaluator.h"

namespace sluice {
namespace {

constexpr uint64_t kMaxSchemaBytes = 16ULL << 20;
constexpr uint32_t kMaxSchemaDepth = 256;

class ProgramScratch final : public Schema::Scratch {
 public:
  schema::Workspace workspace;
};

class ProgramSchema final : public Schema {
 public:
  ProgramSchema(schema::Program program, std::string hash, std::vector<std::filesystem::path> files)
      : program_(std::move(program)), hash_(std::move(hash)), files_(std::move(files)) {}

  [[nodiscard]] const std::string& hash() const override { return hash_; }
  [[nodiscard]] const std::vector<std::filesystem::path>& files() const override { return files_; }

  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override {
    return std::make_unique<ProgramScratch>();
  }

  [[nodiscard]] bool validate(const Document& document, Scratch& scratch) const override {
    auto& own = static_cast<ProgramScratch&>(scratch);
    return schema::Evaluator(program_, document, own.workspace).fits();
  }

  [[nodiscard]] std::vector<SchemaFailure> explain(const Document& document,
                                                   size_t limit) const override {
    schema::Workspace workspace;
    auto failures = schema::Evaluator(program_, document, workspace).explain(limit);
    if (failures.empty()) {
      failures.emplace_back().message = "the record fits the schema; nothing to explain";
    }
    return failures;
  }

 private:
  const schema::Program program_;
  const std::string hash_;
  const std::vector<std::filesystem::path> files_;
};

std::string line_and_column(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return std::to_string(line) + ":" + std::to_string(before.size() - line_start + 1);
}

Status not_json(std::string_view json, const ParseResult& result) {
  const std::string where = ":" + line_and_column(json, result.offset) + ": ";
  switch (result.code) {
    case ParseCode::kTooLarge:
      return invalid(": the schema has " + format_size(json.size()) + ", more than " +
                     format_size(kMaxSchemaBytes));
    case ParseCode::kTooDeep:
      return invalid(where + "the schema is nested deeper than " + std::to_string(kMaxSchemaDepth) +
                     " levels; give parts of it names under \"definitions\"");
    case ParseCode::kEmpty:
      return invalid(": the schema is empty; expected a JSON object, true or false");
    case ParseCode::kOk:
    case ParseCode::kSyntax:
    case ParseCode::kEncoding:
    case ParseCode::kDuplicateKey:
      break;
  }
  return invalid(where + "the schema is not JSON: " + result.message);
}

}  // namespace

FailureClass worst_class(const std::vector<SchemaFailure>& failures) {
  const bool drift = std::any_of(
      failures.begin(), failures.end(),
      [](const SchemaFailure& failure) { return failure.failure_class == FailureClass::kDrift; });
  return drift ? FailureClass::kDrift : FailureClass::kValue;
}

namespace {

Result<std::shared_ptr<const Schema>> compile(std::string_view json, const std::string& name,
                                              std::vector<std::filesystem::path> files) {
  Document document;
  const ParseLimits limits{.max_bytes = kMaxSchemaBytes, .max_depth = kMaxSchemaDepth};
  if (const ParseResult result = document.parse(json, limits); !result) {
    return invalid(name + not_json(json, result).message());
  }
  auto program = schema::Compiler(document).run();
  if (!program) {
    return Status(program.status().code(),
                  name + ": not a usable schema: " + program.status().message());
  }
  return std::shared_ptr<const Schema>(
      std::make_shared<ProgramSchema>(std::move(*program), sha256_hex(json), std::move(files)));
}

}  // namespace

Result<std::shared_ptr<const Schema>> compile_schema_text(std::string_view json,
                                                          const std::string& name,
                                                          const SchemaOptions& /*options*/) {
  return compile(json, name, {});
}

Result<std::shared_ptr<const Schema>> compile_schema_file(const std::filesystem::path& path,
                                                          const SchemaOptions& /*options*/) {
  SLUICE_ASSIGN_OR_RETURN(const std::string text, read_file(path, kMaxSchemaBytes));
  return compile(text, path.string(), {path});
}

}  // namespace sluice
