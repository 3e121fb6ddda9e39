// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/sources.h"

#include <algorithm>
#include <system_error>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/record/pointer.h"
#include "runtime/schema/describe.h"
#include "runtime/schema/dialect.h"
#include "runtime/schema/uri.h"

namespace sluice::schema {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxDocuments = 1000;
constexpr uint64_t kMaxTotalBytes = 64ULL << 20;

std::string line_and_column(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return std::to_string(line) + ":" + std::to_string(before.size() - line_start + 1);
}

Status not_json(const std::string& name, std::string_view json, const ParseResult& result) {
  const std::string where = name + ":" + line_and_column(json, result.offset) + ": ";
  switch (result.code) {
    case ParseCode::kTooLarge:
      return invalid(name + ": the schema has " + format_size(json.size()) + ", more than " +
                     format_size(kMaxSchemaBytes));
    case ParseCode::kTooDeep:
      return invalid(where + "the schema is nested deeper than " + std::to_string(kMaxSchemaDepth) +
                     " levels; give parts of it names under \"definitions\" or \"$defs\"");
    case ParseCode::kEmpty:
      return invalid(name + ": the schema is empty; expected a JSON object, true or false");
    case ParseCode::kOk:
    case ParseCode::kSyntax:
    case ParseCode::kEncoding:
    case ParseCode::kDuplicateKey:
      break;
  }
  return invalid(where + "the schema is not JSON: " + result.message);
}

fs::path real(const fs::path& path) {
  std::error_code error;
  fs::path out = fs::weakly_canonical(path, error);
  return error ? path.lexically_normal() : out;
}

}  // namespace

std::string SchemaDocument::pointer(NodeIndex node) const {
  std::string out;
  Arena arena(256);
  NodeIndex at = Document::root();
  while (at < node) {
    NodeIndex child = document.first_child(at);
    if (document.kind(at) == JsonKind::kObject) {
      while (document.next(document.next(child)) <= node) {
        child = document.next(document.next(child));
      }
      arena.reset();
      append_pointer_token(out, document.string(child, arena));
      if (child == node) break;
      at = document.next(child);
    } else {
      uint32_t index = 0;
      for (; document.next(child) <= node; child = document.next(child)) ++index;
      append_pointer_token(out, std::to_string(index));
      at = child;
    }
  }
  return out;
}

SchemaSources::SchemaSources(const std::vector<std::pair<std::string, fs::path>>& map,
                             const fs::path& folder)
    : folder_(folder.empty() ? fs::path() : real(folder)) {
  for (const auto& [uri, place] : map) prefixes_.push_back({uri, real(place), false});
}

Status SchemaSources::add_root(std::string text, const std::string& name, const fs::path& path) {
  std::string uri;
  if (!path.empty()) {
    uri = file_uri(real(path));
  } else if (!folder_.empty()) {
    uri = file_uri(folder_ / "-");  // relative references are seen from the folder
  }
  return add(std::move(text), name, std::move(uri), path).status();
}

Result<uint32_t> SchemaSources::add(std::string text, std::string name, std::string uri,
                                    const fs::path& path) {
  if (documents_.size() >= kMaxDocuments) {
    return invalid(name + ": a schema may be made of at most " + std::to_string(kMaxDocuments) +
                   " files");
  }
  bytes_ += text.size();
  if (bytes_ > kMaxTotalBytes) {
    return invalid(name + ": the files of this schema have more than " +
                   format_size(kMaxTotalBytes) + " together");
  }
  auto added = std::make_unique<SchemaDocument>();
  added->name = std::move(name);
  added->uri = std::move(uri);
  added->path = path;
  added->text = std::move(text);
  const ParseLimits limits{.max_bytes = kMaxSchemaBytes, .max_depth = kMaxSchemaDepth};
  if (const ParseResult result = added->document.parse(added->text, limits); !result) {
    return not_json(added->name, added->text, result);
  }
  const auto index = static_cast<uint32_t>(documents_.size());
  if (!added->uri.empty()) by_uri_.emplace(added->uri, index);
  if (!path.empty()) by_path_.emplace(real(path), index);
  documents_.push_back(std::move(added));
  return index;
}

Result<uint32_t> SchemaSources::find(const std::string& uri) {
  if (const auto known = by_uri_.find(uri); known != by_uri_.end()) return known->second;
  std::string published = uri;
  if (published.starts_with("https://json-schema.org/draft-0")) published.erase(4, 1);
  if (const std::string_view text = find_metaschema(published); !text.empty()) {
    return add(std::string(text), uri, uri, {});
  }
  SLUICE_ASSIGN_OR_RETURN(const fs::path path, locate(uri));
  return read(uri, path);
}

void SchemaSources::learn_place(uint32_t document, std::string_view uri) {
  const fs::path& path = documents_[document]->path;
  if (path.empty() || (!uri.starts_with("http://") && !uri.starts_with("https://"))) return;
  // Only while the last part of the URI is a name beside which others can stand.
  const size_t slash = uri.rfind('/');
  if (slash < uri.find("//") + 2) return;
  prefixes_.push_back({std::string(uri.substr(0, slash + 1)), real(path).parent_path(), true});
}

Status SchemaSources::stay_within(const fs::path& path, const fs::path& folder) {
  const fs::path inside = path.lexically_relative(folder);
  if (!inside.empty() && *inside.begin() != "..") return Status::ok();
  return invalid("leads to " + path.string() + ", out of the folder " + folder.string());
}

Result<fs::path> SchemaSources::locate(const std::string& uri) const {
  if (const auto path = path_of_file_uri(uri)) {
    if (folder_.empty()) {
      return invalid("leads to a file, and this schema has no folder to find files in");
    }
    const fs::path to = real(*path);
    SLUICE_RETURN_IF_ERROR(stay_within(to, folder_));
    return to;
  }
  const Prefix* best = nullptr;
  for (const Prefix& prefix : prefixes_) {
    if (!uri.starts_with(prefix.uri)) continue;
    // What the user mapped wins over what was learned, and then the longer one.
    const bool better = best == nullptr || (best->learned && !prefix.learned) ||
                        (best->learned == prefix.learned && best->uri.size() < prefix.uri.size());
    if (better) best = &prefix;
  }
  if (best == nullptr) {
    return invalid(
        "leads out of this schema's files, and nothing is fetched from a network; map its URI "
        "prefix to a folder, or put that schema under \"definitions\" or \"$defs\" and refer to "
        "it there");
  }
  std::string_view rest = std::string_view(uri).substr(best->uri.size());
  rest = rest.substr(0, rest.find('?'));
  while (rest.starts_with('/')) rest.remove_prefix(1);
  const auto name = percent_decode(rest);
  if (!name || name->find('\0') != std::string::npos) {
    return invalid("is no usable file name after \"" + best->uri + "\"");
  }
  const fs::path to = real(best->folder / *name);
  SLUICE_RETURN_IF_ERROR(stay_within(to, best->folder));
  return to;
}

Result<uint32_t> SchemaSources::read(const std::string& uri, const fs::path& path) {
  if (const auto known = by_path_.find(path); known != by_path_.end()) {
    by_uri_.emplace(uri, known->second);
    return known->second;
  }
  auto text = read_file(path, kMaxSchemaBytes);
  if (!text) return invalid("leads to a file that cannot be read: " + text.status().message());
  const fs::path shown = folder_.empty() ? path : path.lexically_relative(folder_);
  const bool inside = !shown.empty() && *shown.begin() != "..";
  return add(std::move(*text), inside ? shown.string() : path.string(), uri, path);
}

}  // namespace sluice::schema
