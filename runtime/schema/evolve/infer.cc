// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/infer.h"

#include <utility>

#include "runtime/record/document.h"
#include "runtime/schema/evolve/samples.h"
#include "runtime/schema/evolve/schema_printer.h"

namespace sluice {
namespace {

constexpr uint64_t kMaxRecord = 16ULL << 20;

}  // namespace

struct SchemaInference::State {
  explicit State(InferOptions given) : options(std::move(given)), samples(options.max_enum) {}

  InferOptions options;
  schema::Samples samples;
  Document document;
  uint64_t records = 0;
};

SchemaInference::SchemaInference(InferOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
SchemaInference::~SchemaInference() = default;
SchemaInference::SchemaInference(SchemaInference&&) noexcept = default;
SchemaInference& SchemaInference::operator=(SchemaInference&&) noexcept = default;

std::string SchemaInference::add(std::string_view json) {
  const ParseResult parsed = state_->document.parse(json, {.max_bytes = kMaxRecord});
  if (!parsed) {
    return std::string(parsed.message) + ", at byte " + std::to_string(parsed.offset + 1);
  }
  ++state_->records;
  state_->samples.add(state_->document);
  return "";
}

uint64_t SchemaInference::records() const { return state_->records; }

std::string SchemaInference::schema() const {
  return schema::SchemaPrinter(state_->samples, state_->options).print(state_->records);
}

}  // namespace sluice
