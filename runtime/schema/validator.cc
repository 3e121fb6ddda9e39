// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/validator.h"

#include <algorithm>
#include <utility>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/schema/compiler.h"
#include "runtime/schema/dialect.h"
#include "runtime/schema/evaluator.h"
#include "runtime/schema/quick.h"
#include "runtime/schema/sources.h"

namespace sluice {
namespace {

class ProgramScratch final : public Schema::Scratch {
 public:
  explicit ProgramScratch(schema::QuickHints made) : hints(std::move(made)) {}
  schema::Workspace workspace;
  schema::QuickHints hints;
};

class ProgramSchema final : public Schema {
 public:
  ProgramSchema(schema::Program program, std::string hash, std::vector<std::filesystem::path> files)
      : program_(std::move(program)), hash_(std::move(hash)), files_(std::move(files)) {}

  [[nodiscard]] const std::string& hash() const override { return hash_; }
  [[nodiscard]] const std::vector<std::filesystem::path>& files() const override { return files_; }

  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override {
    return std::make_unique<ProgramScratch>(quick_.make_hints());
  }

  [[nodiscard]] bool validate(const Document& document, Scratch& scratch) const override {
    auto& own = static_cast<ProgramScratch&>(scratch);
    schema::Evaluator evaluator(program_, document, own.workspace);
    return quick_.fits(document, evaluator, own.hints) || evaluator.fits();
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
  const schema::QuickProgram quick_{program_};
  const std::string hash_;
  const std::vector<std::filesystem::path> files_;
};

}  // namespace

FailureClass worst_class(const std::vector<SchemaFailure>& failures) {
  const bool drift = std::any_of(
      failures.begin(), failures.end(),
      [](const SchemaFailure& failure) { return failure.failure_class == FailureClass::kDrift; });
  return drift ? FailureClass::kDrift : FailureClass::kValue;
}

namespace {

// Of the file's bytes; of several files of their hashes. What is built in does not count.
std::string hash_of(schema::SchemaSources& sources) {
  std::string all = sha256_hex(sources.at(0).text);
  const size_t alone = all.size();
  for (uint32_t i = 1; i < sources.size(); ++i) {
    if (!sources.at(i).path.empty()) all += sha256_hex(sources.at(i).text);
  }
  return all.size() == alone ? all : sha256_hex(all);
}

Result<std::shared_ptr<const Schema>> compile(std::string json, const std::string& name,
                                              const std::filesystem::path& path,
                                              const SchemaOptions& options) {
  auto dialect = options.dialect.empty() ? std::optional(schema::Dialect{})
                                         : schema::find_dialect_by_name(options.dialect);
  if (!dialect) dialect = schema::find_dialect(options.dialect);
  if (!dialect) {
    return invalid("expected " + schema::list_dialects() + " as the default dialect, found \"" +
                   options.dialect + "\"");
  }
  std::filesystem::path folder = options.folder;
  if (folder.empty() && !path.empty()) {
    folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  }
  schema::SchemaSources sources(options.map, folder);
  SLUICE_RETURN_IF_ERROR(sources.add_root(std::move(json), name, path));
  auto program = schema::Compiler(sources, options.formats, *dialect).run();
  if (!program) {
    return Status(program.status().code(),
                  name + ": not a usable schema: " + program.status().message());
  }
  std::vector<std::filesystem::path> files;
  for (uint32_t i = 0; i < sources.size(); ++i) {
    if (!sources.at(i).path.empty()) files.push_back(sources.at(i).path);
  }
  std::string hash = hash_of(sources);
  program->documents = sources.take();
  return std::shared_ptr<const Schema>(
      std::make_shared<ProgramSchema>(std::move(*program), std::move(hash), std::move(files)));
}

}  // namespace

Result<std::shared_ptr<const Schema>> compile_schema_text(std::string_view json,
                                                          const std::string& name,
                                                          const SchemaOptions& options) {
  return compile(std::string(json), name, {}, options);
}

Result<std::shared_ptr<const Schema>> compile_schema_file(const std::filesystem::path& path,
                                                          const SchemaOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(std::string text, read_file(path, schema::kMaxSchemaBytes));
  return compile(std::move(text), path.string(), path, options);
}

}  // namespace sluice
