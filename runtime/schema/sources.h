// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/record/document.h"
#include "runtime/schema/validator.h"

namespace sluice::schema {

inline constexpr uint64_t kMaxSchemaBytes = 16ULL << 20;
inline constexpr uint32_t kMaxSchemaDepth = 256;

// One file (or text) with schemas in it. Does not move, for its document borrows its text.
struct SchemaDocument {
  std::string name;            // how messages call it
  std::string uri;             // by which it was found, without fragment; may be empty
  std::filesystem::path path;  // empty: built in, or given as text
  std::string text;
  Document document;

  // JSON Pointer of a value (of a member name: of its value). Walks down from the root: for
  // messages, so that no pointer is built for what is never spoken of.
  [[nodiscard]] std::string pointer(NodeIndex node) const;
};

// The files a schema is made of. Finds those that references name: built-in metaschemas, prefixes
// of URIs that are mapped to folders, and the schema's own folder. Never leaves these folders,
// never uses a network; bounded in number and bytes.
class SchemaSources {
 public:
  SchemaSources(const std::vector<std::pair<std::string, std::filesystem::path>>& map,
                const std::filesystem::path& folder);

  // The schema itself, as document 0. `path` is empty for a schema given as text.
  Status add_root(std::string text, const std::string& name, const std::filesystem::path& path);
  // The document of a URI without fragment, read if need be. The error says where it was looked
  // for: "leads out of ..." or why the file cannot be used.
  Result<uint32_t> find(const std::string& uri);
  // A document that calls itself by a URI has its neighbours beside it: other.json of the same
  // folder is found by the URI beside its URI.
  void learn_place(uint32_t document, std::string_view uri);

  [[nodiscard]] SchemaDocument& at(uint32_t index) { return *documents_[index]; }
  [[nodiscard]] size_t size() const { return documents_.size(); }
  [[nodiscard]] std::vector<std::unique_ptr<SchemaDocument>> take() {
    return std::move(documents_);
  }

 private:
  struct Prefix {
    std::string uri;  // ends in what the user wrote, mostly '/'
    std::filesystem::path folder;
    bool learned = false;
  };
  Result<std::filesystem::path> locate(const std::string& uri) const;
  static Status stay_within(const std::filesystem::path& path, const std::filesystem::path& folder);
  Result<uint32_t> read(const std::string& uri, const std::filesystem::path& path);
  Result<uint32_t> add(std::string text, std::string name, std::string uri,
                       const std::filesystem::path& path);

  std::vector<Prefix> prefixes_;
  std::filesystem::path folder_;
  std::vector<std::unique_ptr<SchemaDocument>> documents_;
  std::map<std::string, uint32_t, std::less<>> by_uri_;
  std::map<std::filesystem::path, uint32_t> by_path_;
  uint64_t bytes_ = 0;
};

}  // namespace sluice::schema
