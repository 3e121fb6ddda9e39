// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/diff.h"

#include <set>
#include <tuple>
#include <utility>

#include "runtime/base/file.h"
#include "runtime/schema/evolve/comparison.h"
#include "runtime/schema/evolve/scaffold.h"
#include "runtime/schema/evolve/shape.h"
#include "runtime/schema/validator.h"

namespace sluice {
namespace {

constexpr uint64_t kMaxSchemaBytes = 16ULL << 20;
constexpr size_t kMaxPathBytes = 16U << 20;  // of all changes together

Compatibility verdict_of(bool backward, bool forward) {
  if (backward) return forward ? Compatibility::kFull : Compatibility::kBackward;
  return forward ? Compatibility::kForward : Compatibility::kNone;
}

SchemaChange describe(const schema::PlacedChange& placed) {
  SchemaChange out;
  out.path = schema::path_of(placed.steps);
  out.kind = schema::change_kind_name(placed.change->kind);
  out.change_class = schema::change_class_name(placed.change->change_class);
  out.backward = placed.change->backward;
  out.forward = placed.change->forward;
  out.detail = placed.change->detail;
  out.before = placed.change->before;
  out.after = placed.change->after;
  if (placed.within != nullptr) out.within = placed.within;
  return out;
}

}  // namespace

std::string_view compatibility_name(Compatibility compatibility) {
  switch (compatibility) {
    case Compatibility::kNone:
      return "none";
    case Compatibility::kBackward:
      return "backward";
    case Compatibility::kForward:
      return "forward";
    case Compatibility::kFull:
      return "full";
  }
  return "none";
}

Result<SchemaDiff> diff_schemas(std::string_view old_json, const std::string& old_name,
                                std::string_view new_json, const std::string& new_name,
                                const DiffOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(schema::ShapeGraph before,
                          schema::read_shapes(old_json, old_name, options.schema));
  SLUICE_ASSIGN_OR_RETURN(schema::ShapeGraph after,
                          schema::read_shapes(new_json, new_name, options.schema));
  schema::simplify(before);
  schema::simplify(after);
  schema::Comparison comparison(before, after, options.same_folder);
  SchemaDiff out;
  std::vector<schema::PlacedChange> placed;
  // A text does not differ from itself, whatever in it cannot be judged.
  if (old_json != new_json || !options.same_folder) {
    comparison.run();
    out.verdict = verdict_of(comparison.backward(), comparison.forward());
    placed = comparison.changes(options.max_changes, &out.cut);
  }
  std::set<std::tuple<std::string, std::string, std::string>> told;
  size_t bytes = 0;
  for (const schema::PlacedChange& one : placed) {
    SchemaChange change = describe(one);
    bytes += change.path.size() + change.before.size() + change.after.size();
    if (bytes > kMaxPathBytes) {
      out.cut = true;
      break;
    }
    // Several parts of an allOf may say the same.
    if (!told.emplace(change.path, change.kind, change.detail).second) continue;
    out.changes.push_back(std::move(change));
  }
  if (options.scaffold) {
    out.lift = schema::scaffold_lift(before, after, placed, old_name, new_name, out.cut);
  }
  return out;
}

Result<SchemaDiff> diff_schema_files(const std::filesystem::path& old_path,
                                     const std::filesystem::path& new_path,
                                     const DiffOptions& options) {
  SLUICE_RETURN_IF_ERROR(compile_schema_file(old_path, options.schema).status());
  SLUICE_RETURN_IF_ERROR(compile_schema_file(new_path, options.schema).status());
  SLUICE_ASSIGN_OR_RETURN(const std::string before, read_file(old_path, kMaxSchemaBytes));
  SLUICE_ASSIGN_OR_RETURN(const std::string after, read_file(new_path, kMaxSchemaBytes));
  DiffOptions own = options;
  std::error_code error;
  const auto folder = [&error](const std::filesystem::path& path) {
    return std::filesystem::weakly_canonical(path, error).parent_path();
  };
  own.same_folder = folder(old_path) == folder(new_path) && !error;
  return diff_schemas(before, old_path.string(), after, new_path.string(), own);
}

}  // namespace sluice
